// Which instances are the same? The browser half of `copies`.
import { define } from "../runtime/view";
import Copies from "./copies/Copies.svelte";

export default define("copies", Copies);
