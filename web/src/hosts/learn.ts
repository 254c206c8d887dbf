// The pages for learning: served by `underglass learn`, or exported as single files that need no server.
import "../parts/tokens.css";
import "../parts/base.css";
import "../parts/letters.css";
import "../learn/shell/learn.css";
import { mount } from "svelte";
import Learn from "../learn/shell/Learn.svelte";

const target = document.getElementById("learn");
if (target) mount(Learn, { target });
