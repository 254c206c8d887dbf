// Which labels go with whom? The browser half of `associations`.
import { define } from "../runtime/view";
import Associations from "./associations/Associations.svelte";

export default define("associations", Associations);
