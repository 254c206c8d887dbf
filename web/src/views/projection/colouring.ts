// Which colour has a point, by the column that a person chose? Codes for the picture, and the same for its legend.
import type { ColumnInfo } from "../../runtime/wire";

export const CATEGORIES = 12;
export const STEPS = 7;

/** One line of the legend, and one sprite of the picture. */
export interface Entry {
  name: string;
  /** The token of its colour, such as "--cat-3". */
  token: string;
  /** A disc, or a cross for "no value". */
  sign: "disc" | "cross";
  /** The values it stands for; a click on it picks them. Absent where no single value does. */
  values?: (string | number | boolean | null)[];
}

export interface Colouring {
  /** "none", "categories", or "amounts" by a ramp. */
  kind: "none" | "categories" | "amounts";
  column: string | null;
  entries: Entry[];
  /** For amounts: what the ends of the ramp stand for. */
  low: number;
  high: number;
  /** The entry of a value as the served table gives it. */
  code: (value: unknown) => number;
}

const NONE: Colouring = {
  kind: "none",
  column: null,
  entries: [{ name: "instances", token: "--mark", sign: "disc" }],
  low: 0,
  high: 0,
  code: () => 0,
};

/** Columns that points can be coloured by, those people ask for first. */
export function colourable(columns: readonly ColumnInfo[]): ColumnInfo[] {
  const never = new Set(["row", "id", "excluded", "note", "tags"]);
  const first = ["label", "prediction", "correct", "confidence"];
  const rank = (name: string) => (first.includes(name) ? first.indexOf(name) : name.startsWith("pattern.") ? 90 : 50);
  return columns
    .filter((column) => !never.has(column.name) && !/^(x|y|stability|outlier)\./.test(column.name))
    .filter((column) => ["category", "boolean", "number", "integer"].includes(column.type))
    .sort((a, b) => rank(a.name) - rank(b.name));
}

/** How a column colours points; nulls have a sign of their own, and the 13th category and on share one grey. */
export function colouringOf(column: ColumnInfo | undefined): Colouring {
  if (!column) return NONE;
  if (column.name.startsWith("pattern.")) return patterns(column);
  if (column.type === "boolean") return truth(column);
  if (column.type === "category")
    return categories(
      column,
      (column.categories ?? []).map((name) => ({ name, value: name })),
      [],
    );
  return amounts(column);
}

/** A case's own column of patterns: the most persistent have colours, none is quiet. */
function patterns(column: ColumnInfo): Colouring {
  const most = typeof column.max === "number" ? column.max : -1;
  const known = Array.from({ length: Math.max(0, most + 1) }, (_, pattern) => ({ name: `Pattern ${pattern}`, value: pattern }));
  return categories(column, known, [{ name: "in no pattern", token: "--mark-quiet", sign: "disc", values: [-1] }]);
}

function categories(column: ColumnInfo, known: { name: string; value: string | number }[], extra: Entry[]): Colouring {
  const named = known.slice(0, CATEGORIES);
  const rest = known.slice(CATEGORIES);
  const entries: Entry[] = named.map(({ name, value }, i) => ({ name, token: `--cat-${i + 1}`, sign: "disc", values: [value] }));
  if (rest.length)
    entries.push({ name: `${rest.length} others`, token: "--mark", sign: "disc", values: rest.map(({ value }) => value) });
  entries.push(...extra, { name: "no value", token: "--control", sign: "cross", values: [null] });
  const codes = new Map<unknown, number>();
  entries.forEach((entry, i) => entry.values?.forEach((value) => codes.set(value, i)));
  const none = entries.length - 1;
  return { kind: "categories", column: column.name, entries, low: 0, high: 0, code: (value) => codes.get(value ?? null) ?? none };
}

function truth(column: ColumnInfo): Colouring {
  const judged = column.name === "correct" || column.name.startsWith("correct@");
  const entries: Entry[] = [
    { name: judged ? "correct" : "yes", token: judged ? "--mark" : "--cat-2", sign: "disc", values: [true] },
    { name: judged ? "wrong" : "no", token: judged ? "--wrong" : "--cat-1", sign: "disc", values: [false] },
    { name: "no value", token: "--control", sign: "cross", values: [null] },
  ];
  return {
    kind: "categories",
    column: column.name,
    entries,
    low: 0,
    high: 0,
    code: (value) => (value == null ? 2 : value ? 0 : 1),
  };
}

function amounts(column: ColumnInfo): Colouring {
  const low = typeof column.min === "number" ? column.min : 0;
  const high = typeof column.max === "number" ? column.max : 1;
  const span = high > low ? high - low : 1;
  const entries: Entry[] = Array.from({ length: STEPS }, (_, i) => ({
    name: `step ${i + 1}`,
    token: `--seq-${i}`,
    sign: "disc",
  }));
  entries.push({ name: "no value", token: "--control", sign: "cross", values: [null] });
  return {
    kind: "amounts",
    column: column.name,
    entries,
    low,
    high,
    code: (value) => {
      if (value == null || Number.isNaN(Number(value))) return STEPS;
      return Math.max(0, Math.min(STEPS - 1, Math.floor(((Number(value) - low) / span) * STEPS)));
    },
  };
}
