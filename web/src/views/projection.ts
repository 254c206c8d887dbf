// How do the instances spread in a layer? The browser half of `projection`.
import { define } from "../runtime/view";
import Projection from "./projection/Projection.svelte";

export default define("projection", Projection);
