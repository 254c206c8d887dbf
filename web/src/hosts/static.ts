// An exported page: a case in one file, opened without a server and without a network.
import "../parts/tokens.css";
import "../parts/base.css";
import "../parts/letters.css";
import { mount } from "svelte";
import Exported from "./static/Exported.svelte";

const target = document.getElementById("app");
if (target) mount(Exported, { target });
