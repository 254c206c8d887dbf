// What does a query consist of? The tree of the one SELECT that views ask, as far as this engine knows it.

export type Operator = "=" | "<>" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%" | "distinct" | "same";

export type Expression =
  | { is: "literal"; value: string | boolean | null }
  | { is: "number"; value: number | bigint; type: "integer" | "decimal" | "double" }
  | { is: "column"; name: string }
  | { is: "and" | "or"; terms: Expression[] }
  | { is: "not" | "minus"; term: Expression }
  | { is: "truth"; term: Expression; value: boolean | null; negated: boolean }
  | { is: "binary"; operator: Operator; left: Expression; right: Expression }
  | { is: "between"; term: Expression; low: Expression; high: Expression; negated: boolean }
  | { is: "in"; term: Expression; values: Expression[] | Select; negated: boolean }
  | { is: "cast"; term: Expression; type: string }
  | { is: "case"; branches: [Expression, Expression][]; otherwise: Expression | null }
  | { is: "call"; name: string; terms: Expression[] }
  | Aggregate
  | Window
  | { is: "scalar"; select: Select };

export interface Aggregate {
  is: "aggregate";
  name: string;
  /** Empty for count(*). */
  terms: Expression[];
  distinct: boolean;
  filter: Expression | null;
}

export interface Window {
  is: "window";
  name: string;
  partition: Expression[];
  order: Order[];
}

export interface Order {
  term: Expression;
  descending: boolean;
  nullsFirst: boolean;
}

export interface Item {
  /** Null stands for all columns. */
  term: Expression | null;
  name: string;
}

export interface Select {
  items: Item[];
  distinct: boolean;
  /** A table's name, or a query in brackets; null where nothing is read. */
  from: string | Select | null;
  where: Expression | null;
  groups: Expression[];
  having: Expression | null;
  qualify: Expression | null;
  order: Order[];
  limit: number | null;
  offset: number;
}
