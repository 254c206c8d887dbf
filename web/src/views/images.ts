// What do the selected look like? The browser half of `images`.
import { define } from "../runtime/view";
import Images from "./images/Images.svelte";

export default define("images", Images);
