// How is one column spread? The browser half of `column`.
import { define } from "../runtime/view";
import Column from "./column/Column.svelte";

export default define("column", Column);
