// How the browser half is built: the app with its lazily loaded views and the pages for learning, into the Python package.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { notebookBundle } from "./notebook-bundle.ts";
import { staticBundle } from "./static-bundle.ts";

const OUT = "../src/underglass/static";

/** Scripts that stand alone, each in one file: what they are made of, and what their style is called. */
const BUNDLES: Record<string, { entry: string; style: string }> = {
  learn: { entry: "src/hosts/learn.ts", style: "style" },
  duckdb: { entry: "src/hosts/duckdb.ts", style: "duckdb" },
};

/** A file of DuckDB, compressed once for each of its versions: it has 36 MB. */
function compressed(name: string): string {
  const from = "node_modules/@duckdb/duckdb-wasm";
  const { version } = JSON.parse(readFileSync(`${from}/package.json`, "utf-8")) as { version: string };
  const kept = `node_modules/.cache/underglass/${version}-${name}.gz`;
  if (!existsSync(kept)) {
    mkdirSync("node_modules/.cache/underglass", { recursive: true });
    const draft = `${kept}.${process.pid}`;
    writeFileSync(draft, gzipSync(readFileSync(`${from}/dist/${name}`), { level: 9 }));
    renameSync(draft, kept);
  }
  return kept;
}

/** After the build: the explorables, and the DuckDB of exported pages, once more as one script and one style each. */
function single(): Plugin {
  return {
    name: "underglass-single-files",
    apply: "build",
    async closeBundle() {
      rmSync(`${OUT}/single`, { recursive: true, force: true });
      for (const [name, { entry, style }] of Object.entries(BUNDLES)) {
        await build({
          configFile: false,
          logLevel: "warn",
          base: "./",
          plugins: [svelte({ configFile: false })],
          build: {
            outDir: `${OUT}/single`,
            emptyOutDir: false,
            target: "es2022",
            assetsInlineLimit: 1_000_000,
            cssCodeSplit: false,
            modulePreload: false,
            rollupOptions: {
              input: { [name]: entry },
              transform: { define: { "import.meta": "{}" } },
              output: { format: "iife", entryFileNames: "[name].js", assetFileNames: `${style}[extname]` },
            },
          },
        });
      }
      for (const name of ["duckdb-eh.wasm", "duckdb-browser-eh.worker.js"])
        copyFileSync(compressed(name), `${OUT}/single/${name}.gz`);
      const names = readdirSync("src/learn").filter((name) => existsSync(`src/learn/${name}/explorable.ts`));
      writeFileSync(`${OUT}/single/names.json`, JSON.stringify(names));
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [svelte({ configFile: false }), single(), notebookBundle(OUT), staticBundle(OUT)],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    rollupOptions: {
      preserveEntrySignatures: "exports-only",
      input: { app: "index.html", learn: "learn.html", tensorboard: "src/hosts/tensorboard.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: "plain", include: ["src/**/*.test.ts"], exclude: ["src/**/*.svelte.test.ts"], environment: "node" },
      },
      {
        extends: true,
        resolve: { conditions: ["browser"] },
        test: { name: "effects", include: ["src/**/*.svelte.test.ts"], environment: "./effects-environment.ts" },
      },
    ],
  },
});
