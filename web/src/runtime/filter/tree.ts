// Which forms does a filter's tree have? Plain JSON, the same as in Python (underglass.filters.tree).

export type Value = string | number | boolean;
export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

export type Tree =
  | { op: "and" | "or"; terms: Tree[] }
  | { op: "not"; term: Tree }
  | { op: "compare"; column: string; is: Comparison; value: Value }
  | { op: "compare"; column: string; is: Comparison; other: string }
  | { op: "in"; column: string; values: Value[] }
  | { op: "between"; column: string; low: Value; high: Value }
  | { op: "contains" | "starts"; column: string; text: string }
  | { op: "null" | "truth"; column: string }
  | { op: "bin"; column: string; low: number; step: number; bins: number; first: number; last: number }
  | { op: "subset" | "pick"; name: string };

export const COMPARISONS: readonly string[] = ["=", "!=", "<", "<=", ">", ">="];
export const DEEPEST = 64;
export const PICK_NAME = /^pick_[0-9]{1,9}$/;
