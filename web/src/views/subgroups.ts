// For whom does the score fail? The browser half of `subgroups`.
import { define } from "../runtime/view";
import Subgroups from "./subgroups/Subgroups.svelte";

export default define("subgroups", Subgroups);
