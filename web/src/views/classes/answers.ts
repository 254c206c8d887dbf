// What does the Python half of the view answer? The shapes of its JSON, and the calls by name.
import type { Case } from "../../runtime/case.svelte";
import type { Job } from "../../runtime/wire";

export interface ClassStanding {
  code: number;
  label: string;
  n: number;
  /** Null where the model's classes are others. */
  correct: number | null;
  /** How probable the model finds the label, in 20 bins from 0 to 1. */
  histogram: number[];
}

export interface Summary {
  model: string;
  n: number;
  unlabelled: number;
  layers: { name: string; units: number }[];
  classes: ClassStanding[];
  /** Null for a class without instances. */
  places: Record<string, ([number, number] | null)[]>;
  method: "pca" | "umap";
  methods: { name: "pca" | "umap"; kept: boolean; missing: string | null }[];
}

const ask = <T>(study: Case, name: string, args: object = {}) => study.host.call<T>("classes", name, { ...args });

export const summary = (study: Case, method: string) => ask<Summary>(study, "summary", { method });
export const alike = (study: Case, layer: string, code: number) => ask<(number | null)[]>(study, "alike", { layer, code });
export const start = (study: Case, method: string) => ask<Job>(study, "start", { method });
