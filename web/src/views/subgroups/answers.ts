// What the Python half answers about groups; the same shapes as in underglass.views.subgroup_groups.
import type { Tree } from "../../runtime/filter";

export type Task = "rates" | "classes" | "numbers";

/** A group on the wire: by values of features, by a filter, or kept by the search that found it. */
export type Spec = { values: Record<string, number[]> } | { filter: Tree; name: string } | { kept: string; name: string };

export interface Metric {
  name: string;
  title: string;
  means: string;
  absent: string;
  direction: -1 | 0 | 1;
  share: boolean;
}

export interface FeatureInfo {
  name: string;
  values: string[];
  counts: number[];
  edges: number[] | null;
}

export interface Setup {
  available: string[];
  why: string | null;
  model: string;
  task: Task;
  classes: string[];
  focus: number | null;
  sides: { p: string; n: string };
  has_score: boolean;
  threshold: number;
  n: number;
  shown: number;
  unlabelled: number;
  unscored: number;
  features: FeatureInfo[];
  unusable: { name: string; reason: string }[];
  by: string[];
  min_size: number;
  metrics: Metric[];
  chosen: string[];
  searched: string[];
  notes: string[];
  /** The score that kept decisions came from; null where the score is none. */
  decided_from: string | null;
  /** Kept decisions that were set aside and can be taken back. */
  aside: string[];
}

export interface Leak {
  feature: string;
  told: number | null;
  values: number;
  reason: string | null;
}

/** One metric of many groups, a list a column; counts are null where the metric is no quotient of counts. */
export interface Column {
  value: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  count: number[] | null;
  of: number[] | null;
}

export interface Measured {
  size: number[];
  cells: [number, number, number, number][] | null;
  metrics: Record<string, Column>;
}

export type Distributions = Record<string, number[][]>;

export interface GroupsAnswer {
  n: number;
  shown: number;
  unlabelled: number;
  unscored: number;
  /** How many are decided otherwise than by the score as it came; null where that cannot be told. */
  changed: number | null;
  all: Measured;
  all_distributions: Distributions | null;
  groups: Measured & { name: string[]; spec: Spec[] };
  distributions: Distributions | null;
}

export interface GroupAnswer extends Measured {
  name: string;
  tree: Tree;
  distributions: Distributions | null;
}

export interface Making {
  by: { feature: string; values: number[] | null }[];
}

/** One number with its interval and what it was counted in. */
export interface Rate {
  value: number | null;
  low: number | null;
  high: number | null;
  count: number | null;
  of: number | null;
}

/** A group as the page holds it. */
export interface Group {
  name: string;
  spec: Spec;
  size: number;
  cells: [number, number, number, number] | null;
  rates: Record<string, Rate>;
  spread: Record<string, number[]> | null;
}

export interface Difference {
  metric: string;
  a: number | null;
  a_count: number | null;
  a_of: number | null;
  b: number | null;
  b_count: number | null;
  b_of: number | null;
  gap: number | null;
  gap_low: number | null;
  gap_high: number | null;
  clear: boolean | null;
}

export interface CompareAnswer {
  a: string;
  b: string;
  shared: number;
  sides: Measured;
  rows: Difference[];
}

export interface Card {
  name: string;
  spec: Spec;
  size: number;
  items: { feature: string; value: string; share: number; entropy: number | null; contribution: number | null }[];
  value: number | null;
  value_low: number | null;
  value_high: number | null;
  count: number | null;
  of: number;
  divergence: number | null;
  t: number | null;
  q: number | null;
}

export interface SuggestAnswer {
  how: How;
  metric: string;
  direction: -1 | 0 | 1;
  overall: number | null;
  tested: number;
  found: number;
  n: number;
  left_out: { feature: string; reason: string }[];
  cards: Card[];
  measured: Measured;
  distributions: Distributions | null;
  nodes:
    | {
        parent: number | null;
        depth: number;
        condition: string | null;
        leaf: number | null;
        size: number;
        value: number | null;
      }[]
    | null;
}

export interface SimilarCard {
  name: string;
  spec: Spec;
  size: number;
  divergence: number | null;
  mean_divergence: number | null;
  feature: string | null;
  pinned: string | null;
  similar: string | null;
}

export interface SimilarAnswer {
  how: string;
  features: number;
  cards: SimilarCard[];
  measured: Measured;
  distributions: Distributions | null;
}

export interface Gap {
  criterion: string;
  difference: number | null;
  difference_low: number | null;
  difference_high: number | null;
  ratio: number | null;
  ratio_low: number | null;
  ratio_high: number | null;
  lowest: string | null;
  highest: string | null;
  compared: number;
}

export interface Curve {
  name: string;
  size: number;
  positives: number;
  negatives: number;
  auc: number | null;
  auc_low: number | null;
  auc_high: number | null;
  average_precision: number | null;
  points: {
    threshold: (number | null)[];
    recall: (number | null)[];
    fpr: (number | null)[];
    precision: (number | null)[];
    selection_rate: (number | null)[];
  };
}

export interface SizeAnswer {
  name: string;
  size: number;
  value: number | null;
  rest: number | null;
  enough: number | null;
  points: { size: number; mean: number | null; low: number | null; high: number | null; defined: number; beyond: boolean }[];
}

export interface LearnAnswer {
  name: string;
  metric: string;
  points: { size: number; mean: number | null; low: number | null; high: number | null; rest: number | null }[];
}

export interface ModelsAnswer {
  a: string;
  b: string;
  n: number;
  names: string[];
  sizes: number[];
  rows: (Difference & { group: number; differ: number })[];
}

export type How = "lattice" | "clusters" | "tree";

/** The groups of an answer, one object each. */
export function unpack(measured: Measured, names: string[], specs: Spec[], distributions: Distributions | null): Group[] {
  return measured.size.map((size, place) => ({
    name: names[place],
    spec: specs[place],
    size,
    cells: measured.cells?.[place] ?? null,
    rates: Object.fromEntries(
      Object.entries(measured.metrics).map(([metric, column]) => [
        metric,
        {
          value: column.value[place],
          low: column.low[place],
          high: column.high[place],
          count: column.count?.[place] ?? null,
          of: column.of?.[place] ?? null,
        },
      ]),
    ),
    spread: distributions
      ? Object.fromEntries(Object.entries(distributions).map(([feature, rows]) => [feature, rows[place]]))
      : null,
  }));
}
