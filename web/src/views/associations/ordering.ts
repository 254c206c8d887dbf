// Sorting, filtering and counting a hundred thousand labels within a frame: plain arrays, no allocation per label.
import type { Values } from "./answers";

const DIGITS = 16;
const BUCKETS = 1 << DIGITS;

/** Positions in ascending order of numbers, stable; NaN last. Radix over the bits, so that time grows with n alone. */
export function ascending(values: Float64Array): Uint32Array {
  const n = values.length;
  const bits = new Uint32Array(new Float64Array(values).buffer);
  for (let i = 0; i < n; i += 1) {
    const high = bits[2 * i + 1];
    if (Number.isNaN(values[i])) {
      bits[2 * i] = bits[2 * i + 1] = 0xffffffff;
    } else if (high & 0x80000000 && values[i] !== 0) {
      bits[2 * i] = ~bits[2 * i];
      bits[2 * i + 1] = ~high;
    } else {
      bits[2 * i + 1] = (values[i] === 0 ? 0 : high) | 0x80000000;
    }
  }
  let from = Uint32Array.from({ length: n }, (_, i) => i);
  let to = new Uint32Array(n);
  const count = new Uint32Array(BUCKETS);
  for (let pass = 0; pass < 4; pass += 1) {
    const word = pass >> 1;
    const shift = (pass & 1) * DIGITS;
    count.fill(0);
    for (let i = 0; i < n; i += 1) count[(bits[2 * i + word] >>> shift) & (BUCKETS - 1)] += 1;
    let sum = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const here = count[bucket];
      count[bucket] = sum;
      sum += here;
    }
    for (let i = 0; i < n; i += 1) {
      const at = from[i];
      to[count[(bits[2 * at + word] >>> shift) & (BUCKETS - 1)]++] = at;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Over several sources: the largest value when sorting down, the least when sorting up; NaN where none has one. */
export function sortKey(sides: Values[], down: boolean): Float64Array {
  const n = sides[0]?.value.length ?? 0;
  const key = new Float64Array(n).fill(NaN);
  for (const { value, reason } of sides) {
    for (let i = 0; i < n; i += 1) {
      if (reason[i] || Number.isNaN(value[i])) continue;
      const now = key[i];
      if (Number.isNaN(now) || (down ? value[i] > now : value[i] < now)) key[i] = value[i];
    }
  }
  return key;
}

/** Positions by a key, downwards or upwards, missing ones last either way. */
export function orderBy(key: Float64Array, down: boolean): Uint32Array {
  if (!down) return ascending(key);
  const turned = new Float64Array(key.length);
  for (let i = 0; i < key.length; i += 1) turned[i] = -key[i];
  return ascending(turned);
}

/** One condition over the labels: 1 where it holds. */
export interface Condition {
  holds: Uint8Array;
  not: boolean;
  join: "and" | "or";
}

/** A label passes a measure if some source has it within the range, or, if asked for, without a value. */
export function within(sides: Values[], range: [number, number] | null, nulls: boolean): Uint8Array {
  const n = sides[0]?.value.length ?? 0;
  const holds = new Uint8Array(n);
  const [low, high] = range ?? [-Infinity, Infinity];
  for (const { value, reason } of sides) {
    for (let i = 0; i < n; i += 1) {
      if (reason[i] || Number.isNaN(value[i])) {
        if (nulls) holds[i] = 1;
      } else if (value[i] >= low && value[i] <= high) holds[i] = 1;
    }
  }
  return holds;
}

/** Conditions together: "not" binds most, then "and", then "or". Without conditions all hold. */
export function together(conditions: Condition[], n: number): Uint8Array {
  const result = new Uint8Array(n);
  if (!conditions.length) return result.fill(1);
  let group = new Uint8Array(n).fill(1);
  const close = () => {
    for (let i = 0; i < n; i += 1) result[i] |= group[i];
  };
  conditions.forEach(({ holds, not, join }, place) => {
    if (place && join === "or") {
      close();
      group = new Uint8Array(n).fill(1);
    }
    const flip = not ? 1 : 0;
    for (let i = 0; i < n; i += 1) group[i] &= holds[i] ^ flip;
  });
  close();
  return result;
}

/** The order without what does not hold. */
export function kept(order: Uint32Array, holds: Uint8Array): Uint32Array {
  let size = 0;
  const found = new Uint32Array(order.length);
  for (const at of order) if (holds[at]) found[size++] = at;
  return found.subarray(0, size);
}

export interface Shape {
  low: number;
  step: number;
  /** Labels in each bin, a row a source. */
  bins: Uint32Array[];
  /** Labels without a value by reason, a row a source. */
  nulls: Map<number, number>[];
}

/** How values are distributed: bins of a round width that cover all sources. */
export function shapeOf(sides: Values[], most = 48): Shape {
  let low = Infinity;
  let high = -Infinity;
  for (const { value, reason } of sides) {
    for (let i = 0; i < value.length; i += 1) {
      if (reason[i] || !Number.isFinite(value[i])) continue;
      if (value[i] < low) low = value[i];
      if (value[i] > high) high = value[i];
    }
  }
  if (low > high) [low, high] = [0, 0];
  const step = roundStep((high - low || 1) / most);
  const first = Math.floor(low / step);
  const size = Math.max(1, Math.floor(high / step) - first + 1);
  const start = first * step;
  const bins = sides.map(() => new Uint32Array(size));
  const nulls = sides.map(() => new Map<number, number>());
  sides.forEach(({ value, reason }, side) => {
    for (let i = 0; i < value.length; i += 1) {
      if (reason[i] || !Number.isFinite(value[i])) nulls[side].set(reason[i], (nulls[side].get(reason[i]) ?? 0) + 1);
      else bins[side][binOf(value[i], start, step, size)] += 1;
    }
  });
  return { low: start, step, bins, nulls };
}

export function binOf(value: number, low: number, step: number, size: number): number {
  return Math.max(0, Math.min(size - 1, Math.floor((value - low) / step + 1e-9)));
}

/** 1, 2 or 5 times a power of ten, at least as large as asked. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const times = [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-12)) ?? 10;
  return times * power;
}

/** Which names match a pattern; null where it is none. */
export function matching(names: string[], pattern: string): Uint8Array | null {
  let test: RegExp;
  try {
    test = new RegExp(pattern, "iu");
  } catch {
    return null;
  }
  return Uint8Array.from(names, (name) => (test.test(name) ? 1 : 0));
}
