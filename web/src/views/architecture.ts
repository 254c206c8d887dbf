// How is the model built? The browser half of `architecture`.
import { define } from "../runtime/view";
import Architecture from "./architecture/Architecture.svelte";

export default define("architecture", Architecture);
