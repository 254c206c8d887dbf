// What does a value become in another type? As DuckDB writes numbers, times and truth values, and as it reads them.
import { Unanswerable } from "./tokens";
import { constant, has, isNumeric, NULL, plain, vector, type Kind, type Vector } from "./vectors";

const TYPES: Record<string, Kind> = {
  ...{ VARCHAR: "text", TEXT: "text", STRING: "text", BOOLEAN: "boolean", BOOL: "boolean", TIMESTAMP: "time", DATETIME: "time" },
  ...{ TINYINT: "integer", SMALLINT: "integer", INTEGER: "integer", INT: "integer", BIGINT: "integer", HUGEINT: "integer" },
  ...{ DOUBLE: "double", FLOAT8: "double", FLOAT64: "double", FLOAT: "float", REAL: "float", FLOAT4: "float" },
};

/** A column in another type. */
export function cast(one: Vector, type: string, n: number): Vector {
  const kind = TYPES[type];
  if (!kind) throw new Unanswerable(`this page's engine does not know the type ${type}`);
  if (one.kind === "null") return { ...NULL, kind };
  if (kind === one.kind) return one;
  if (kind === "double" && isNumeric(one) && one.values instanceof Float64Array) return { ...one, kind };
  const convert = converter(one, kind);
  const rows = one.constant ? 1 : n;
  const values: unknown[] = new Array(rows).fill(null);
  const valid = one.valid ? new Uint8Array(rows) : null;
  for (let i = 0; i < rows; i++) {
    if (!has(one, i)) continue;
    if (valid) valid[i] = 1;
    values[i] = convert(plain(one, i));
  }
  const typed =
    kind === "text" ? values : kind === "boolean" ? Uint8Array.from(values as number[]) : Float64Array.from(values as number[]);
  return one.constant ? { ...constant(kind, typed[0]), valid } : vector(kind, typed, valid);
}

function converter(one: Vector, kind: Kind): (value: unknown) => unknown {
  switch (kind) {
    case "text":
      return (value) => written(value, one.kind);
    case "boolean":
      return (value) => (typeof value === "string" ? readTruth(value) : Number(value) !== 0 ? 1 : 0);
    case "time":
      return (value) => readTime(String(value));
    case "integer":
      return (value) => readInteger(value, one.kind);
    default:
      return (value) => (kind === "float" ? Math.fround(readNumber(value)) : readNumber(value));
  }
}

/** A value as DuckDB writes it. */
export function written(value: unknown, kind: Kind): string {
  if (kind === "time") return writeTime(value as number);
  if (kind === "float" || kind === "double") return writeNumber(value as number, kind === "float");
  if (Array.isArray(value)) return `[${value.map((part) => (part === null ? "NULL" : String(part))).join(", ")}]`;
  return String(value);
}

function writeNumber(value: number, single: boolean): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  let digits = String(value);
  if (single) {
    for (let precision = 1; precision <= 9; precision++) {
      const short = value.toPrecision(precision);
      if (Math.fround(Number(short)) !== value) continue;
      digits = String(Number(short));
      break;
    }
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [mantissa, exponent] = Number(digits).toExponential().split("e");
    const power = Number(exponent);
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  if (Object.is(value, -0)) return "-0.0";
  return digits.includes(".") ? digits : `${digits}.0`;
}

/** Microseconds since 1970 as a text such as 2025-01-31 09:30:00.5. */
export function writeTime(micros: number): string {
  const seconds = Math.floor(micros / 1e6);
  const rest = Math.round(micros - seconds * 1e6);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
  return rest ? `${text}.${String(rest).padStart(6, "0").replace(/0+$/, "")}` : text;
}

const TIME =
  /^\s*(-?\d{1,6})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?\s*$/;

function readTime(text: string): number {
  const found = TIME.exec(text);
  if (!found) throw new Unanswerable(`${JSON.stringify(text)} is no time`);
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const micros = Number((found[7] ?? "").padEnd(6, "0").slice(0, 6));
  const zone = found[8] && found[8] !== "Z" ? found[8] : null;
  const shift = zone
    ? (zone[0] === "-" ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0))
    : 0;
  return (Date.UTC(year, month - 1, day, hour, minute - shift, second) / 1000) * 1e6 + micros;
}

function readTruth(text: string): number {
  const word = text.trim().toLowerCase();
  if (["true", "t", "yes", "y", "1"].includes(word)) return 1;
  if (["false", "f", "no", "n", "0"].includes(word)) return 0;
  throw new Unanswerable(`${JSON.stringify(text)} is no truth value`);
}

function readNumber(value: unknown): number {
  const number = typeof value === "string" ? Number(value.trim() === "" ? "x" : value) : Number(value);
  if (typeof value === "string" && Number.isNaN(number) && value.trim().toLowerCase() !== "nan")
    throw new Unanswerable(`${JSON.stringify(value)} is no number`);
  return number;
}

/** Doubles are rounded half to even, decimals half away from zero. */
function readInteger(value: unknown, from: Kind): number {
  const number = readNumber(value);
  if (from === "decimal" || from === "text") return Math.sign(number) * Math.round(Math.abs(number));
  const below = Math.floor(number);
  const part = number - below;
  return part === 0.5 ? below + (below % 2 === 0 ? 0 : 1) : Math.round(number);
}
