// Where values of a metric lie on its strip.
import type { Group, Metric } from "./answers";

export interface Scale {
  low: number;
  high: number;
  ticks: number[];
}

/** Shares share one scale, 0 to 1; numbers go from the least to the most of what is drawn, zero with them. */
export function scaleOf(metric: Metric, groups: (Group | null)[]): Scale {
  if (metric.share) return { low: 0, high: 1, ticks: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] };
  const values = groups.flatMap((group) => {
    const rate = group?.rates[metric.name];
    return rate && rate.value !== null ? [rate.value] : [];
  });
  const reach = groups.slice(0, 3).flatMap((group) => {
    const rate = group?.rates[metric.name];
    return rate && rate.low !== null && rate.high !== null ? [rate.low, rate.high] : [];
  });
  const low = Math.min(0, ...values, ...reach);
  const high = Math.max(0, ...values, ...reach);
  if (!(high > low)) return { low: 0, high: 1, ticks: [0, 1] };
  const rough = (high - low) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough)!;
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) ticks.push(Number(at.toPrecision(12)));
  return { low, high, ticks };
}

/** Labels in one line that do not cover each other: those that fit, in the order given. */
export function fitting<T extends { x: number; width: number }>(labels: T[], gap = 6): T[] {
  const kept: T[] = [];
  for (const label of labels) {
    const free = kept.every((other) => Math.abs(other.x - label.x) >= (other.width + label.width) / 2 + gap);
    if (free) kept.push(label);
  }
  return kept;
}
