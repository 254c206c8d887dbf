// How a column of numbers or times is cut into bins with edges a person can read.
import type { Binning } from "../../runtime/selection.svelte";

const NICE = [1, 2, 2.5, 5, 10];

/** About `wanted` bins with a round width, from a round edge at or below `low` to one above `high`. */
export function niceBins(column: string, low: number, high: number, wanted = 20, whole = false): Binning {
  if (!(high > low)) return { column, low: whole ? low : low - 0.5, step: 1, bins: 1 };
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = power * (NICE.find((factor) => factor * power >= rough) ?? 10);
  if (whole) step = Math.max(1, Math.round(step));
  const start = Math.floor(low / step) * step;
  const bins = Math.max(1, Math.floor((high - start) / step) + 1);
  return { column, low: Number(start.toPrecision(12)), step: Number(step.toPrecision(12)), bins };
}

/** The edges of a binning: bins + 1 numbers. */
export function edges({ low, step, bins }: Binning): number[] {
  return Array.from({ length: bins + 1 }, (_, i) => Number((low + i * step).toPrecision(12)));
}
