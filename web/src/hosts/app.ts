// The web app: one page over a case on this machine, or the start page when no case is open.
import "../parts/tokens.css";
import "../parts/base.css";
import "../parts/letters.css";
import { mount } from "svelte";
import App from "./app/App.svelte";

const target = document.getElementById("app");
if (target) mount(App, { target });
