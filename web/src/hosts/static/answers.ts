// What can be answered without Python? What was asked beforehand and kept, and a few questions that the page works out itself.
import { block, readPacked, type Packed } from "./blocks";

type Args = Record<string, unknown>;

interface KeptAnswers {
  /** By view, name and arguments. */
  answers: Record<string, unknown>;
  /** The active model, whose name may be left out of a question. */
  model: string | null;
}

/** A question as its answer is kept under: sorted, without what is null or only says again what holds anyway. */
export function keyOf(view: string, name: string, args: Args, model: string | null): string {
  const told = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(told);
    if (value === null || typeof value !== "object") return value;
    const entries = Object.entries(value as Args)
      .filter(([key, one]) => one !== null && one !== undefined && !(key === "model" && one === model))
      .map<[string, unknown]>(([key, one]) => [key, told(one)])
      .filter(([, one]) => !isEmpty(one))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  };
  return `${view}/${name} ${JSON.stringify(told(args))}`;
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

export class Answers {
  private constructor(
    readonly kept: KeptAnswers,
    readonly packed: Packed | null,
  ) {}

  static async read(): Promise<Answers> {
    const bytes = await block("answers");
    const packed = bytes ? readPacked(bytes) : null;
    return new Answers((packed?.json as KeptAnswers | undefined) ?? { answers: {}, model: null }, packed);
  }

  /** The kept answer to a question; undefined where there is none. */
  find<T>(view: string, name: string, args: Args): T | undefined {
    const key = keyOf(view, name, args, this.kept.model);
    const found = Object.hasOwn(this.kept.answers, key) ? this.kept.answers[key] : undefined;
    if (found !== undefined) return structuredClone(found) as T;
    const bytes = this.packed?.bytes(key);
    return bytes ? (bytes as T) : this.#made<T>(view, name, args);
  }

  /** Answers that are parts of a larger one which was kept. */
  #made<T>(view: string, name: string, args: Args): T | undefined {
    if (view === "patterns" && (name === "statistics" || name === "maps")) {
      const { patterns, ...rest } = args;
      const all = this.find<{ groups: Record<string, unknown> }>(view, `${name}_of_all`, rest);
      if (!all) return undefined;
      const wanted = (patterns as number[]).filter((pattern) => Object.hasOwn(all.groups, String(pattern)));
      const groups = Object.fromEntries(wanted.map((pattern) => [String(pattern), all.groups[String(pattern)]]));
      return { ...all, groups } as T;
    }
    if (view === "patterns" && name === "top") {
      const { units, k, ...rest } = args as { units: number[]; k: number };
      const all = this.find<{ units: number[]; rows: number[][]; values: number[][] }>(view, "top_of_all", rest);
      const at = units.map((unit) => all?.units.indexOf(unit) ?? -1);
      if (!all || at.includes(-1)) return undefined;
      return {
        ...all,
        units,
        rows: at.map((i) => all.rows[i].slice(0, k)),
        values: at.map((i) => all.values[i].slice(0, k)),
      } as T;
    }
    return undefined;
  }
}
