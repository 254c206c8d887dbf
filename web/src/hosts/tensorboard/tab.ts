// What TensorBoard's frame shows: the list of cases or one of them, in the app's own styles.
import "../../parts/tokens.css";
import "../../parts/base.css";
import "../../parts/letters.css";
import { mount } from "svelte";
import Tab from "./Tab.svelte";

export function draw(target: HTMLElement): void {
  mount(Tab, { target });
}
