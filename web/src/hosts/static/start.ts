// The first script of an exported page: puts its style and program in place, and fetches further parts of the program when asked.
import { block, run, textOf } from "./blocks";

type Exports = Record<string, unknown>;
type Make = (exports: Exports, require: (path: string) => Exports) => void;

declare global {
  /** Called by each part of the program: its name, what it rests on, and itself. */
  var underglassPart: (name: string, imports: string[], make: Make) => void; // eslint-disable-line no-var
  /** A part and all it rests on, run. */
  var underglassLoad: (name: string) => Promise<Exports>; // eslint-disable-line no-var
  /** Run a part that is here with all it rests on. */
  var underglassRun: (name: string) => Exports; // eslint-disable-line no-var
}

const parts = new Map<string, { imports: string[]; make: Make }>();
const done = new Map<string, Exports>();
const coming = new Map<string, Promise<void>>();

globalThis.underglassPart = (name, imports, make) => void parts.set(name, { imports, make });

globalThis.underglassRun = (name) => {
  const known = done.get(name);
  if (known) return known;
  const exports: Exports = {};
  done.set(name, exports);
  parts.get(name)!.make(exports, (path) => globalThis.underglassRun(path.slice("./".length)));
  return exports;
};

globalThis.underglassLoad = async (name) => {
  await here(name);
  return globalThis.underglassRun(name);
};

/** Resolves when a part and all it rests on are registered. */
function here(name: string): Promise<void> {
  const known = coming.get(name);
  if (known) return known;
  const made = arrive(name);
  coming.set(name, made);
  made.catch(() => coming.delete(name)); // a file that could not be read may be there the next time
  return made;
}

async function arrive(name: string): Promise<void> {
  if (!parts.has(name)) {
    const code = await block(`part-${name.slice(0, -".js".length)}`);
    if (code) run(code);
  }
  const part = parts.get(name);
  if (!part) throw new Error(`${name} is missing from this page: it was not saved whole`);
  await Promise.all(part.imports.map(here));
}

/** In a file the style and the program are texts; a folder names them as files, and they run by themselves. */
async function begin(): Promise<void> {
  if (!document.getElementById("ug-program")) return;
  const [look, program] = await Promise.all([block("style"), block("program")]);
  const style = document.createElement("style");
  style.textContent = textOf(look!);
  document.head.append(style);
  run(program!);
}
void begin();
