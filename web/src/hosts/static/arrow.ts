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
  utf8,
  type Column,
  type DataType,
} from "@uwdata/flechette";
import type { ColumnType } from "../../runtime/wire";
import { readColumn } from "./columns";
import type { Answer, Table } from "./sql/select";
import type { Kind, Vector } from "./sql/vectors";

/** The categories of the columns that have some, in their order: Arrow knows the names, not which of them there may be. */
export type Categories = ReadonlyMap<string, readonly string[]>;

/** A table from an Arrow IPC stream. */
export function readTable(bytes: Uint8Array, categories: Categories = new Map()): Table {
  const table = tableFromIPC(bytes, { useBigInt: true, useBigIntTimestamp: true });
  const columns = new Map<string, Vector>();
  table.names.forEach((name, i) => columns.set(name, readColumn(table.getChildAt(i), categories.get(name))));
  return { columns, n: table.numRows };
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
