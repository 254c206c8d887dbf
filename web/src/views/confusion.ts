// Which labels are confused with which? The browser half of `confusion`.
import { define } from "../runtime/view";
import Confusion from "./confusion/Confusion.svelte";

export default define("confusion", Confusion);
