// What is this case? The browser half of `about`.
import { define } from "../runtime/view";
import About from "./about/About.svelte";

export default define("about", About);
