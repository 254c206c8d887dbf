// How does a column of Arrow become one that queries are answered from? From its buffers where it lies in one piece.
import { Type, type Column, type DataType } from "@uwdata/flechette";
import { vector, type Vector } from "./sql/vectors";

/** What a column in one piece consists of: Arrow's own buffers. */
interface Piece {
  length: number;
  nullCount: number;
  validity: Uint8Array;
  values: ArrayLike<number> | ArrayLike<bigint>;
  offsets: Int32Array;
  children: { at(i: number): unknown }[];
  dictionary?: Column<unknown>;
}

/** What most rows have where few have tags. */
const NOTHING: readonly unknown[] = Object.freeze([]);
const LARGEST = 9007199254740991n;

/** A column of Arrow; with the names of its categories, where it has some. */
export function readColumn(column: Column<unknown>, names?: readonly string[]): Vector {
  const type = column.type as DataType & { typeId: number; precision?: number };
  if (column.data.length > 1) return readEach(column, type, names);
  const piece = column.data[0] as unknown as Piece | undefined;
  if (!piece) return readEach(column, type, names);
  const valid = piece.nullCount ? bits(piece.validity, piece.length) : null;
  const { length, values, offsets } = piece;
  if (names) {
    if (!piece.dictionary) return readEach(column, type, names);
    const known = new Map(names.map((name, code) => [name, code]));
    const codes = Int32Array.from(
      { length: piece.dictionary.length },
      (_, i) => known.get(piece.dictionary!.at(i) as string) ?? -1,
    );
    const out = new Int32Array(length);
    for (let i = 0; i < length; i++) if (valid === null || valid[i]) out[i] = codes[values[i] as number];
    return vector("category", out, valid, names);
  }
  switch (type.typeId) {
    case Type.Bool:
      return vector("boolean", bits(values as unknown as Uint8Array, length), valid);
    case Type.Int:
      if (values instanceof BigInt64Array || values instanceof BigUint64Array) break;
      return vector("integer", Float64Array.from(values as ArrayLike<number>), valid);
    case Type.Float:
      if (!(values instanceof Float32Array || values instanceof Float64Array)) break;
      return vector(type.precision === 2 ? "double" : "float", Float64Array.from(values), valid);
    case Type.List: {
      const [inner] = piece.children;
      const lists: (readonly unknown[])[] = new Array(length);
      for (let i = 0; i < length; i++) {
        if (offsets[i] === offsets[i + 1]) {
          lists[i] = NOTHING;
          continue;
        }
        const list: unknown[] = (lists[i] = []);
        for (let at = offsets[i]; at < offsets[i + 1]; at++) list.push(inner.at(at));
      }
      return vector("list", lists, valid);
    }
    case Type.Utf8: {
      const start = offsets[0];
      const all = new TextDecoder().decode((values as Uint8Array).subarray(start, offsets[length]));
      if (all.length !== offsets[length] - start) break; // with letters beyond ASCII places are not letters
      const texts: string[] = new Array(length);
      for (let i = 0; i < length; i++) texts[i] = all.slice(offsets[i] - start, offsets[i + 1] - start);
      return vector("text", texts, valid);
    }
  }
  return readEach(column, type, names);
}

/** Value by value: what lies in several pieces, and types that have none of their own here. */
function readEach(column: Column<unknown>, type: DataType & { precision?: number }, names?: readonly string[]): Vector {
  const valid = column.nullCount ? new Uint8Array(column.length) : null;
  let i = 0;
  if (valid) for (const value of column) valid[i++] = value === null ? 0 : 1;
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
      const isLarge = values.some((value) => typeof value === "bigint" && (value > LARGEST || value < -LARGEST));
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

/** A bitmap as one byte for each row. */
function bits(bitmap: Uint8Array, n: number): Uint8Array {
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = (bitmap[i >> 3] >> (i & 7)) & 1;
  return out;
}
