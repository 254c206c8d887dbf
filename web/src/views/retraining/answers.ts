// What Python says of a comparison of labels before and after, as it comes.
export interface Score {
  count: number;
  before: number | null;
  after: number | null;
  fixed: number;
  broken: number;
  p: number;
}
export interface Named extends Score {
  name: string;
}
export interface Moved {
  row: number;
  label: string | null;
  before: string;
  after: string;
  kind: "fixed" | "broken" | "other";
}
interface Place {
  relabelled: number;
  excluded: number;
  layers: string[];
  own: string | null;
}
export interface Missing extends Place {
  state: "missing";
}
export interface Found extends Place {
  state: "found";
  key: string;
  created: string;
  changed: string[];
  settings: { layer: string; trainer: string; keep_advised: boolean; seed: number };
  overall: Score;
  classes: Named[];
  subsets: Named[];
  trained: number;
  relabelled_then: number;
  kept_out: number;
  converged: boolean;
  own_split: boolean;
  words: string;
  seconds: number;
  moved: Moved[];
}
export type Summary = Missing | Found;
