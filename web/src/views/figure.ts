// How is the model drawn in a paper? The browser half of `figure`.
import { define } from "../runtime/view";
import Figure from "./figure/Figure.svelte";

export default define("figure", Figure);
