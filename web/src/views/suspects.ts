// Which labels are probably wrong? The browser half of `suspects`.
import { define } from "../runtime/view";
import Suspects from "./suspects/Suspects.svelte";

export default define("suspects", Suspects);
