// How are the units of a group drawn as boxes? Paths for whiskers, quartiles and means, one each for a whole row.
import type { Boxes } from "./answers";

export interface BoxPaths {
  whiskers: string;
  quartiles: string;
  dots: string;
  ticks: string;
}

export interface Scale {
  width: number;
  height: number;
  low: number;
  high: number;
  units: number;
}

const PAD = 3;
/** Height of a box whose quartiles fall together, so that it is still seen. */
const LEAST = 3;

/** The middle of a unit's place, and the width its box may have. */
export function place(unit: number, { width, units }: Scale): { x: number; box: number } {
  const step = width / Math.max(1, units);
  return { x: (unit + 0.5) * step, box: Math.max(1, Math.min(6, step - 2.5)) };
}

export function heightOf(value: number, { height, low, high }: Scale): number {
  const span = high > low ? high - low : 1;
  return PAD + (height - 2 * PAD) * (1 - (value - low) / span);
}

/** The unit under a position, or null. */
export function unitAt(x: number, { width, units }: Scale): number | null {
  const unit = Math.floor((x / width) * units);
  return unit >= 0 && unit < units ? unit : null;
}

/** `shift` moves the boxes sideways within their place, from −1 to 1, for groups side by side; `slim` narrows them. */
export function boxPaths(boxes: Boxes, all: number[], scale: Scale, shift = 0, slim = 1): BoxPaths {
  const paths: BoxPaths = { whiskers: "", quartiles: "", dots: "", ticks: "" };
  const step = scale.width / Math.max(1, scale.units);
  for (let unit = 0; unit < scale.units; unit++) {
    const { x: middle, box } = place(unit, scale);
    const x = round(middle + (shift * step) / 2);
    const half = Math.max(0.5, (box * slim) / 2);
    const y = (value: number) => round(heightOf(value, scale));
    if (Number.isFinite(boxes.mean[unit])) {
      paths.whiskers += `M${x} ${y(boxes.low[unit])}V${y(boxes.high[unit])}`;
      const [top, bottom] = [y(boxes.q3[unit]), y(boxes.q1[unit])];
      const tall = Math.max(LEAST, round(bottom - top));
      const start = round((top + bottom - tall) / 2);
      paths.quartiles += `M${round(x - half)} ${start}h${round(2 * half)}v${tall}h${round(-2 * half)}z`;
      const r = Math.min(1.4, half);
      paths.dots += `M${round(x - r)} ${y(boxes.mean[unit])}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
    }
    if (Number.isFinite(all[unit])) {
      const reach = Math.max(2, Math.min(5, step / 2 - 0.5));
      paths.ticks += `M${round(middle - reach)} ${y(all[unit])}h${round(2 * reach)}`;
    }
  }
  return paths;
}

/** The range that all drawn groups need, with zero in it. */
export function rangeOf(groups: Iterable<Boxes>, all: number[]): [number, number] {
  let [low, high] = [0, 0];
  const take = (values: number[]) => {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  };
  for (const boxes of groups) {
    take(boxes.low);
    take(boxes.high);
    take(boxes.mean);
  }
  take(all);
  return high > low ? [low, high] : [0, 1];
}

const round = (value: number) => Math.round(value * 10) / 10;
