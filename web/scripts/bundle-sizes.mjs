// Fails when the built browser half outgrows its budget: the first page's script, each view's own part, and the same for notebooks.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const ROOT = new URL("../../src/underglass/static/", import.meta.url);
const APP = 110_000; // gzipped bytes: shell, runtime, Mosaic and Svelte
const VIEW = 40_000;
const PAGE = 640_000;
const FIRST = 460_000; // bytes, not gzipped: what a browser compiles before an exported page draws

const text = (name) => readFileSync(new URL(name, ROOT), "utf8");
const size = (name) => gzipSync(readFileSync(new URL(name, ROOT))).length;

/** A script and all that it imports before it runs; what it loads later does not count. */
function first(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, path] of text(name).matchAll(/(?:from|import)\s*["'](\.[^"']+\.js)["']/g))
    first(new URL(path, new URL(name, "file:///")).pathname.slice(1), seen);
  return seen;
}

const large = [];
const page = [...first("app.js")].reduce((sum, name) => sum + size(name), 0);
if (page > APP) large.push(`the first page's scripts are ${page} bytes gzipped, more than ${APP}`);
for (const name of readdirSync(new URL("chunks/", ROOT))) {
  const bytes = size(`chunks/${name}`);
  if (bytes > VIEW) large.push(`${name} is ${bytes} bytes gzipped, more than ${VIEW}`);
}
if (process.argv.includes("--say")) console.log(`the first page: ${page} bytes gzipped`);
const NOTEBOOK = 165_000; // gzipped bytes of what is sent before anything is drawn in a notebook: runtime, western letters
const LETTERS = 90_000; // the font's other letters, sent when one of them is shown
const parts = JSON.parse(text("notebook/parts.json"));
const drawing = parts.first.reduce((sum, name) => sum + size(`notebook/${name}`), 0);
if (drawing > NOTEBOOK) large.push(`what a notebook's first view needs is ${drawing} bytes gzipped, more than ${NOTEBOOK}`);
for (const name of Object.keys(parts.needs)) {
  const [bytes, most] = [size(`notebook/${name}`), name.startsWith("more_letters") ? LETTERS : VIEW];
  if (bytes > most) large.push(`notebook/${name} is ${bytes} bytes gzipped, more than ${most}`);
}
if (process.argv.includes("--say")) console.log(`a notebook's first view: ${drawing} bytes gzipped before its own part`);
// an exported page carries its program: style and all parts together, as they travel; only what runs first delays the first picture
const files = readdirSync(new URL("page/", ROOT)).filter((name) => /\.(js|css)$/.test(name));
const program = files.reduce((sum, name) => sum + size(`page/${name}`), 0);
if (program > PAGE) large.push(`an exported page's program is ${program} bytes gzipped, more than ${PAGE}`);
const said = JSON.parse(text("page/parts.json"));
const wanted = new Set();
const want = (name) => wanted.has(name) || (wanted.add(name), said.imports[name].forEach(want));
[said.entry, said.views.overview].forEach(want);
const early = [...wanted].reduce((sum, name) => sum + text(`page/${name}`).length, 0);
if (early > FIRST) large.push(`what an exported page runs first is ${early} bytes, more than ${FIRST}`);
if (process.argv.includes("--say"))
  console.log(`an exported page: ${program} bytes gzipped, of which ${early} (not gzipped) run first`);
if (large.length) {
  console.error(large.join("\n"));
  process.exit(1);
}
