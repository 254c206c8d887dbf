// What is in this case, and where is the model wrong? The browser half of `overview`.
import { define } from "../runtime/view";
import Overview from "./overview/Overview.svelte";

export default define("overview", Overview);
