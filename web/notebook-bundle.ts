// After the build: the notebook's half as one module with everything in it, views, styles and fonts; the kernel sends it once per page.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type Plugin } from "vite";

export function notebookBundle(out: string): Plugin {
  return {
    name: "underglass-notebook",
    apply: "build",
    closeBundle: {
      sequential: true,
      async handler() {
        await build({
          configFile: false,
          logLevel: "warn",
          base: "./",
          plugins: [svelte({ configFile: false, compilerOptions: { css: "injected" } })],
          build: {
            outDir: `${out}/notebook`,
            emptyOutDir: true,
            target: "es2022",
            assetsInlineLimit: 1_000_000,
            chunkSizeWarningLimit: 3_000,
            modulePreload: false,
            rollupOptions: {
              input: { notebook: "src/hosts/notebook.ts" },
              preserveEntrySignatures: "strict",
              output: { format: "es", codeSplitting: false, entryFileNames: "[name].js" },
            },
          },
        });
      },
    },
  };
}
