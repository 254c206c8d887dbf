// Builds one benchmark page into a folder: node benchmarks/build.mjs gan /some/folder. The wasm backend's files come along.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createRequire } from "node:module";
import { build } from "vite";

const [name, folder] = process.argv.slice(2);
await build({
  configFile: false,
  logLevel: "error",
  build: {
    outDir: folder,
    emptyOutDir: false,
    target: "es2022",
    minify: false,
    lib: { entry: new URL(`${name}.ts`, import.meta.url).pathname, formats: ["es"], fileName: () => "bench.js" },
  },
});
const dist = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
mkdirSync(`${folder}/wasm`, { recursive: true });
for (const file of ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"])
  cpSync(`${dist}/${file}`, `${folder}/wasm/${file}`);
writeFileSync(`${folder}/index.html`, '<!doctype html><meta charset="utf-8"><script type="module" src="bench.js"></script>');
