// Which instances does a layer treat alike? The browser half of `patterns`.
import { define } from "../runtime/view";
import Patterns from "./patterns/Patterns.svelte";

export default define("patterns", Patterns);
