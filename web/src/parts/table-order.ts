// In which order do rows stand, and which rows come after (or before) a given one?
import {
  and,
  asc,
  column,
  desc,
  eq,
  gt,
  isNotDistinct,
  isNotNull,
  isNull,
  literal,
  lt,
  or,
  Query,
  ScalarSubqueryNode,
  type ExprNode,
  type OrderByNode,
} from "@uwdata/mosaic-sql";

export type Direction = "asc" | "desc";

/** Sort keys, the first one first; rows that are equal in all of them stand by `row`. */
export type Order = readonly (readonly [column: string, direction: Direction])[];

/** For ORDER BY: missing values last in either direction, `row` as tie-breaker, so that every order is total. */
export function orderBy(order: Order, reversed = false): OrderByNode[] {
  const terms = order.map(([name, direction]) => {
    const descending = (direction === "desc") !== reversed;
    return (descending ? desc : asc)(column(name), reversed);
  });
  return [...terms, (reversed ? desc : asc)(column("row"))];
}

/**
 * True for rows that stand after (or, with `before`, before) the row numbered `row`.
 *
 * The values of that row are asked of the database itself, so that enums, floats and times keep their own order.
 */
export function beyond(order: Order, row: number, before = false): ExprNode {
  const there = (name: string) =>
    new ScalarSubqueryNode(
      Query.from("instances")
        .select({ there: column(name) })
        .where(eq(column("row"), literal(row))),
    );
  const terms: ExprNode[] = [];
  const equal: ExprNode[] = [];
  for (const [name, direction] of order) {
    const here = column(name);
    const further = (direction === "asc") !== before ? gt(here, there(name)) : lt(here, there(name));
    // Missing values stand last: they are after every value, and every value is before them.
    const missing = before ? and(isNotNull(here), isNull(there(name))) : and(isNull(here), isNotNull(there(name)));
    terms.push(and(...equal, or(further, missing)));
    equal.push(isNotDistinct(here, there(name)));
  }
  const row_ = column("row");
  terms.push(and(...equal, before ? lt(row_, literal(row)) : gt(row_, literal(row))));
  return terms.length === 1 ? terms[0] : or(...terms);
}

/** The next state of a column's sort when its head is used: ascending, descending, none; `add` keeps the other keys. */
export function nextOrder(order: Order, name: string, add: boolean): Order {
  const now = order.find(([other]) => other === name)?.[1];
  const next: Direction | null = now === undefined ? "asc" : now === "asc" ? "desc" : null;
  if (!add) return next ? [[name, next]] : [];
  if (now === undefined) return [...order, [name, "asc"]];
  return order.flatMap<readonly [string, Direction]>((key) => (key[0] === name ? (next ? [[name, next]] : []) : [key]));
}

/** An order from the address or a person's settings; what names no column is left out. */
export function readOrder(given: unknown, known: (name: string) => boolean): Order | null {
  if (!Array.isArray(given)) return null;
  const order: [string, Direction][] = [];
  for (const key of given as unknown[]) {
    if (!Array.isArray(key)) continue;
    const [name, direction] = key as unknown[];
    if (typeof name !== "string" || !known(name) || order.some(([other]) => other === name)) continue;
    order.push([name, direction === "desc" ? "desc" : "asc"]);
  }
  return order;
}
