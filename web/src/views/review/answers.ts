// What Python says of a queue of instances, as it comes, and as the desk keeps it.
export type State = "open" | "confirmed" | "relabelled" | "excluded";

export interface Columns {
  queue: string;
  found: boolean;
  total: number;
  suspects: number;
  scores: string[];
  rows: number[];
  ids: string[];
  label: number[];
  was: number[];
  suggested: number[];
  score: (number | null)[];
  own: (number | null)[];
  other: (number | null)[];
  top: (number | null)[];
  state: State[];
  suspect: boolean[];
  split: (string | null)[] | null;
  others: Record<string, number | "excluded">[];
  pairs: Pair[];
}
export interface Pair {
  rows: [number, number];
  similarity: number | null;
  exact: boolean;
  distance: number | null;
}
export interface Item {
  row: number;
  id: string;
  /** Class indexes; −1 is no label. `was` is the label when it was judged by the model. */
  label: number;
  was: number;
  suggested: number;
  score: number | null;
  own: number | null;
  other: number | null;
  top: number | null;
  state: State;
  suspect: boolean;
  split: string | null;
  others: Record<string, number | "excluded">;
}
export interface Session {
  author: string;
  inspected: number;
  fixed: number;
  curve: [number, number][];
  random: number;
  promised: [number, number][];
  possible: [number, number][] | null;
  total: number;
  suspects: number;
  open: number;
}
export interface Annotators {
  authors: { name: string; judged: number }[];
  shared: number;
  disagreed: number;
  kappa: number | null;
  rows: { row: number; id: string; says: Record<string, string> }[];
}

export const QUEUES: Record<string, string> = {
  suspects: "all suspects, most suspicious first",
  cell: "one cell of the matrix",
  label: "one label",
  contradictory: "copies with two labels",
  leaks: "copies in two splits",
  copies: "all copies",
  outliers: "outliers: like no other instance",
  hard: "what the model is torn about",
  selection: "the selection",
  second: "judged by others, not by me",
  disagreed: "where annotators disagree",
};

export const SCORES: Record<string, string> = {
  combined: "chance of being wrong",
  self_confidence: "own probability low",
  margin: "margin to another class",
  entropy_weighted: "own probability over entropy",
  adjusted: "own probability, adjusted by class",
  neighbours: "neighbours with other labels",
};

export function itemsOf(columns: Columns): Item[] {
  return columns.rows.map((row, i) => ({
    row,
    id: columns.ids[i],
    label: columns.label[i],
    was: columns.was[i],
    suggested: columns.suggested[i],
    score: columns.score[i],
    own: columns.own[i],
    other: columns.other[i],
    top: columns.top[i],
    state: columns.state[i],
    suspect: columns.suspect[i],
    split: columns.split?.[i] ?? null,
    others: columns.others[i],
  }));
}
