// The code of views comes in parts: a kernel is asked for a part when it is first needed, and for what several share only once.
import { HostError } from "../../runtime/host";
import { GONE, type Pool, type Presence } from "./pool";

/** What the stub keeps of one build of us in the page. */
export interface Held {
  /** Parts that a part needs before it, in order. */
  needs: Record<string, string[]>;
  /** Addresses of the parts that are modules here already. */
  urls: Record<string, string>;
  /** Make modules of code; what they need must be there. */
  put(files: Record<string, string>): void;
  /** Code as a kernel sends it. */
  read(data: Uint8Array<ArrayBuffer>): Promise<Record<string, string>>;
  /** Load a part: what `import(…)` has become in a notebook. */
  load?(name: string): Promise<unknown>;
}

const FIRST: Presence[] = ["here", "busy", "gone"];

/** Loads parts over whichever kernel answers. */
export function loader(held: Held, runtime: string, pools: () => Iterable<Pool>): (name: string) => Promise<unknown> {
  const coming = new Map<string, Promise<string>>();

  async function ask(names: string[]): Promise<Record<string, string>> {
    let failure: unknown = new HostError(GONE);
    const ordered = [...pools()].sort((a, b) => FIRST.indexOf(a.presence) - FIRST.indexOf(b.presence));
    for (const pool of ordered) {
      try {
        const { bytes } = await pool.ask({ ask: "parts", runtime, names });
        return await held.read(bytes!);
      } catch (error) {
        failure = error; // a kernel with another version of us has other parts: the next may have ours
      }
    }
    throw failure;
  }

  return async (name) => {
    const wanted = [...(held.needs[name] ?? []), name].filter((part) => !(part in held.urls));
    const missing = wanted.filter((part) => !coming.has(part));
    if (missing.length) {
      const files = ask(missing);
      for (const part of missing) {
        const code = files.then((all) => all[part]);
        coming.set(part, code);
        code.catch(() => coming.delete(part));
      }
    }
    const codes = wanted.map((part) => [part, coming.get(part)!] as const);
    for (const [part, come] of codes) {
      const code = await come;
      if (!(part in held.urls)) held.put({ [part]: code });
    }
    return import(/* @vite-ignore */ held.urls[name]);
  };
}

interface Page {
  runtimes: Map<string, Held>;
}
/** The name of this build; the stub writes it here when it makes us a module. */
const RUNTIME = "underglass-part:";

/** From now on the parts of this build are loaded over these pools. */
export function loadParts(pools: () => Iterable<Pool>): void {
  const page = (globalThis as unknown as Record<symbol, Page | undefined>)[Symbol.for("underglass")];
  const held = page?.runtimes.get(RUNTIME);
  if (held) held.load = loader(held, RUNTIME, pools);
}
