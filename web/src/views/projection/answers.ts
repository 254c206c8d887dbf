// What does the Python half of the view answer? The shapes of its JSON, and the calls by name.
import type { Case } from "../../runtime/case.svelte";
import type { Job } from "../../runtime/wire";

export interface Method {
  name: "pca" | "umap";
  /** Whether a projection by it is at hand without waiting. */
  kept: boolean;
  /** What to install first, or null. */
  missing: string | null;
  /** Above so many instances a sample is projected. */
  sample: number;
}

interface Place {
  model: string;
  layer: string;
  instances: number;
  included: number;
  methods: Method[];
}

export interface Found extends Place {
  state: "found";
  key: string;
  created: string;
  columns: { x: string; y: string };
  method: "pca" | "umap";
  seed: number;
  part: string;
  n: number;
  units: number;
  seconds: number;
  trustworthiness: number | null;
  trust_sample: number;
  explained: [number, number] | null;
  /** Least x and y, greatest x and y. */
  extent: [number, number, number, number];
  changed: string[];
}

export type Summary = Found | (Place & { state: "missing" });

export interface Where {
  layer: string;
  model: string | null;
}

const ask = <T>(study: Case, name: string, args: object) => study.host.call<T>("projection", name, { ...args });

export const summary = (study: Case, where: Where) => ask<Summary>(study, "summary", where);
export const use = (study: Case, where: Where, method: string) => ask<{ used: boolean }>(study, "use", { ...where, method });
export const start = (study: Case, where: Where, method: string) => ask<Job>(study, "start", { ...where, settings: { method } });
