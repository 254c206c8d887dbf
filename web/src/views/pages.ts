// What belongs side by side? The browser half of `pages`.
import { define } from "../runtime/view";
import Pages from "./pages/Pages.svelte";

export default define("pages", Pages);
