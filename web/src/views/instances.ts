// The browser half of the view "instances".
import { define } from "../runtime/view";
import Instances from "./instances/Instances.svelte";

export default define("instances", Instances);
