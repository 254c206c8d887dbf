// Did the corrections help? The browser half of `retraining`.
import { define } from "../runtime/view";
import Retraining from "./retraining/Retraining.svelte";

export default define("retraining", Retraining);
