// Where are the instances, as typed arrays? The questions to SQL and their answers; a density where there are too many to draw.
import {
  Query,
  avg,
  column,
  count as countRows,
  isBetween,
  isNotNull,
  literal,
  mode,
  sql,
  type FilterExpr,
} from "@uwdata/mosaic-sql";
import type { Table } from "@uwdata/flechette";
import type { Colouring } from "./colouring";

/** So many points are drawn one by one; above, a density. */
export const MOST_POINTS = 120_000;
/** Edge of a bin of the density on the screen, in CSS pixels. */
export const BIN = 4;

export interface Points {
  n: number;
  row: Int32Array;
  x: Float32Array;
  y: Float32Array;
  /** What they are coloured by: the codes are of its entries. */
  colouring: Colouring;
  /** The entry of the colouring each has. */
  code: Uint8Array;
  /** How many have each entry. */
  counts: Int32Array;
  /** The order of drawing: shuffled by a seed, so that no class always lies on top. */
  order: Int32Array;
}

export interface Bounds {
  x: string;
  y: string;
  /** Only this part of the plane, or null for all. */
  within: readonly [number, number, number, number] | null;
}

function inside({ x, y, within }: Bounds): FilterExpr[] {
  if (!within) return [isNotNull(column(x))];
  return [isBetween(column(x), [within[0], within[2]]), isBetween(column(y), [within[1], within[3]])];
}

/** Nothing at all, for a question that has no answer now: a question has to be asked all the same. */
export const NOTHING: FilterExpr = literal(false);

export function countInside(bounds: Bounds, filter: FilterExpr): Query {
  return Query.from("instances")
    .select({ all: countRows(), here: countRows().where(sql`${column(bounds.x)} IS NOT NULL`) })
    .where(filter);
}

export function countWithin(bounds: Bounds, filter: FilterExpr): Query {
  return Query.from("instances")
    .select({ here: countRows() })
    .where(filter, ...inside(bounds));
}

export function points(bounds: Bounds, colour: string | null, filter: FilterExpr): Query {
  return Query.from("instances")
    .select({ row: column("row"), x: column(bounds.x), y: column(bounds.y), ...(colour ? { colour: column(colour) } : {}) })
    .where(filter, ...inside(bounds));
}

export function rowsOf(bounds: Bounds, filter: FilterExpr): Query {
  return Query.from("instances")
    .select({ row: column("row") })
    .where(filter, ...inside(bounds));
}

function numbers<T extends Int32Array | Float32Array>(table: Table, name: string, make: (n: number) => T): T {
  const found = table.getChild(name)?.toArray() as ArrayLike<number> | undefined;
  const out = make(table.numRows);
  if (found) for (let i = 0; i < out.length; i++) out[i] = Number(found[i]);
  return out;
}

export function readPoints(table: Table, colouring: Colouring): Points {
  const n = table.numRows;
  const code = new Uint8Array(n);
  const counts = new Int32Array(colouring.entries.length);
  const values = colouring.column ? table.getChild("colour") : null;
  if (values) {
    let i = 0;
    for (const value of values) code[i++] = colouring.code(value);
  }
  for (let i = 0; i < n; i++) counts[code[i]] += 1;
  return {
    n,
    row: numbers(table, "row", (k) => new Int32Array(k)),
    x: numbers(table, "x", (k) => new Float32Array(k)),
    y: numbers(table, "y", (k) => new Float32Array(k)),
    colouring,
    code,
    counts,
    order: shuffled(n),
  };
}

export function readRows(table: Table): Int32Array {
  return numbers(table, "row", (n) => new Int32Array(n));
}

/** 0 … n − 1 in an order that is the same each time. */
export function shuffled(n: number, seed = 1): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let state = seed >>> 0 || 1;
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 4294967296) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

export interface Grid {
  /** Corner of the first bin, and the size of all. */
  x: number;
  y: number;
  step: number;
  across: number;
  down: number;
}

export interface Density extends Grid {
  counts: Uint32Array;
  colouring: Colouring;
  /** The entry of each bin: of its commonest value, or of its mean. */
  code: Uint8Array;
  most: number;
  n: number;
}

/** Instances by bin of a grid, counted where the data is, with the bin's commonest value or its mean. */
export function density(bounds: Bounds, grid: Grid, colouring: Colouring, filter: FilterExpr): Query {
  const bin = (name: string, low: number) => sql`FLOOR((${column(name)} - ${low}) / ${grid.step})::INTEGER`;
  const [bx, by] = [bin(bounds.x, grid.x), bin(bounds.y, grid.y)];
  const colour = colouring.column === null ? null : column(colouring.column);
  return Query.from("instances")
    .select({ bx, by, n: countRows(), ...(colour ? { colour: colouring.kind === "amounts" ? avg(colour) : mode(colour) } : {}) })
    .where(filter, ...inside(bounds))
    .groupby(bx, by);
}

export function readDensity(table: Table, grid: Grid, colouring: Colouring): Density {
  const counts = new Uint32Array(grid.across * grid.down);
  const code = new Uint8Array(counts.length);
  const [bx, by, n] = ["bx", "by", "n"].map((name) => table.getChild(name)?.toArray() as ArrayLike<number | bigint>);
  const colour = colouring.column === null ? null : table.getChild("colour");
  let [most, total] = [0, 0];
  for (let i = 0; i < table.numRows; i++) {
    const [x, y, value] = [Number(bx[i]), Number(by[i]), Number(n[i])];
    if (x < 0 || y < 0 || x >= grid.across || y >= grid.down) continue;
    const bin = y * grid.across + x;
    counts[bin] = value;
    if (colour) code[bin] = colouring.code(colour.at(i));
    most = Math.max(most, value);
    total += value;
  }
  return { ...grid, counts, colouring, code, most, n: total };
}

/** The nearest point to a place on the screen, within a reach; −1 if there is none. */
export function nearest(sx: Float32Array, sy: Float32Array, x: number, y: number, reach: number): number {
  let [best, at] = [reach * reach, -1];
  for (let i = 0; i < sx.length; i++) {
    const [dx, dy] = [sx[i] - x, sy[i] - y];
    const distance = dx * dx + dy * dy;
    if (distance < best) [best, at] = [distance, i];
  }
  return at;
}

/** The nearest point in a direction (within 50° of it), from a place on the screen; −1 if there is none. */
export function nearestTowards(
  sx: Float32Array,
  sy: Float32Array,
  x: number,
  y: number,
  dx: number,
  dy: number,
  size: { width: number; height: number },
): number {
  let [best, at] = [Infinity, -1];
  for (let i = 0; i < sx.length; i++) {
    if (sx[i] < 0 || sy[i] < 0 || sx[i] >= size.width || sy[i] >= size.height) continue;
    const [vx, vy] = [sx[i] - x, sy[i] - y];
    const distance = Math.hypot(vx, vy);
    if (distance < 0.75) continue;
    const along = (vx * dx + vy * dy) / distance;
    if (along < 0.64) continue;
    const cost = distance * (2 - along);
    if (cost < best) [best, at] = [cost, i];
  }
  return at;
}
