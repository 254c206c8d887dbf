// Fails when the built browser half outgrows its budget: the first page's script, and each view's own part.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const ROOT = new URL("../../src/underglass/static/", import.meta.url);
const APP = 110_000; // gzipped bytes: shell, runtime, Mosaic and Svelte
const VIEW = 40_000;

const size = (name) => gzipSync(readFileSync(new URL(name, ROOT))).length;
const large = [];
if (size("app.js") > APP) large.push(`app.js is ${size("app.js")} bytes gzipped, more than ${APP}`);
for (const name of readdirSync(new URL("chunks/", ROOT))) {
  const bytes = size(`chunks/${name}`);
  if (bytes > VIEW) large.push(`${name} is ${bytes} bytes gzipped, more than ${VIEW}`);
}
if (large.length) {
  console.error(large.join("\n"));
  process.exit(1);
}
