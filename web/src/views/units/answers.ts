// What does the Python half of the view answer? The shapes of its JSON and bytes, and the calls by name.
import type { Case } from "../../runtime/case.svelte";
import type { Tree } from "../../runtime/filter";
import type { Job } from "../../runtime/wire";

/** What makes a row: a subset's filter, one instance, or the instances on which a unit fires. */
export type Spec = { tree: Tree } | { row: number } | { fires: number; above: number; layer: string };

export interface LayerSummary {
  layer: string;
  units: number;
  shape: number[];
  part: string;
  parts: string[];
  low: (number | null)[];
  high: (number | null)[];
  dead: number[];
  /** A unit and the earlier one it is like. */
  twins: [number, number][];
  /** Instances without activations. */
  unread: number;
  /** The subsets to start with. */
  groups: { column: string; values: string[]; of: number } | null;
}

/** Rows of the matrix: what each unit does, NaN where there is no instance. */
export interface MatrixRows {
  counts: number[];
  problems: Record<string, string>;
  units: number;
  shown: number;
  order: number[] | null;
  means: Float32Array[];
  deviations: Float32Array[];
}

export interface Extreme {
  row: number;
  value: number;
  wrong: boolean;
}

export interface ClassLine {
  name: string;
  n: number;
  mean: number | null;
  counts: number[];
}

export interface Unit {
  layer: string;
  unit: number;
  part: string;
  n: number;
  spatial: boolean;
  shape: number[];
  dead: boolean;
  low: number;
  high: number;
  twins: number[];
  name: string | null;
  evidence: string;
  strongest: Extreme[];
  weakest: Extreme[];
  classes: ClassLine[];
  bins: number;
  picture:
    | { state: "missing"; blocked: string | null }
    | {
        state: "kept";
        samples: number;
        width: number;
        height: number;
        activation: number[];
        peak: number[];
        best: number;
        measured: boolean;
        words: string;
      };
  /** Why there are no crops, or null. */
  crops: string | null;
  /** Why nothing can be projected back to the pixels, or null. */
  projections: string | null;
}

export interface Suggestion {
  name: string;
  kind: "pattern" | "errors" | "unit";
  spec: Spec;
  n: number;
  class: string | null;
  deviation: number;
  chance: number;
}

export interface GraphNode {
  type: string;
  layers: string[];
  layer: string | null;
  units: number | null;
  shape: number[];
  captured: boolean;
  column: number;
  row: number;
}

export interface ModelGraph {
  model: string;
  nodes: GraphNode[];
  edges: { from: number; to: number; bends: [number, number][] }[];
  columns: number;
  rows: number;
  /** Why only the order of the layers is known. */
  reason: string | null;
}

export interface Sample {
  row: number[];
  label: number[];
  prediction: number[];
  score: (number | null)[];
  own: boolean[];
  n: number;
  of: number;
  marked: number;
}

const ask = <T>(study: Case, name: string, args: object, signal?: AbortSignal) =>
  study.host.call<T>("units", name, { ...args }, signal);

export const summary = (study: Case, layer: string, part: string | null) => ask<LayerSummary>(study, "summary", { layer, part });
export const unit = (study: Case, layer: string, one: number, part: string | null, within: Tree | null) =>
  ask<Unit>(study, "unit", { layer, unit: one, part, within });
export const suggest = (study: Case, layer: string, part: string | null, within: Tree | null) =>
  ask<{ found: Suggestion[]; n: number; of: number; tried: number }>(study, "suggest", { layer, part, within });
export const quantiles = (study: Case, column: string, parts: number, within: Tree | null) =>
  ask<{ column: string; parts: { name: string; tree: Tree }[] }>(study, "quantiles", { column, parts, within });
export const sample = (study: Case, within: Tree | null) => ask<Sample>(study, "sample", { within });
export const graph = (study: Case) => ask<ModelGraph>(study, "graph", {});
export const startPictures = (study: Case, layer: string, units: number[]) => ask<Job>(study, "start_pictures", { layer, units });

export async function rows(
  study: Case,
  layer: string,
  specs: Spec[],
  options: { part: string | null; within: Tree | null; cluster?: boolean },
  signal?: AbortSignal,
): Promise<MatrixRows> {
  return decode(await ask<ArrayBuffer>(study, "rows", { layer, rows: specs, ...options }, signal));
}

/** Length of the head, the head as JSON, then float32: all means row by row, all deviations row by row. */
export function decode(bytes: ArrayBuffer): MatrixRows {
  const size = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, size))) as Omit<MatrixRows, "means" | "deviations">;
  const count = head.counts.length;
  const line = (at: number) => new Float32Array(bytes, 4 + size + 4 * at * head.units, head.units);
  return {
    ...head,
    means: Array.from({ length: count }, (_, at) => line(at)),
    deviations: Array.from({ length: count }, (_, at) => line(count + at)),
  };
}

/** A unit's kept pictures side by side. */
export async function picture(study: Case, layer: string, one: number): Promise<ImageBitmap | null> {
  const bytes = await ask<ArrayBuffer>(study, "picture", { layer, unit: one });
  return bytes.byteLength ? createImageBitmap(new Blob([bytes], { type: "image/png" })) : null;
}

/** The instances of a row of the matrix within what is shown, ascending. */
export async function members(
  study: Case,
  layer: string,
  spec: Spec,
  options: { part: string | null; within: Tree | null },
  signal?: AbortSignal,
): Promise<Int32Array> {
  return new Int32Array(await ask<ArrayBuffer>(study, "members", { layer, spec, ...options }, signal));
}

/** Square tiles in a row, one for each instance asked for. */
export interface Tiles {
  tile: number;
  sheet: ImageBitmap;
  /** Activation functions without a rule of their own, where tiles are projections. */
  others?: string[];
}

/** The part of each picture that the unit's peak looks at, or what of the picture excites the unit. */
export async function peaks(
  study: Case,
  what: "crops" | "projections",
  layer: string,
  one: number,
  wanted: number[],
): Promise<Tiles> {
  const bytes = await ask<ArrayBuffer>(study, what, { layer, unit: one, rows: wanted });
  const size = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, size))) as Omit<Tiles, "sheet">;
  return { ...head, sheet: await createImageBitmap(new Blob([bytes.slice(4 + size)], { type: "image/png" })) };
}
