// Which columns can a filter speak of, and which one does a name mean?

import type { ColumnInfo } from "../wire";

export type ColumnKind = ColumnInfo["type"];

/** A column as the host describes it. */
export type Column = Pick<ColumnInfo, "name" | "type" | "categories">;

export interface ColumnType {
  readonly kind: ColumnKind;
  /** The values a category can take, in the case's order. */
  readonly categories: readonly string[];
}

export type Columns = ReadonlyMap<string, ColumnType>;

export const SPOKEN: Record<ColumnKind, string> = {
  number: "a number",
  integer: "a number",
  text: "a text",
  category: "a category",
  boolean: "a yes or no",
  time: "a time",
  list: "a list",
};

const SHORTEST_ABBREVIATION = 3;

/** What the columns hold, by name. */
export function columnTypes(columns: readonly Column[]): Columns {
  return new Map(columns.map((c) => [c.name, { kind: c.type, categories: c.categories ?? [] }]));
}

/** Columns of one family can be compared with each other. */
export function family(kind: ColumnKind): ColumnKind {
  if (kind === "integer") return "number";
  return kind === "category" ? "text" : kind;
}

/** Whether `<` and `between` mean something. */
export function ordered(kind: ColumnKind): boolean {
  return kind === "number" || kind === "integer" || kind === "text" || kind === "time";
}

/**
 * The column a typed name means: the name itself, else the only column equal to it without regard to case, else the only
 * plain column (no `.`, no `@`) that begins with it.
 */
export function findColumn(name: string, columns: Columns, exact = false): string | undefined {
  if (columns.has(name)) return name;
  if (exact) return undefined;
  const lower = name.toLowerCase();
  let alike = [...columns.keys()].filter((c) => c.toLowerCase() === lower);
  if (alike.length === 0 && [...lower].length >= SHORTEST_ABBREVIATION) {
    alike = [...columns.keys()].filter((c) => c.toLowerCase().startsWith(lower) && !c.includes(".") && !c.includes("@"));
  }
  return alike.length === 1 ? alike[0] : undefined;
}
