// What of this view stands in the address, and how much of an address can still be used.
import type { Offer, Source } from "./answers";
import { keyOf, measure, type Measure } from "./measures";

export interface Sort {
  key: string;
  down: boolean;
}

/** Measures as plain JSON, without what is as it begins. */
export function tellMeasures(measures: Measure[]): Record<string, unknown>[] {
  return measures.map(({ metric, a, b, range, nulls, not, join }) => ({
    metric,
    a,
    ...(b === null ? {} : { b }),
    ...(range ? { range } : {}),
    ...(nulls ? { nulls } : {}),
    ...(not ? { not } : {}),
    ...(join === "or" ? { join } : {}),
  }));
}

/** Measures of an address; null if it holds none that can be asked of these identities. */
export function readMeasures(given: unknown, metrics: string[], identities: number): Measure[] | null {
  if (!Array.isArray(given)) return null;
  const among = (at: unknown): at is number => Number.isInteger(at) && (at as number) >= 0 && (at as number) < identities;
  const found = new Map<string, Measure>();
  for (const one of given as Record<string, unknown>[]) {
    if (!one || !metrics.includes(one.metric as string) || !among(one.a)) continue;
    const b = one.b ?? null;
    if (b !== null && b !== "rest" && (!among(b) || b === one.a)) continue;
    const made = measure(one.metric as string, one.a, b as Measure["b"]);
    const ends = one.range;
    if (Array.isArray(ends) && ends.length === 2 && ends.every((end) => Number.isFinite(end)) && ends[0] <= ends[1])
      made.range = [ends[0], ends[1]];
    made.nulls = one.nulls === true && made.range !== null;
    made.not = one.not === true;
    if (one.join === "or") made.join = "or";
    found.set(keyOf(made), made);
  }
  return found.size ? [...found.values()] : null;
}

/** The order of an address, if the list has such a column. */
export function readSort(given: unknown, measures: Measure[]): Sort | null {
  const { key, down } = (given ?? {}) as Partial<Sort>;
  const known = typeof key === "string" && (key === "count" || key === "name" || measures.some((one) => keyOf(one) === key));
  return known ? { key, down: down !== false } : null;
}

/** Sources of an address that are still there, with what makes a class a label; null if there is none. */
export function readSources(given: unknown, offer: Offer): Source[] | null {
  if (!Array.isArray(given)) return null;
  const found = (given as Partial<Source>[]).flatMap((one) => {
    const known = offer.sources.find((other) => other.kind === one?.kind && other.name === one?.name);
    if (!known) return [];
    if (known.kind !== "model") return [known];
    if (typeof one.top === "number" && Number.isInteger(one.top) && one.top >= 1)
      return [{ ...known, top: one.top, threshold: null }];
    const { threshold } = one;
    if (typeof threshold === "number" && threshold > 0 && threshold <= 1) return [{ ...known, threshold, top: null }];
    return [known];
  });
  return found.length ? found : null;
}
