// How do Arrow bytes become the columns that queries are answered from, and answers Arrow bytes again?
import {
  bool,
  columnFromArray,
  dictionary,
  float32,
  float64,
  int32,
  list,
  tableFromColumns,
  tableFromIPC,
  tableToIPC,
  timestamp,
  Type,
  utf8,
  type Column,
  type DataType,
} from "@uwdata/flechette";
import type { ColumnType } from "../../runtime/wire";
import type { Answer, Table } from "./sql/select";
import { vector, type Kind, type Vector } from "./sql/vectors";

/** The categories of the columns that have some, in their order: Arrow knows the names, not which of them there may be. */
export type Categories = ReadonlyMap<string, readonly string[]>;

/** A table from an Arrow IPC stream. */
export function readTable(bytes: Uint8Array, categories: Categories = new Map()): Table {
  const table = tableFromIPC(bytes, { useBigInt: true, useBigIntTimestamp: true });
  const columns = new Map<string, Vector>();
  table.names.forEach((name, i) => columns.set(name, readColumn(table.getChildAt(i), categories.get(name))));
  return { columns, n: table.numRows };
}

function readColumn(column: Column<unknown>, names: readonly string[] | undefined): Vector {
  const valid = validity(column);
  const type = column.type as DataType & { precision?: number };
  const each = <T>(read: (value: never) => T, none: T): T[] => {
    const out: T[] = [];
    for (const value of column) out.push(value === null ? none : read(value as never));
    return out;
  };
  if (names) {
    const codes = new Map(names.map((name, code) => [name, code]));
    return vector("category", Int32Array.from(each((value: string) => codes.get(value) ?? -1, 0)), valid, names);
  }
  switch (type.typeId) {
    case Type.Bool:
      return vector("boolean", Uint8Array.from(each((value: boolean) => (value ? 1 : 0), 0)), valid);
    case Type.Int: {
      const values = each((value: number | bigint) => value, 0 as number | bigint);
      const isLarge = values.some(
        (value) => typeof value === "bigint" && (value > 9007199254740991n || value < -9007199254740991n),
      );
      return vector("integer", isLarge ? values : Float64Array.from(values, Number), valid);
    }
    case Type.Float:
      return vector(type.precision === 2 ? "double" : "float", Float64Array.from(each(Number, 0)), valid);
    case Type.Timestamp:
      return vector("time", Float64Array.from(each(Number, 0)), valid);
    case Type.List:
      return vector(
        "list",
        each((value: Iterable<string>) => [...value], []),
        valid,
      );
    default:
      return vector("text", each(String, ""), valid);
  }
}

function validity(column: Column<unknown>): Uint8Array | null {
  if (column.nullCount === 0) return null;
  const valid = new Uint8Array(column.length);
  let i = 0;
  for (const value of column) valid[i++] = value === null ? 0 : 1;
  return valid;
}

const TYPES: Record<Kind, () => DataType> = {
  null: utf8,
  boolean: bool,
  integer: float64,
  decimal: float64,
  float: float32,
  double: float64,
  text: utf8,
  category: () => dictionary(utf8(), int32()),
  time: () => timestamp(),
  list: () => list(utf8()),
};

/** An answer as an Arrow IPC stream, as the server would send it. */
export function writeAnswer({ names, columns, n }: Answer): Uint8Array {
  const written = names.map<[string, Column<unknown>]>((name, i) => {
    const values: unknown[] = new Array(n);
    const { kind } = columns[i];
    for (let row = 0; row < n; row++) values[row] = outward(columns[i], row);
    let type = TYPES[kind]();
    if (kind === "integer") type = whole(values) ? int32() : float64();
    if (kind === "time")
      values.forEach((value, row) => (values[row] = value === null ? null : Math.trunc((value as number) / 1000)));
    if (kind === "integer") values.forEach((value, row) => (values[row] = value === null ? null : Number(value)));
    return [name, columnFromArray(values, type) as Column<unknown>];
  });
  const bytes = tableToIPC(tableFromColumns(written), { format: "stream" });
  if (!bytes) throw new Error("the answer could not be written");
  return bytes;
}

function outward(one: Vector, row: number): unknown {
  const at = one.constant ? 0 : row;
  if (one.valid !== null && one.valid[at] !== 1) return null;
  const value = one.values[at];
  if (one.kind === "category") return one.names![value as number];
  return one.kind === "boolean" ? Boolean(value) : value;
}

const whole = (values: unknown[]): boolean =>
  values.every((value) => value === null || (typeof value === "number" && Math.abs(value) < 2 ** 31));

/** What a column's kind is called on the wire. */
export const KINDS: Record<Kind, ColumnType> = {
  ...{ null: "text", boolean: "boolean", integer: "integer", decimal: "number", float: "number", double: "number" },
  ...{ text: "text", category: "category", time: "time", list: "list" },
};
