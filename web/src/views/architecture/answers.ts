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

export const ask = (study: Case, model: string | undefined) => study.host.call<Answer>("architecture", "graph", { model });
export const measureTimes = (study: Case, model: string) => study.host.call<Job>("architecture", "measure_times", { model });
