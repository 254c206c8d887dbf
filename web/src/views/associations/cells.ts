// Where a label's value, its interval and its bar stand in a cell that goes from −span to +span.
import type { Column, Reading } from "./reading.svelte";

export interface Cell {
  value: number;
  known: boolean;
  why: string;
  low: number;
  high: number;
  /** Percent of the cell's width. */
  from: number;
  width: number;
  interval: [number, number] | null;
  negative: boolean;
  crosses: boolean;
}

/** Half of what a column's cells show: the farthest value from 0. */
export function spanOf(column: Column | undefined): number {
  if (!column) return 1;
  const { low, step, bins } = column.shape;
  return Math.max(1e-12, Math.abs(low), Math.abs(low + step * bins[0].length));
}

export function cellOf(reading: Reading, column: Column, span: number, side: number, label: number): Cell {
  const { value, low, high, reason } = column.sides[side];
  const known = !reason[label] && Number.isFinite(value[label]);
  const place = (v: number) => 50 + (50 * Math.max(-span, Math.min(span, v))) / span;
  return {
    value: value[label],
    known,
    why: reading.offer?.reasons[reason[label]] || "no number",
    low: low[label],
    high: high[label],
    from: Math.min(50, place(value[label])),
    width: Math.abs(place(value[label]) - 50),
    interval: known && !Number.isNaN(low[label]) ? [place(low[label]), place(high[label])] : null,
    negative: value[label] < 0,
    crosses: low[label] <= 0 && high[label] >= 0,
  };
}
