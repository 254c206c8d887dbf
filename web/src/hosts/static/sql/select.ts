// What does a query answer? Filter, group, sort and cut the rows of tables held as typed arrays.
import { aggregate, type Groups } from "./aggregates";
import { ordering } from "./compare";
import { evaluate, holding, Rows, type Scope } from "./evaluate";
import type { Aggregate, Expression, Item, Order, Select, Window } from "./syntax";
import { Unanswerable } from "./tokens";
import { gather, has, spread, vector, type Vector } from "./vectors";

export interface Table {
  columns: ReadonlyMap<string, Vector>;
  n: number;
}
/** The tables by their names in lower case. */
export type Tables = (name: string) => Table | undefined;

export interface Answer {
  names: string[];
  columns: Vector[];
  n: number;
}

/** Answer a query. */
export function answer(select: Select, tables: Tables): Answer {
  const source = read(select.from, tables);
  const named = new Map<string, Expression>();
  for (const item of select.items) if (item.term && !named.has(item.name)) named.set(item.name, item.term);
  let scope: Scope = {
    rows: new Rows(source.columns, source.n),
    named,
    known: new Map(),
    answer: (inner) => answer(inner, tables),
  };
  if (select.where) scope = { ...scope, rows: kept(scope, select.where) };
  const items = select.items.flatMap<Item>((item) =>
    item.term ? [item] : [...source.columns.keys()].map((name) => ({ name, term: { is: "column", name } as const })),
  );
  const all = [...items.map((item) => item.term!), ...select.order.map((one) => one.term)];
  if (select.having) all.push(select.having);
  if (select.qualify) all.push(select.qualify);
  const aggregates = all.flatMap((term) => found(term, "aggregate")) as Aggregate[];
  if (select.groups.length || aggregates.length) scope = grouped(scope, select, aggregates);
  if (select.having) scope = narrowed(scope, holding(evaluate(select.having, scope), scope.rows.n));
  const windows = all.flatMap((term) => found(aliased(term, named), "window")) as Window[];
  if (windows.length)
    scope = { ...scope, known: new Map([...scope.known, ...windows.map((one) => [one, numbered(one, scope)] as const)]) };
  if (select.qualify) scope = narrowed(scope, holding(evaluate(select.qualify, scope), scope.rows.n));
  let places: Int32Array | null = null;
  if (select.order.length) {
    if (select.distinct) throw new Unanswerable("this page's engine does not sort different rows");
    places = sorted(select.order, scope, named, select.limit === null ? Infinity : select.offset + select.limit);
  }
  const { n } = scope.rows;
  let columns = items.map((item) => spread(evaluate(item.term!, scope), n));
  if (select.distinct) places = firsts(grouping(columns, n), n);
  const length = places?.length ?? n;
  if (select.offset || select.limit !== null) {
    const end = select.limit === null ? length : Math.min(length, select.offset + select.limit);
    const start = Math.min(select.offset, length);
    places = places
      ? places.subarray(start, Math.max(start, end))
      : Int32Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
  }
  if (places) columns = columns.map((one) => gather(one, places));
  return { names: items.map((item) => item.name), columns, n: places?.length ?? n };
}

function read(from: Select["from"], tables: Tables): Table {
  if (from === null) return { columns: new Map(), n: 1 };
  if (typeof from !== "string") {
    const inner = answer(from, tables);
    return { columns: new Map(inner.names.map((name, i) => [name, inner.columns[i]])), n: inner.n };
  }
  const table = tables(from.toLowerCase());
  if (!table) throw new Unanswerable(`there is no table ${JSON.stringify(from)} in this page`);
  return table;
}

function kept(scope: Scope, where: Expression): Rows {
  const mask = holding(evaluate(where, scope), scope.rows.n);
  return mask.includes(0) ? scope.rows.pick(placesOf(mask)) : scope.rows;
}

function placesOf(mask: Uint8Array): Int32Array {
  const places = new Int32Array(mask.length);
  let n = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]) places[n++] = i;
  return places.slice(0, n);
}

function narrowed(scope: Scope, mask: Uint8Array): Scope {
  const places = placesOf(mask);
  return {
    ...scope,
    rows: scope.rows.pick(places),
    known: new Map([...scope.known].map(([key, one]) => [key, gather(one, places)])),
  };
}

/** One row for each group: its first, with the aggregates beside it. */
function grouped(scope: Scope, select: Select, aggregates: Aggregate[]): Scope {
  const { n } = scope.rows;
  const keys = select.groups.map((term) => {
    const place = term.is === "number" ? select.items[Number(term.value) - 1]?.term : null;
    return spread(evaluate(place ?? term, scope), n);
  });
  const groups: Groups = keys.length ? grouping(keys, n) : { of: new Int32Array(n), count: 1 };
  const known = new Map<Aggregate | Window, Vector>(aggregates.map((one) => [one, aggregate(one, scope, groups)]));
  return { ...scope, rows: scope.rows.pick(firsts(groups, n)), known };
}

/** Groups in the order of their first rows; missing values are alike. */
export function grouping(keys: Vector[], n: number): Groups {
  let of = new Int32Array(n);
  let count = n ? 1 : 0;
  for (const key of keys) {
    const { codes, size } = coded(key, n);
    const next = new Int32Array(n);
    const known = joined(size * count, n);
    let groups = 0;
    for (let i = 0; i < n; i++) {
      const both = codes[i] * count + of[i];
      let group = known.get(both);
      if (group === undefined || group < 0) known.set(both, (group = groups++));
      next[i] = group;
    }
    of = next;
    count = groups;
  }
  return { of, count };
}

/** A number for each different value of a column; categories and truth values have theirs already. */
function coded(key: Vector, n: number): { codes: Int32Array; size: number } {
  const codes = new Int32Array(n);
  const { values, valid } = key;
  if (key.kind === "category" || key.kind === "boolean") {
    for (let i = 0; i < n; i++) codes[i] = valid === null || valid[i] ? (values[i] as number) + 1 : 0;
    return { codes, size: (key.names?.length ?? 2) + 1 };
  }
  const known = new Map<unknown, number>();
  for (let i = 0; i < n; i++) {
    let value: unknown = valid === null || valid[i] ? values[i] : null;
    if (Array.isArray(value)) value = JSON.stringify(value);
    else if (value === 0) value = 0; // minus nought is nought
    let code = known.get(value);
    if (code === undefined) known.set(value, (code = known.size));
    codes[i] = code;
  }
  return { codes, size: known.size };
}

/** What pairs of codes have been seen: an array where there are few possible ones. */
function joined(possible: number, n: number): { get(at: number): number | undefined; set(at: number, group: number): void } {
  if (possible > 4 * n + 1024) return new Map<number, number>();
  const groups = new Int32Array(possible).fill(-1);
  return { get: (at) => groups[at], set: (at, group) => void (groups[at] = group) };
}

function firsts(groups: Groups, n: number): Int32Array {
  const first = new Int32Array(groups.count).fill(-1);
  for (let i = n - 1; i >= 0; i--) first[groups.of[i]] = i;
  return first;
}

/** Places in an order, or the first of them; rows that are equal stay as they were. Missing values come last unless asked otherwise. */
function sorted(order: Order[], scope: Scope, named: Scope["named"], most = Infinity): Int32Array {
  const { n } = scope.rows;
  const keys = order.map(({ term, descending, nullsFirst }) => {
    const alias = term.is === "column" ? named.get(term.name) : undefined;
    const values = spread(alias ? evaluate(alias, scope) : evaluate(term, scope), n);
    return { values, compare: ordering(values), sign: descending ? -1 : 1, missing: nullsFirst ? -1 : 1 };
  });
  const before = (i: number, j: number): number => {
    for (const { values, compare, sign, missing } of keys) {
      const a = has(values, i);
      const b = has(values, j);
      if (a && b) {
        const found = compare(i, j);
        if (found) return sign * found;
      } else if (a !== b) return a ? -missing : missing;
    }
    return i - j;
  };
  if (most <= MOST_PICKED && most < n) return firstOf(n, most, before);
  const places = new Int32Array(n);
  for (let i = 0; i < n; i++) places[i] = i;
  return places.sort(before);
}

const MOST_PICKED = 512;

/** The first few places in an order, without sorting the others. */
function firstOf(n: number, most: number, before: (i: number, j: number) => number): Int32Array {
  const best: number[] = [];
  for (let i = 0; i < n; i++) {
    if (best.length === most && (most === 0 || before(i, best[most - 1]) > 0)) continue;
    let [low, high] = [0, best.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(i, best[middle]) < 0) high = middle;
      else low = middle + 1;
    }
    best.splice(low, 0, i);
    if (best.length > most) best.pop();
  }
  return Int32Array.from(best);
}

/** row_number(): the place of each row in the order of its part. */
function numbered(window: Window, scope: Scope): Vector {
  const { n } = scope.rows;
  const parts = grouping(
    window.partition.map((term) => spread(evaluate(term, scope), n)),
    n,
  );
  const places = sorted(window.order, scope, new Map());
  const reached = new Int32Array(Math.max(1, parts.count));
  const out = new Float64Array(n);
  for (const place of places) out[place] = ++reached[parts.of[place]];
  return vector("integer", out);
}

/** A term that is only a selected column's name stands for that column. */
function aliased(term: Expression, named: Scope["named"]): Expression {
  return term.is === "column" ? (named.get(term.name) ?? term) : term;
}

/** The aggregates or windows in a term, not those of queries inside it. */
function found(term: Expression, kind: "aggregate" | "window"): Expression[] {
  if (term.is === kind) return [term];
  switch (term.is) {
    case "and":
    case "or":
    case "call":
      return term.terms.flatMap((one) => found(one, kind));
    case "not":
    case "minus":
    case "truth":
    case "cast":
      return found(term.term, kind);
    case "binary":
      return [term.left, term.right].flatMap((one) => found(one, kind));
    case "between":
      return [term.term, term.low, term.high].flatMap((one) => found(one, kind));
    case "in":
      return [term.term, ...(Array.isArray(term.values) ? term.values : [])].flatMap((one) => found(one, kind));
    case "case":
      return [...term.branches.flat(), ...(term.otherwise ? [term.otherwise] : [])].flatMap((one) => found(one, kind));
    default:
      return [];
  }
}
