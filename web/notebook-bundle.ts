// After the build: the notebook's half in parts that a kernel sends by their names; what draws first together, each view when it is shown.
import { readFileSync, writeFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type Plugin, type Rolldown } from "vite";

/** What stands in the code for the address of a part, and before nothing for the name of this build; the stub puts both in. */
const PART = "underglass-part:";
const ENTRY = "notebook.js";
const STATIC = /\b(from|import)\s*(["'`])\.\/([\w.-]+\.js)\2/g;
const DYNAMIC = /\bimport\((["'`])\.\/([\w.-]+\.js)\1\)/g;

export function notebookBundle(out: string): Plugin {
  return {
    name: "underglass-notebook",
    apply: "build",
    closeBundle: {
      sequential: true,
      async handler() {
        const built = (await build({
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
              preserveEntrySignatures: "allow-extension",
              output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
            },
          },
        })) as Rolldown.RolldownOutput;
        const chunks = new Map(built.output.flatMap((one) => (one.type === "chunk" ? [[one.fileName, one]] : [])));
        for (const [name, chunk] of chunks) {
          const path = `${out}/notebook/${name}`;
          writeFileSync(path, addressed(readFileSync(path, "utf-8"), chunk));
        }
        const order = new Map([...chunks.keys()].map((name) => [name, needs(name, chunks)]));
        const first = [...order.get(ENTRY)!, ENTRY];
        const later = [...order].filter(([name]) => !first.includes(name));
        const rest = later.map(([name, parts]) => [name, parts.filter((part) => !first.includes(part))] as const);
        writeFileSync(`${out}/notebook/parts.json`, JSON.stringify({ first, needs: Object.fromEntries(rest) }));
      },
    },
  };
}

/** A part's code, with what it imports called by name: a notebook's page has no folder to find it in. */
function addressed(code: string, { fileName, imports, dynamicImports }: Rolldown.OutputChunk): string {
  const [still, lazy] = [new Set<string>(), new Set<string>()];
  const load = `globalThis[Symbol.for("underglass")].runtimes.get("${PART}").load`;
  const changed = code
    .replaceAll(STATIC, (_, word: string, _quote, name: string) => (still.add(name), `${word}"${PART}${name}"`))
    .replaceAll(DYNAMIC, (_, _quote, name: string) => (lazy.add(name), `${load}("${name}")`));
  for (const [found, known] of [
    [still, imports],
    [lazy, dynamicImports],
  ] as const)
    // prettier-ignore
    if (String([...found].sort()) !== String([...new Set(known)].sort()))
      throw new Error(`${fileName} imports ${known.join(", ")}, but ${[...found].join(", ")} was found in it`);
  return changed;
}

/** The parts that must be there before a part, in order. */
function needs(name: string, chunks: Map<string, Rolldown.OutputChunk>, above: string[] = []): string[] {
  if (above.includes(name)) throw new Error(`parts that need each other cannot be sent: ${[...above, name].join(" → ")}`);
  const own = chunks.get(name)!.imports;
  return [...new Set(own.flatMap((one) => [...needs(one, chunks, [...above, name]), one]))];
}
