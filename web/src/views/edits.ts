// What has been changed, and by whom? The browser half of `edits`.
import { define } from "../runtime/view";
import Edits from "./edits/Edits.svelte";

export default define("edits", Edits);
