// Which units make the network say what it says? The browser half of `attribution`.
import { define } from "../runtime/view";
import Attribution from "./attribution/Attribution.svelte";

export default define("attribution", Attribution);
