// Which patterns get a row, in which order, and which stand in the list of small ones?
import type { Found } from "./answers";
import type { Groups } from "./counts";

/** Below so many instances a pattern stands in the list of small ones. */
export const SMALL = 10;
/** So few patterns are never folded away. */
export const FEW = 8;
/** So many rows are drawn before the rest is asked for. */
export const MOST = 24;

/** So many of the folded ones are drawn when the list is opened. */
export const MOST_FOLDED = 60;

export interface Division {
  rows: number[];
  /** Patterns in the folded list, in the same order. */
  folded: number[];
}

/** Patterns in the asked order; ties keep the order of persistence, which is their numbering. */
export function ordered(found: Found, groups: Groups | null, sort: "persistence" | "size" | "wrong"): number[] {
  const all = Array.from({ length: found.count }, (_, pattern) => pattern);
  if (sort === "persistence") return all;
  const wrong = (pattern: number) => {
    const group = groups?.get(pattern);
    return group?.judged ? 1 - group.correct / group.judged : -1;
  };
  const worth = sort === "size" ? (pattern: number) => found.size[pattern] : wrong;
  return all.sort((a, b) => worth(b) - worth(a) || a - b);
}

/** Rows for the large ones, up to `most`; the others are folded. */
export function divide(order: number[], size: number[], most: number): Division {
  if (order.length <= FEW) return { rows: order, folded: [] };
  let rows = order.filter((pattern) => size[pattern] >= SMALL);
  if (rows.length < 3) rows = order.slice(0, 5);
  rows = rows.slice(0, most);
  const inRows = new Set(rows);
  return { rows, folded: order.filter((pattern) => !inRows.has(pattern)) };
}

/** "8 more patterns, n = 5 to 11". */
export function foldedWords(folded: number[], size: number[]): string {
  const sizes = folded.map((pattern) => size[pattern]);
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const n =
    low === high
      ? `n = ${low.toLocaleString("en-US")}${folded.length > 1 ? " each" : ""}`
      : `n = ${low.toLocaleString("en-US")} to ${high.toLocaleString("en-US")}`;
  return `${folded.length} more ${folded.length === 1 ? "pattern" : "patterns"}, ${n}`;
}

/** The values that get a bar: all in the case's order, or the commonest in patterns when there are too many. */
export function drawnValues(classes: readonly string[], groups: Groups | null, most = 24): (string | null)[] {
  const counts = new Map<string | null, number>();
  for (const [pattern, group] of groups ?? []) {
    if (pattern === null || pattern < 0) continue;
    for (const [value, n] of group.values) counts.set(value, (counts.get(value) ?? 0) + n);
  }
  const unlabelled = [...(groups?.values() ?? [])].some((group) => (group.values.get(null) ?? 0) > 0) ? [null] : [];
  if (classes.length <= most) return [...classes, ...unlabelled];
  const common = new Set([...classes].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)).slice(0, most - 8));
  return [...classes.filter((name) => common.has(name)), ...unlabelled];
}
