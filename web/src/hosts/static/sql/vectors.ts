// What is a column while a query is answered? Values in a typed array, which of them are there, and what kind they are of.

export type Kind = "null" | "boolean" | "integer" | "decimal" | "float" | "double" | "text" | "category" | "time" | "list";
export type Values = ArrayLike<number> | readonly unknown[];

/** One column; a constant has one value that stands for all rows. Times are microseconds since 1970, UTC. */
export interface Vector {
  kind: Kind;
  values: Values;
  /** 1 where there is a value; null where there always is one. */
  valid: Uint8Array | null;
  constant: boolean;
  /** The names of a category, in their order. */
  names?: readonly string[];
}

export const NULL: Vector = { kind: "null", values: [null], valid: new Uint8Array(1), constant: true };
const NUMERIC: readonly Kind[] = ["integer", "decimal", "float", "double"];

export function constant(kind: Kind, value: unknown): Vector {
  return { kind, values: [value], valid: null, constant: true };
}

export function vector(kind: Kind, values: Values, valid: Uint8Array | null = null, names?: readonly string[]): Vector {
  return { kind, values, valid, constant: false, names };
}

export const isNumeric = ({ kind }: Vector): boolean => NUMERIC.includes(kind);

/** Whether there is a value at a row. */
export function has(one: Vector, i: number): boolean {
  return one.valid === null || one.valid[one.constant ? 0 : i] === 1;
}

/** The plain value at a row: a category's name, a number, a text, a truth value; null where there is none. */
export function plain(one: Vector, i: number): unknown {
  const at = one.constant ? 0 : i;
  if (one.valid !== null && one.valid[at] !== 1) return null;
  const value = one.values[at];
  if (one.kind === "category") return one.names![value as number];
  return one.kind === "boolean" ? Boolean(value) : value;
}

/** The rows at some places; −1 gives no value. */
export function gather(one: Vector, index: Int32Array): Vector {
  if (one.constant) return one;
  const n = index.length;
  const { values } = one;
  const out = like(values, n);
  let valid: Uint8Array | null = one.valid ? new Uint8Array(n) : null;
  for (let i = 0; i < n; i++) {
    const at = index[i];
    if (at < 0) {
      valid ??= new Uint8Array(n).fill(1, 0, i);
      if (one.valid === null) valid[i] = 0;
      continue;
    }
    out[i] = values[at];
    if (valid) valid[i] = one.valid ? one.valid[at] : 1;
  }
  return vector(one.kind, out as Values, valid, one.names);
}

/** All rows of a constant. */
export function spread(one: Vector, n: number): Vector {
  if (!one.constant) return one;
  const valid = one.valid ? new Uint8Array(n).fill(one.valid[0]) : null;
  return vector(one.kind, new Array(n).fill(one.values[0]), valid, one.names);
}

function like(values: Values, n: number): { [i: number]: unknown } {
  if (ArrayBuffer.isView(values)) return new (values.constructor as new (n: number) => Float64Array)(n);
  return new Array(n).fill(null);
}

/** As a database orders texts, by code point; JavaScript orders them by half code points. */
export function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000; // surrogates stand for code points beyond all others
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}

/** Numbers as a database orders them: NaN is equal to itself and greater than all others. */
export function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  return (a !== a ? 1 : 0) - (b !== b ? 1 : 0);
}
