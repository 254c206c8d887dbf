// What Python says about the labels, as it comes.
export interface Cell {
  label: string;
  model: string;
  count: number;
  suspects: number;
  open: number;
  class_score: number;
  expected: number;
  systematic: boolean;
  row: number;
  rows: number[];
  histogram: number[];
  similarity: number | null;
  copies: boolean;
}
export interface LabelRow {
  label: string;
  given: number;
  predicted: number;
  wrong: number;
  missing: number;
  quality: number | null;
  suspects: number;
  open: number;
}
export interface Known {
  wrong: number;
  found: number;
  suspects: number;
  right: number;
  left: number;
}
interface Place {
  model: string;
  n: number;
  labelled: number;
  layers: string[];
  poolings: string[];
}
export interface Missing extends Place {
  state: "missing";
  would: { source: string; layer: string; given: boolean };
}
export interface Found extends Place {
  state: "found";
  key: string;
  created: string;
  changed: string[];
  settings: { source: string; layer: string; part: string };
  source: string;
  advice: string[];
  judged: number;
  suspects: number;
  open: number;
  threshold: number;
  expected_wrong: number;
  expected_among: number;
  cells: Cell[];
  labels: LabelRow[];
  noise: number[][] | null;
  weights: Record<string, number>;
  copies: { exact: number; contradictory: number; leaks: number; pairs: number } | null;
  outliers: number | null;
  known: Known | null;
  seconds: number;
}
export type Summary = Missing | Found;

/** How dark a cell is, 0 to 6, on a log scale from a tenth of the largest class score; 0 below. */
export function darkness(score: number, most: number): number {
  if (most <= 0 || score < most / 10) return 0;
  return Math.max(1, Math.min(6, Math.ceil(6 * (1 + Math.log10(score / most)) - 1e-9)));
}
