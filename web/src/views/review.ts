// Is this label right? The browser half of `review`.
import { define } from "../runtime/view";
import Review from "./review/Review.svelte";

export default define("review", Review);
