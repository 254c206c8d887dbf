// After the build: the exported page's program in parts, so that a browser compiles only those of the views that are shown.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type Plugin } from "vite";

/** What Python needs to know of the parts: what each rests on, by file, and which is the view of a name. */
interface Parts {
  entry: string;
  imports: Record<string, string[]>;
  views: Record<string, string>;
}

/** A part asked for while the program runs, as the bundler writes it with and without minifying. */
const ASKED = /Promise\.resolve\(\)\.then\(\(\) ?=> ?require\((["'`])\.\/([^"'`]+)\1\)\)/g;

/** Each part as a script that registers itself; `start.ts` runs it when it is wanted. */
function registered(parts: Parts): Plugin {
  return {
    name: "underglass-page-parts",
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        const { fileName, imports, dynamicImports, facadeModuleId } = chunk;
        const asked = new Set<string>();
        const code = chunk.code.replace(ASKED, (_, __, name: string) => (asked.add(name), `underglassLoad("${name}")`));
        if (asked.size !== dynamicImports.length)
          throw new Error(`${fileName} asks for ${dynamicImports.join(", ")}, and only ${[...asked].join(", ")} was found in it`);
        // in parentheses, so that it is compiled at once and not twice
        chunk.code = `underglassPart("${fileName}",${JSON.stringify(imports)},((exports,require)=>{${code}\n}));\n`;
        parts.imports[fileName] = imports;
        const view = /\/src\/views\/(\w+)\.ts$/.exec(facadeModuleId ?? "")?.[1];
        if (view) parts.views[view] = fileName;
      }
    },
  };
}

export function staticBundle(out: string): Plugin {
  return {
    name: "underglass-page",
    apply: "build",
    closeBundle: {
      sequential: true,
      async handler() {
        const folder = `${out}/page`;
        const parts: Parts = { entry: "static.js", imports: {}, views: {} };
        const common = { configFile: false, logLevel: "warn", base: "./" } as const;
        const target = { outDir: folder, target: "es2022", modulePreload: false } as const;
        rmSync(folder, { recursive: true, force: true });
        await build({
          ...common,
          plugins: [svelte({ configFile: false }), registered(parts)],
          build: {
            ...target,
            emptyOutDir: true,
            assetsInlineLimit: 1_000_000,
            cssCodeSplit: false,
            rollupOptions: {
              input: { static: "src/hosts/static.ts" },
              transform: { define: { "import.meta": "{}" } },
              output: {
                format: "cjs",
                entryFileNames: "[name].js",
                chunkFileNames: "[name].js",
                assetFileNames: "static[extname]",
              },
            },
          },
        });
        await build({
          ...common,
          build: {
            ...target,
            emptyOutDir: false,
            rollupOptions: {
              input: { start: "src/hosts/static/start.ts" },
              output: { format: "iife", entryFileNames: "[name].js" },
            },
          },
        });
        writeFileSync(`${folder}/parts.json`, JSON.stringify(parts));
        const lost = readdirSync(folder).filter((name) =>
          /\brequire\(["'`](?!\.\/)/.test(readFileSync(`${folder}/${name}`, "utf-8")),
        );
        if (lost.length) throw new Error(`${lost.join(", ")}: a page on a disk has no packages to require`);
      },
    },
  };
}
