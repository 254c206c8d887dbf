// Which functions do views' queries use? Each over whole columns, with what it does to missing values.
import { cast } from "./casts";
import { alike, bothValid } from "./compare";
import { Unanswerable } from "./tokens";
import { has, isNumeric, NULL, plain, vector, type Kind, type Vector } from "./vectors";

type Call = (terms: Vector[], n: number) => Vector;

/** Arithmetic in the type of its sides: with single precision it stays single, a quotient is never whole. */
export function arithmetic(operator: "+" | "-" | "*" | "/" | "%", a: Vector, b: Vector, n: number): Vector {
  if (a.kind === "null" || b.kind === "null") return NULL;
  if (!isNumeric(a) || !isNumeric(b)) throw new Unanswerable(`this page's engine cannot calculate with ${a.kind} and ${b.kind}`);
  const single = (a.kind === "float" || b.kind === "float") && a.kind !== "double" && b.kind !== "double";
  const whole = a.kind === "integer" && b.kind === "integer" && operator !== "/";
  const kind: Kind = single ? "float" : whole ? "integer" : "double";
  const round = single ? Math.fround : (x: number) => x;
  const out = new Float64Array(n);
  const valid = bothValid(a, b, n);
  const [sa, sb] = [a.constant ? 0 : 1, b.constant ? 0 : 1];
  const run = ARITHMETIC[operator];
  for (let i = 0; i < n; i++)
    if (!valid || valid[i]) out[i] = round(run(round(Number(a.values[i * sa])), round(Number(b.values[i * sb]))));
  return vector(kind, out, valid);
}

const ARITHMETIC: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

function each(kind: Kind | null, run: (x: number) => number): Call {
  return ([one], n) => {
    if (one.kind === "null") return NULL;
    if (!isNumeric(one)) throw new Unanswerable(`this page's engine cannot calculate with ${one.kind}`);
    const out = new Float64Array(n);
    const s = one.constant ? 0 : 1;
    for (let i = 0; i < n; i++) if (has(one, i)) out[i] = run(Number(one.values[i * s]));
    return vector(kind ?? one.kind, out, spreadValid(one, n));
  };
}

function spreadValid(one: Vector, n: number): Uint8Array | null {
  if (one.valid === null || !one.constant) return one.valid;
  return new Uint8Array(n).fill(one.valid[0]);
}

/** The least or greatest of several values; missing ones are passed over. */
function extreme(sign: 1 | -1): Call {
  return (terms, n) => {
    let best = terms[0];
    for (const other of terms.slice(1)) best = better(best, other, n, sign);
    return best;
  };
}

function better(a: Vector, b: Vector, n: number, sign: number): Vector {
  if (a.kind === "null") return b;
  if (b.kind === "null") return a;
  const { left, right, compare } = alike(a, b, n, false);
  const kind: Kind =
    left.kind === right.kind
      ? left.kind
      : isNumeric(left) && (left.kind === "float" || right.kind === "float") && left.kind !== "double" && right.kind !== "double"
        ? "float"
        : "double";
  const values: unknown[] = new Array(n).fill(null);
  const valid = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const [x, y] = [has(left, i), has(right, i)];
    if (!x && !y) continue;
    valid[i] = 1;
    const [p, q] = [left.values[left.constant ? 0 : i], right.values[right.constant ? 0 : i]];
    values[i] = !y ? p : !x ? q : sign * compare(p as never, q as never) <= 0 ? p : q;
  }
  const typed = isNumeric(left) ? Float64Array.from(values as number[]) : values;
  return vector(kind, typed, valid, left.names);
}

function text(run: (a: string, b: string) => boolean): Call {
  return ([a, b], n) => {
    if (a.kind === "null" || b.kind === "null") return NULL;
    const [left, right] = [cast(a, "VARCHAR", n), cast(b, "VARCHAR", n)];
    const out = new Uint8Array(n);
    const valid = bothValid(left, right, n);
    for (let i = 0; i < n; i++)
      if (!valid || valid[i])
        out[i] = run(left.values[left.constant ? 0 : i] as string, right.values[right.constant ? 0 : i] as string) ? 1 : 0;
    return vector("boolean", out, valid);
  };
}

/** Lower case letter by letter, as the database does it: JavaScript looks at neighbours (ς) and writes İ as two letters. */
export function lower(value: string): string {
  const simple = value.toLowerCase();
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(value)) return simple;
  return Array.from(value, (letter) => (letter === "İ" ? "i" : letter.toLowerCase())).join("");
}

const lowered: Call = ([one], n) => {
  if (one.kind === "null") return NULL;
  const given = cast(one, "VARCHAR", n);
  const values = Array.from(given.values as string[], (value) => (value === null ? value : lower(value)));
  return { ...given, values };
};

const milliseconds: Call = ([one], n) => {
  if (one.kind === "null") return NULL;
  if (one.kind !== "time") throw new Unanswerable(`epoch_ms takes a time, not ${one.kind}`);
  return vector(
    "integer",
    each("integer", (x) => Math.trunc(x / 1000))([{ ...one, kind: "double" }], n).values,
    spreadValid(one, n),
  );
};

const listContains: Call = ([list, wanted], n) => {
  if (list.kind === "null") return NULL;
  if (list.kind !== "list") throw new Unanswerable(`list_contains takes a list, not ${list.kind}`);
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const value = plain(list, i) as unknown[] | null;
    if (value !== null) out[i] = value.includes(plain(wanted, i)) ? 1 : 0;
  }
  return vector("boolean", out, spreadValid(list, n));
};

const coalesce: Call = (terms, n) => {
  const kinds = terms.filter((one) => one.kind !== "null");
  if (!kinds.length) return NULL;
  let best = kinds[0];
  for (const other of kinds.slice(1)) best = filled(best, other, n);
  return best;
};

function filled(a: Vector, b: Vector, n: number): Vector {
  if (a.valid === null) return a;
  const { left, right } = alike(a, b, n, false);
  const values: unknown[] = new Array(n).fill(null);
  const valid = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const from = has(left, i) ? left : right;
    valid[i] = has(from, i) ? 1 : 0;
    values[i] = from.values[from.constant ? 0 : i];
  }
  return vector(left.kind, isNumeric(left) ? Float64Array.from(values as number[]) : values, valid, left.names);
}

/** The value of the first branch that holds; all branches in one type. */
export function chosen(branches: [Vector, Vector][], otherwise: Vector, n: number): Vector {
  const index = new Int32Array(n).fill(branches.length);
  for (let i = 0; i < n; i++) {
    const at = branches.findIndex(
      ([condition]) => has(condition, i) && Number(condition.values[condition.constant ? 0 : i]) === 1,
    );
    if (at >= 0) index[i] = at;
  }
  const results = [...branches.map(([, value]) => value), otherwise];
  const typed = results.filter((one) => one.kind !== "null");
  if (!typed.length) return NULL;
  const first = typed[0];
  const isOne = typed.every((one) => one.kind === first.kind && one.names === first.names);
  const numbers = !isOne && typed.every(isNumeric);
  const kind: Kind = isOne ? first.kind : numbers ? numericKind(typed) : "text";
  const sources = results.map((one) => (isOne || numbers || one.kind === "null" ? one : cast(one, "VARCHAR", n)));
  const values: unknown[] = new Array(n).fill(null);
  const valid = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const from = sources[index[i]];
    if (from.kind === "null" || !has(from, i)) continue;
    valid[i] = 1;
    values[i] = from.values[from.constant ? 0 : i];
  }
  const packed =
    kind === "text" || kind === "list"
      ? values
      : kind === "boolean"
        ? Uint8Array.from(values as number[])
        : kind === "category"
          ? Int32Array.from(values as number[])
          : Float64Array.from(values as number[]);
  return vector(kind, packed, valid, first.names);
}

function numericKind(all: Vector[]): Kind {
  const kinds = new Set(all.map((one) => one.kind));
  if (kinds.has("double")) return "double";
  if (kinds.has("float")) return "float";
  return kinds.size === 1 && kinds.has("integer") ? "integer" : "double";
}

export const FUNCTIONS: Record<string, Call> = {
  floor: each(null, Math.floor),
  ceil: each(null, Math.ceil),
  abs: each(null, Math.abs),
  sqrt: each("double", Math.sqrt),
  round: (terms, n) => each(null, (x) => Math.sign(x) * Math.round(Math.abs(x)))(terms.slice(0, 1), n),
  least: extreme(1),
  greatest: extreme(-1),
  lower: lowered,
  contains: text((a, b) => a.includes(b)),
  prefix: text((a, b) => a.startsWith(b)),
  starts_with: text((a, b) => a.startsWith(b)),
  list_contains: listContains,
  epoch_ms: milliseconds,
  coalesce,
};
