// What do the units of a layer do on which subset? The browser half of `units`.
import { define } from "../runtime/view";
import Units from "./units/Units.svelte";

export default define("units", Units);
