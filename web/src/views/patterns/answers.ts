// What does the Python half of the view answer? The shapes of its JSON, and the calls by name.
import type { Case } from "../../runtime/case.svelte";
import type { Job } from "../../runtime/wire";

export interface Settings {
  parts: string[];
  min_size: number;
  min_samples: number;
  epsilon: number;
  selection: "leaf" | "eom";
  normalize_units: boolean;
  reduce: "auto" | "none" | number;
  most: number;
  unit: number | null;
}

/** The served columns of one result. */
export interface Columns {
  pattern: string;
  stability: string;
  outlier: string;
}

interface Place {
  model: string;
  layer: string;
  unit: number | null;
  units: number;
  /** Poolings that were captured. */
  poolings: string[];
  defaults: Settings;
  instances: number;
  /** The shape of one instance's output of this layer, (units, …space). */
  shape: number[];
}

/** A result that is there. */
export interface Found extends Place {
  state: "found";
  key: string;
  columns: Columns;
  settings: Settings;
  count: number;
  /** Instances that were clustered. */
  n: number;
  none: number;
  persistence: number[];
  size: number[];
  seconds: number;
  created: string;
  /** What has changed since, in words; empty while it holds. */
  changed: string[];
  advice: string | null;
  components: number | null;
  explained: number;
  averages: { width: number; height: number; of: number } | { reason: string };
}

/** No result yet; `seconds` is what it will take, about. */
export interface Missing extends Place {
  state: "missing";
  seconds: number;
  /** Why it cannot be found now, or null. */
  blocked: string | null;
}

export type Summary = Found | Missing;

/** Quartiles, whiskers and mean of some units within one group, each as a share of the unit's largest activation. */
export interface Boxes {
  n: number;
  mean: number[];
  q1: number[];
  median: number[];
  q3: number[];
  low: number[];
  high: number[];
}

export interface Statistics {
  /** The units drawn, ascending. */
  units: number[];
  /** How many units the layer has. */
  of: number;
  /** Units left out because no group moves them by more than .05. */
  quiet: number;
  /** Whether only the units that deviate most are drawn. */
  ranked: boolean;
  part: string;
  /** Mean over all clustered instances. */
  all: number[];
  /** What each unit is divided by: its largest magnitude. */
  scale: number[];
  groups: Record<string, Boxes>;
}

export interface UnitMaps {
  shape: number[];
  /** Mean map of each asked group, flat; null where there is none. */
  groups: Record<string, (number | null)[]>;
  low: number;
  high: number;
}

export interface TopUnits {
  units: number[];
  rows: number[][];
  values: number[][];
}

/** A result of any model's layer, for following and comparing. */
export interface Known {
  model: string;
  layer: string;
  unit: number | null;
  key: string;
  columns: Columns;
  count: number;
  n: number;
  none: number;
  size: number[];
  persistence: number[];
  /** Width and height of its average images, null where there are none. */
  average: [number, number] | null;
}

export interface Where {
  layer: string;
  unit?: number | null;
  model?: string | null;
}

const ask = <T>(study: Case, name: string, args: object) => study.host.call<T>("patterns", name, { ...args });
/** A place alone, of whatever carries one. */
const at = ({ layer, unit = null, model = null }: Where): Where => ({ layer, unit, model });

export const summary = (study: Case, where: Where) => ask<Summary>(study, "summary", at(where));
export const use = (study: Case, where: Where, settings: Partial<Settings>) =>
  ask<{ used: boolean }>(study, "use", { ...at(where), settings });
export const start = (study: Case, where: Where, settings: Partial<Settings>) =>
  ask<Job>(study, "start", { ...at(where), settings });
export const capture = (study: Case, layer: string) => ask<Job>(study, "capture", { layer });
export const statistics = (study: Case, where: Where, patterns: number[], quiet: boolean) =>
  ask<Statistics>(study, "statistics", { ...at(where), patterns, without_quiet: quiet });
export const unitMaps = (study: Case, where: Where, patterns: number[]) =>
  ask<UnitMaps>(study, "maps", { ...at(where), patterns });
export const top = (study: Case, where: Where, units: number[], k: number) =>
  ask<TopUnits>(study, "top", { ...at(where), units, k });
export const known = (study: Case) => ask<Known[]>(study, "known", {});
export const table = (study: Case, where: Where, what: "instances" | "patterns" | "units", format: "csv" | "parquet") =>
  ask<ArrayBuffer>(study, "table", { ...at(where), what, format });

/** The average images of all patterns, cut from one sheet. */
export async function averages(study: Case, where: Where): Promise<ImageBitmap | null> {
  const bytes = await ask<ArrayBuffer>(study, "averages", at(where));
  return bytes.byteLength ? createImageBitmap(new Blob([bytes], { type: "image/png" })) : null;
}
