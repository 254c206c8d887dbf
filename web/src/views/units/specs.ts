// Which rows has the matrix, how are they made, and how do they travel in the page's address?
import { parse, toText, type Tree } from "../../runtime/filter";
import type { Case } from "../../runtime/case.svelte";
import type { Spec } from "./answers";

/** A lasting row: what makes it, and its name. */
export interface Row {
  key: string;
  name: string;
  spec: Spec;
}

export const keyOf = (spec: Spec): string => JSON.stringify(spec);
export const rowOf = (name: string, spec: Spec): Row => ({ key: keyOf(spec), name, spec });

/** A subset for each of some values of a column. */
export function valuesOf(column: string, values: readonly (string | number | boolean)[]): Row[] {
  return values.map((value) =>
    rowOf(column === "label" ? String(value) : `${column} ${value}`, {
      tree: { op: "compare", column, is: "=", value },
    }),
  );
}

/** The rows an address or an earlier page holds; anything that is none is left out. */
export function readRows(value: unknown): Row[] | null {
  if (!Array.isArray(value)) return null;
  return value.flatMap((one: unknown) => {
    const { name, spec } = (one ?? {}) as { name?: unknown; spec?: unknown };
    return typeof name === "string" && isSpec(spec) ? [rowOf(name, spec)] : [];
  });
}

function isSpec(value: unknown): value is Spec {
  if (typeof value !== "object" || value === null) return false;
  const spec = value as Record<string, unknown>;
  return (
    typeof spec.row === "number" ||
    (typeof spec.tree === "object" && spec.tree !== null) ||
    (typeof spec.fires === "number" && typeof spec.above === "number" && typeof spec.layer === "string")
  );
}

/** Rows with further ones, each once. */
export function withRows(rows: readonly Row[], more: readonly Row[]): Row[] {
  const keys = new Set(rows.map((row) => row.key));
  return [...rows, ...more.filter((row) => !keys.has(row.key) && keys.add(row.key))];
}

/** A typed condition as a row; throws FilterError with the position of what is wrong. */
export function typedRow(study: Case, text: string): Row {
  const { columns, subsets } = study.vocabulary;
  const tree = parse(text, columns, { subsets: [...subsets.keys()] });
  return rowOf(toText(tree), { tree });
}

/** What is shown, as a tree for Python; excluded instances are left out there. */
export const within = (study: Case): Tree | null => study.picks.filter?.tree ?? null;
