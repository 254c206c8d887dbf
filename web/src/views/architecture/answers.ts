// What does the Python half of the view answer? The shapes of its JSON, and the calls by name.
import type { Case } from "../../runtime/case.svelte";
import type { Job } from "../../runtime/wire";

export type Kind = "operation" | "module" | "series";
export type Flag = "input" | "output" | "constant" | "aside";

/** Columns of equal length; a part's place in them is its number everywhere. */
export interface Parts {
  id: string[];
  path: string[];
  type: string[];
  kind: Kind[];
  /** The part it stands in, −1 at the top. */
  parent: number[];
  shapes: number[][];
  parameters: number[];
  multiply_adds: number[];
  operations: number[];
  structure: number[];
  form: number[];
  flags: Flag[][];
}

export interface Tables {
  name: string;
  method: string;
  reason: string;
  notes: string[];
  parameters: number;
  multiply_adds: number;
  operations: number;
  levels: number;
  /** Outer before inner, sources before targets. */
  order: number[];
  parts: Parts;
  details: Record<string, { line: string; details: Record<string, string> }>;
  layers: Record<string, string[]>;
  captured: string[];
  edges: { source: number[]; target: number[]; shape: number[] };
  shapes: string[];
  sizes: (number | null)[];
}

export interface Numbers {
  name: string;
  unit: string;
  inside: "sum" | "mean" | "max" | "none";
  values: Record<string, number>;
}

export interface Times {
  seconds: Record<string, number>;
  spread: Record<string, number>;
  whole: number;
  instances: number;
  passes: number;
  threads: number;
  device: string;
  created: string;
}

export interface Answer {
  model: string;
  problem: string | null;
  graph: Tables | null;
  numbers: Numbers[];
  times: Times | null;
  untimed: string | null;
}

/** Spread of a weight's finite numbers; see `underglass.analyses.weight_summary`. */
export interface WeightSummary {
  count: number;
  finite: number;
  zeros: number;
  mean: number | null;
  deviation: number | null;
  low: number | null;
  high: number | null;
  bins: number[];
}

export interface Weights {
  problem: string | null;
  total: number;
  /** How many are told at once. */
  step: number;
  weights: {
    name: string;
    operation: string;
    shape: number[];
    kind: string;
    trained: boolean | null;
    summary: WeightSummary | null;
  }[];
  /** The parts that were asked for. */
  of?: string;
}

export const ask = (study: Case, model: string | undefined) => study.host.call<Answer>("architecture", "graph", { model });
export const measureTimes = (study: Case, model: string) => study.host.call<Job>("architecture", "measure_times", { model });
export const askWeights = (study: Case, model: string, parts: string[], start: number) =>
  study.host.call<Weights>("architecture", "weights", { model, parts, start });
