// What does the Python half of the view answer? The shapes of its JSON, and the calls by name.
import type { Case } from "../../runtime/case.svelte";
import type { Tree } from "../../runtime/filter";
import type { Job } from "../../runtime/wire";

/** A subset a graph is drawn of: which instances, and in what words. */
export interface Subset {
  tree: Tree;
  text: string;
}

export interface Settings {
  mass: number;
  weight: "count" | "total";
  negative: "relu" | "shift" | "abs";
  layers: string[];
}

export type Side = "both" | "a" | "b";

export interface GraphNode {
  id: string;
  layer: string;
  unit: number;
  side: Side;
  /** For A, and for B if there is one. */
  sides: { count: number; rank: number | null; kept: boolean }[];
  picture: string | null;
  /** A crop of what the unit looks at; else the whole picture of its strongest instance. */
  cropped: boolean;
  /** Pictures made to excite it. */
  made: string[];
  rows: number[];
  label: string | null;
  evidence: string;
  /** Its three strongest sources, in the graph or not. */
  sources: [string, number, number, number][];
}

export interface GraphEdge {
  source: string;
  target: string;
  via: string;
  side: Side;
  sides: ({ count: number; total: number } | null)[];
}

export interface LayerPlace {
  name: string;
  units: number;
  spatial: boolean;
  type: string;
}

/** How well the model does on a side. */
export interface SideStanding {
  /** Those with a label. */
  judged: number;
  /** Null where the model's classes are others. */
  correct: number | null;
  /** How probable the model finds the label, in 20 bins from 0 to 1. */
  histogram: number[];
}

interface Place {
  model: string;
  layers: LayerPlace[];
  /** Why influence cannot be measured now. */
  blocked: string | null;
  n: number[];
  /** For each side; none of an imported graph. */
  standing: SideStanding[];
  measured: boolean[];
  sampled: (number | null)[];
  included: number;
  /** Small enough to be measured unasked. */
  at_once: boolean;
}

export interface Found extends Place {
  state: "found";
  name?: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
  overlap: { layers: Record<string, [number, number, number]>; overall: [number, number, number] } | null;
  mass: (number | null)[];
  sizes: (number | null)[];
  messages: string[];
}

export type Summary = Found | (Place & { state: "missing" | "empty" });

export interface Where {
  a: Tree;
  b: Tree | null;
  settings: Settings;
}

export interface Control {
  draws: number;
  n: [number, number];
  apart: number;
  units: number;
  most: number;
  histogram: number[];
  p_value: number;
  refused: boolean;
  distinct: number;
  distinct_p: number;
  words: string;
  /** By node: gap, widest by chance, wider than chance. */
  gaps: Record<string, [number, number, boolean]>;
}

export interface Ablation {
  before: number;
  after: number;
  random: number[];
  accurate_before: number;
  accurate_after: number;
  accurate_random: number;
  units: number;
  layers: string[];
  left_out: string[];
  instances: number;
  of: number;
  draws: number;
  fall: number;
  random_fall: [number, number, number];
  p_value: number;
  target: string;
}

export interface UnitAnswer {
  layer: string;
  unit: number;
  rows: number[];
  values: number[];
  wrong: boolean[];
  label: string | null;
  evidence: string;
  p_value: number;
  pooling: string;
  range: [number, number];
  histograms: (number[] | null)[];
  by_label: { label: string; mean: number; n: number }[];
  labels: number;
  crops: string[] | null;
  crop_rows: number[] | null;
  made: string[];
  blocked: string | null;
}

export interface Choices {
  classes: { label: string; n: number; wrong: number }[];
  n: number;
}

const ask = <T>(study: Case, name: string, args: object = {}) => study.host.call<T>("attribution", name, { ...args });

export const choices = (study: Case) => ask<Choices>(study, "choices");
export const summary = (study: Case, where: Where) => ask<Summary>(study, "summary", where);
export const start = (study: Case, where: Where) => ask<Job>(study, "start", where);
export const control = (study: Case, where: Where) => ask<Job>(study, "control", where);
export const ablate = (study: Case, a: Tree, settings: Settings) => ask<Job>(study, "ablate", { a, settings });
export const unitOf = (study: Case, layer: string, unit: number, a: Tree | null, b: Tree | null) =>
  ask<UnitAnswer>(study, "unit", { layer, unit, a, b });
export const instancesOf = (study: Case, layer: string, unit: number, where: Tree | null, settings: Settings) =>
  ask<{ rows: number[]; of: number }>(study, "instances", { layer, unit, where, settings });
export const cropUnits = (study: Case, units: Record<string, number[]>, each: number) => ask<Job>(study, "crop", { units, each });
export const visualize = (study: Case, units: Record<string, number[]>) => ask<Job>(study, "visualize", { units });
export const exported = (study: Case, a: Tree, settings: Settings) => ask<object>(study, "export", { a, settings });
export const offerFile = (study: Case, text: string, name: string) =>
  ask<{ key: string } | { refused: string }>(study, "offer_file", { text, name });
export const imported = (study: Case, key: string) => ask<Found>(study, "imported", { key });
