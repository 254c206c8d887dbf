// How sure is the model, and is it as right as it is sure? The browser half of `confidence`.
import { define } from "../runtime/view";
import Confidence from "./confidence/Confidence.svelte";

export default define("confidence", Confidence);
