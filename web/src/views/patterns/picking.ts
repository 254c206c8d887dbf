// Which values of a column are picked, and how is one added or taken away? Whoever picked them: a click here, or an address.
import type { Tree } from "../../runtime/filter";
import type { Part, Picks } from "../../runtime/selection.svelte";

export type Point = string | number | boolean | null;

/** The values that a tree picks of one column, if it speaks of nothing else. */
export function pointsOf(tree: Tree, column: string): Point[] | null {
  switch (tree.op) {
    case "compare":
      return tree.column === column && tree.is === "=" && "value" in tree ? [tree.value] : null;
    case "null":
      return tree.column === column ? [null] : null;
    case "in":
      return tree.column === column ? [...tree.values] : null;
    case "and":
      return tree.terms.length === 1 ? pointsOf(tree.terms[0], column) : null;
    case "or": {
      const all = tree.terms.map((term) => pointsOf(term, column));
      return all.length && all.every((points) => points !== null) ? all.flat() : null;
    }
    default:
      return null;
  }
}

/** The part of the selection that picks values of one column alone. */
export function partOn(parts: readonly Part[], column: string): { part: Part; values: Point[] } | null {
  for (const part of parts) {
    const values = pointsOf(part.tree, column);
    if (values) return { part, values };
  }
  return null;
}

/**
 * Pick a value of a column, or take it back.
 *
 * @param add keep what was picked of this column; otherwise the value replaces it
 * @param words the selection's name for the values then picked
 */
export function toggle(picks: Picks, column: string, value: Point, add: boolean, words: (values: Point[]) => string): void {
  const before = partOn(picks.parts, column);
  const values = before?.values ?? [];
  const has = values.includes(value);
  const next = add
    ? has
      ? values.filter((other) => other !== value)
      : [...values, value]
    : has && values.length === 1
      ? []
      : [value];
  const source = before?.part.source ?? {};
  if (!next.length) picks.drop(source);
  else
    picks.pickPoints(
      source,
      [column],
      next.map((one) => [one]),
      words(next),
    );
}
