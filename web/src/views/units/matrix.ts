// Where does a cell of the matrix stand, how dark is it, and in which order do the columns come?

export type Sort =
  { by: "unit" } | { by: "cluster" } | { by: "row"; row: string } | { by: "difference"; row: string; other: string };
/** What the ramp spans: nothing to each unit's largest, nothing to the largest of all, or each unit's lowest to its largest. */
export type Scale = "unit" | "one" | "range";

/** One line of the matrix, as it is drawn. */
export interface Line {
  key: string;
  name: string;
  /** Instances; −1 if the row cannot be evaluated, null while it is not known. */
  n: number | null;
  problem: string | null;
  values: Float32Array | null;
  kind: "subset" | "instance" | "selection" | "pointed";
}

export const HEAD = 30;
export const ROW = 26;
const NARROWEST = 6;
const WIDEST = 22;
export const STEPS = 7;

/** How wide a column is so that all fit, within limits; beyond, the matrix scrolls. */
export function cellWidth(room: number, units: number): number {
  return Math.max(NARROWEST, Math.min(WIDEST, Math.floor(room / Math.max(1, units))));
}

/** Units in the order of the columns; those without a value last, equal ones by number. */
export function orderOf(units: number, sort: Sort, lines: readonly Line[], cluster: readonly number[] | null): Int32Array {
  const order = Int32Array.from({ length: units }, (_, i) => i);
  if (sort.by === "cluster") return cluster?.length === units ? Int32Array.from(cluster) : order;
  if (sort.by === "unit") return order;
  const of = (key: string) => lines.find((line) => line.key === key)?.values ?? null;
  const first = of(sort.row);
  const second = sort.by === "difference" ? of(sort.other) : null;
  if (!first || (sort.by === "difference" && !second)) return order;
  const value = (unit: number) => first[unit] - (second ? second[unit] : 0);
  return order.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
    return y - x || a - b;
  });
}

/** What the ends of the ramp stand for, unit by unit. */
export interface Ends {
  bottom: Float32Array;
  top: Float32Array;
}

export function endsOf(units: number, lines: readonly Line[], scale: Scale, two: boolean): Ends {
  const top = new Float32Array(units);
  const bottom = new Float32Array(units);
  if (scale === "range") {
    top.fill(-Infinity);
    bottom.fill(Infinity);
  }
  for (const { values, kind } of lines) {
    if (!values || kind === "pointed") continue;
    for (let unit = 0; unit < units; unit++) {
      const value = two && scale !== "range" ? Math.abs(values[unit]) : values[unit];
      if (value > top[unit]) top[unit] = value;
      if (scale === "range" && value < bottom[unit]) bottom[unit] = value;
    }
  }
  if (scale === "one") top.fill(top.reduce((a, b) => Math.max(a, b), 0));
  return { bottom, top };
}

/** Whether any value drawn is negative by more than a trace, so that a ramp with two sides says more. */
export function anyNegative(lines: readonly Line[]): boolean {
  let [low, high] = [0, 0];
  for (const { values } of lines) {
    for (const value of values ?? []) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low < -0.02 * high;
}

/** The step of a value: 0 to 6 upwards from the bottom, or −3 to 3 around nothing; null where there is no value. */
export function stepOf(value: number, bottom: number, top: number, two: boolean): number | null {
  if (Number.isNaN(value)) return null;
  if (!(top > bottom)) return 0;
  const share = Math.max(-1, Math.min(1, (value - bottom) / (top - bottom)));
  if (two) return Math.round(share * 3);
  return share <= 0 ? 0 : Math.min(STEPS - 1, 1 + Math.floor(share * (STEPS - 1) - 1e-6));
}

/** Columns that a window on the matrix shows. */
export function visible(scroll: number, room: number, width: number, units: number): [number, number] {
  return [Math.max(0, Math.floor(scroll / width)), Math.min(units, Math.ceil((scroll + room) / width))];
}

/** Every how many columns a unit's number fits over them. */
export function labelEvery(width: number, units: number): number {
  const needed = 7 * String(Math.max(0, units - 1)).length + 8;
  const every = Math.ceil(needed / width);
  return every <= 1 ? 1 : every <= 2 ? 2 : every <= 5 ? 5 : Math.ceil(every / 10) * 10;
}
