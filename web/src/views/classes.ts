// Which classes does a layer treat alike? The browser half of `classes`.
import { define } from "../runtime/view";
import Classes from "./classes/Classes.svelte";

export default define("classes", Classes);
