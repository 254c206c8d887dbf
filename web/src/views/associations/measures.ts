// A measure is a metric of one identity, or the gap of two: a column of the list, an axis, and, once narrowed, a filter.
import { number } from "../../runtime/format";

export interface Measure {
  metric: string;
  a: number;
  b: number | "rest" | null;
  /** Kept values, both ends included; null where not narrowed. */
  range: [number, number] | null;
  /** Whether labels without a value are kept too; only asked of a narrowed measure. */
  nulls: boolean;
  not: boolean;
  /** How it goes on from the condition before it: "or" begins a new group. */
  join: "and" | "or";
}

export const METRIC_NAMES: Record<string, string> = {
  dp: "share",
  jaccard: "Jaccard",
  sdc: "SDC",
  llr: "LLR",
  pmi: "PMI",
  npmi_y: "nPMI by label",
  npmi_xy: "nPMI",
  pmi2: "PMI²",
  tau_b: "Kendall τ",
  t_test: "t",
};

export const METRIC_WORDS: Record<string, string> = {
  dp: "of the items with the identity, the share that has the label; −, demographic parity",
  jaccard: "items with both, of those with either",
  sdc: "Sørensen–Dice without its factor 2: items with both, of both counted apart",
  llr: "log of the share of the label's items that have the identity",
  pmi: "log of how much oftener both occur than by chance",
  npmi_y: "PMI, divided by its most for this label",
  npmi_xy: "PMI from −1 (never together) over 0 (chance) to 1 (always)",
  pmi2: "PMI that favours frequent labels less",
  tau_b: "rank correlation of the two yes and no, −1 to 1",
  t_test: "how far both exceed chance, in deviations",
};

export function measure(metric: string, a: number, b: number | "rest" | null): Measure {
  return { metric, a, b, range: null, nulls: false, not: false, join: "and" };
}

export function keyOf({ metric, a, b }: Measure): string {
  return `${metric}@${a}${b === null ? "" : `|${b}`}`;
}

/** Such as "nPMI gap, man less woman". */
export function nameOf({ metric, a, b }: Measure, identities: string[]): string {
  const name = METRIC_NAMES[metric] ?? metric;
  if (b === null) return `${name} with ${identities[a]}`;
  return `${name} gap, ${identities[a]} less ${b === "rest" ? "mean of the others" : identities[b]}`;
}

/** All measures there can be, those of nPMI first. */
export function everyMeasure(metrics: string[], identities: number): Measure[] {
  const order = ["npmi_xy", ...metrics.filter((metric) => metric !== "npmi_xy")];
  const found: Measure[] = [];
  for (const metric of order) {
    for (let a = 0; a < identities; a += 1) {
      for (let b = a + 1; b < identities; b += 1) found.push(measure(metric, a, b));
      if (identities > 2) found.push(measure(metric, a, "rest"));
    }
    for (let a = 0; a < identities; a += 1) found.push(measure(metric, a, null));
  }
  return found;
}

/** What the view begins with: the gap of the first two, then each of them. */
export function usual(identities: number): Measure[] {
  if (identities === 0) return [];
  if (identities === 1) return [measure("npmi_xy", 0, null)];
  if (identities === 2) return [measure("npmi_xy", 0, 1), measure("npmi_xy", 0, null), measure("npmi_xy", 1, null)];
  return [measure("npmi_xy", 0, "rest"), measure("npmi_xy", 0, null), measure("npmi_xy", 1, null)];
}

/** A value with its sign, three digits: "+1.14", "−.038". */
export function signed(value: number): string {
  if (!Number.isFinite(value)) return number(value);
  const size = Math.abs(value);
  const text = size >= 10 ? size.toFixed(1) : size >= 1 ? size.toFixed(2) : size.toFixed(3).replace(/^0/, "");
  return /^[.0]+$/.test(text) ? "0" : `${value < 0 ? "−" : "+"}${text}`;
}
