// How the browser half is built: the app with its lazily loaded views and the pages for learning, into the Python package.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { notebookBundle } from "./notebook-bundle.ts";

const OUT = "../src/underglass/static";

/** After the build: the explorables once more as one script and one style, which `underglass learn --export` puts into single files. */
function single(): Plugin {
  return {
    name: "underglass-single-files",
    apply: "build",
    async closeBundle() {
      await build({
        configFile: false,
        logLevel: "warn",
        base: "./",
        plugins: [svelte({ configFile: false })],
        build: {
          outDir: `${OUT}/single`,
          emptyOutDir: true,
          target: "es2022",
          assetsInlineLimit: 1_000_000,
          cssCodeSplit: false,
          modulePreload: false,
          rollupOptions: {
            input: { learn: "src/hosts/learn.ts" },
            output: { format: "iife", entryFileNames: "[name].js", assetFileNames: "[name][extname]" },
          },
        },
      });
      const names = readdirSync("src/learn").filter((name) => existsSync(`src/learn/${name}/explorable.ts`));
      writeFileSync(`${OUT}/single/names.json`, JSON.stringify(names));
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [svelte({ configFile: false }), single(), notebookBundle(OUT)],
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
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 120_000, hookTimeout: 120_000 },
});
