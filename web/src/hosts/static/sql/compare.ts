// Are two columns equal, or the one less than the other? In the types that the database would compare them in.
import { cast } from "./casts";
import { Unanswerable } from "./tokens";
import { compareNumbers, compareText, isNumeric, plain, vector, type Kind, type Values, type Vector } from "./vectors";

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";

interface Pair {
  left: Vector;
  right: Vector;
  compare: (a: never, b: never) => number;
}

const same = (a: Vector, b: Vector): boolean =>
  a.names === b.names || (a.names?.length === b.names?.length && !!a.names?.every((name, i) => name === b.names![i]));

/** Two columns in one type, and the order of its values. */
export function alike(left: Vector, right: Vector, n: number, equality: boolean): Pair {
  const numbers = { compare: compareNumbers as Pair["compare"] };
  const texts = { compare: compareText as Pair["compare"] };
  if (left.kind === "category" && right.kind === "category" && same(left, right)) return { left, right, ...numbers };
  if (left.kind === "category" && right.kind === "text" && right.constant && equality)
    return { left, right: coded(right, left), ...numbers };
  if (right.kind === "category" && left.kind === "text" && left.constant && equality)
    return { left: coded(left, right), right, ...numbers };
  if (isText(left) && isText(right)) return { left: cast(left, "VARCHAR", n), right: cast(right, "VARCHAR", n), ...texts };
  if (isNumeric(left) && isNumeric(right)) {
    const single = (left.kind === "float" || right.kind === "float") && left.kind !== "double" && right.kind !== "double";
    return single ? { left: singles(left), right: singles(right), ...numbers } : { left, right, ...numbers };
  }
  if (left.kind === right.kind && (left.kind === "boolean" || left.kind === "time")) return { left, right, ...numbers };
  if (left.kind === "text" && right.kind !== "list") return alike(cast(left, NAMES[right.kind]!, n), right, n, equality);
  if (right.kind === "text" && left.kind !== "list") return alike(left, cast(right, NAMES[left.kind]!, n), n, equality);
  if (left.kind === "boolean" && isNumeric(right)) return { left, right, ...numbers };
  if (right.kind === "boolean" && isNumeric(left)) return { left, right, ...numbers };
  if (left.kind === "null" || right.kind === "null") return { left, right, ...numbers };
  throw new Unanswerable(`this page's engine cannot compare ${left.kind} with ${right.kind}`);
}

const NAMES: Partial<Record<Kind, string>> = {
  ...{ boolean: "BOOLEAN", integer: "INTEGER", decimal: "DOUBLE", float: "FLOAT", double: "DOUBLE", time: "TIMESTAMP" },
  ...{ text: "VARCHAR", category: "VARCHAR", null: "VARCHAR" },
};

const isText = ({ kind }: Vector): boolean => kind === "text" || kind === "category";

/** A text as the code of a category; −1 where it is none of its names. */
function coded(text: Vector, category: Vector): Vector {
  return { ...text, kind: "category", names: category.names, values: [category.names!.indexOf(text.values[0] as string)] };
}

/** A literal next to single precision is itself rounded to it: 0.3 is then the same 0.3. */
function singles(one: Vector): Vector {
  if (one.kind === "float") return one;
  const values = Array.from(one.values as ArrayLike<number>, (value) => (value === null ? value : Math.fround(Number(value))));
  return { ...one, kind: "float", values };
}

/** Where a comparison holds; unknown where a value is missing. */
export function compared(operator: Comparison, a: Vector, b: Vector, n: number): Vector {
  const { left, right, compare } = alike(a, b, n, operator === "=" || operator === "<>");
  const out = new Uint8Array(n);
  const valid = bothValid(left, right, n);
  const [x, y] = [left.values, right.values];
  const [sx, sy] = [left.constant ? 0 : 1, right.constant ? 0 : 1];
  const holds = TESTS[operator];
  for (let i = 0; i < n; i++) if (!valid || valid[i]) out[i] = holds(compare(x[i * sx] as never, y[i * sy] as never)) ? 1 : 0;
  return vector("boolean", out, valid);
}

const TESTS: Record<Comparison, (order: number) => boolean> = {
  "=": (order) => order === 0,
  "<>": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** Whether two values are the same, missing ones being the same as each other. */
export function notDistinct(a: Vector, b: Vector, n: number): Uint8Array {
  const { left, right, compare } = alike(a, b, n, true);
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const [x, y] = [plain(left, i), plain(right, i)];
    if (x === null || y === null) out[i] = x === y ? 1 : 0;
    else out[i] = compare(at(left, i), at(right, i)) === 0 ? 1 : 0;
  }
  return out;
}

const at = (one: Vector, i: number): never => (one.values as Values)[one.constant ? 0 : i] as never;

/** Rows where both have a value; null where that is everywhere. */
export function bothValid(a: Vector, b: Vector, n: number): Uint8Array | null {
  if (a.valid === null && b.valid === null) return null;
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++)
    out[i] = (a.valid === null || a.valid[a.constant ? 0 : i]) && (b.valid === null || b.valid[b.constant ? 0 : i]) ? 1 : 0;
  return out;
}

/** The order of a column's rows among themselves: numbers for sorting, without those that are missing. */
export function ordering(one: Vector): (i: number, j: number) => number {
  const values = one.values as ArrayLike<never>;
  if (one.constant) return () => 0;
  const compare = (one.kind === "text" ? compareText : one.kind === "list" ? compareLists : compareNumbers) as (
    a: never,
    b: never,
  ) => number;
  return (i, j) => compare(values[i], values[j]);
}

function compareLists(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareText(a[i], b[i]);
    if (order) return order;
  }
  return a.length - b.length;
}
