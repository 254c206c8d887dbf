// What does the projection say: its finding, what is drawn where not all is, and the names of what is picked by a colour.
import { count, plural, probability, share } from "../../runtime/format";
import type { Found } from "./answers";
import type { Colouring } from "./colouring";
import type { Counts } from "./gathering.svelte";
import { BIN, MOST_POINTS } from "./points";

export const NAMES = { pca: "PCA", umap: "UMAP" } as const;

/** How much of the layer the plane keeps, and whether near here is near there. */
export function finding(found: Found, shown: Counts): string {
  if (shown.all === 0) return "No instance is shown.";
  if (shown.here === 0) return `None of the ${plural(shown.all, "instance")} shown is in the projection.`;
  const method = NAMES[found.method];
  const kept = found.explained
    ? `${method} keeps ${share(found.explained[0] + found.explained[1], 1)} of the variance of ${plural(found.units, "unit")}.`
    : `${method} keeps neighbours together; distances between groups mean little.`;
  const trust = found.trustworthiness;
  if (trust === null) return `${kept} Too few instances to say whether neighbours here are neighbours in the layer.`;
  const often = trust >= 0.95 ? "nearly always" : trust >= 0.85 ? "mostly" : trust >= 0.7 ? "often" : "often not";
  return `${kept} Those near here are ${often} near in ${found.layer}: trustworthiness ${probability(trust)}.`;
}

export function limitsOf(found: Found): string {
  const trust =
    found.trustworthiness === null
      ? ""
      : `Trustworthiness ${probability(found.trustworthiness)} with 12 neighbours, measured on ${count(found.trust_sample)} instances. `;
  return `${trust}${count(found.n)} of ${count(found.instances)} instances are projected.`;
}

/** What stands under a density: what a bin's colour means, and how to come to points. */
export function densityWords(n: number, colouring: Colouring, picked: boolean): string {
  const bins = `${count(n)} instances in bins of ${BIN} px`;
  if (picked) return `${bins}; the more of a bin is selected, the bluer.`;
  const meaning = {
    categories: "the colour of a bin is its commonest value, paler is fewer (logarithmic)",
    amounts: "the colour of a bin is its mean",
    none: "darker is more (logarithmic)",
  }[colouring.kind];
  return `${bins}: ${meaning}. Zoom in until ${count(MOST_POINTS)} or fewer are seen to get points.`;
}

/** A selection made on the legend: "label Boot, Bag", "patterns 1, none of conv2", "wrong". */
export function pickWords(column: string, values: readonly unknown[]): string {
  const pattern = column.startsWith("pattern.");
  const say = (value: unknown) =>
    value === null
      ? "no value"
      : column === "correct"
        ? value
          ? "correct"
          : "wrong"
        : pattern && value === -1
          ? "none"
          : String(value);
  const list = values.map(say);
  if (pattern) return `${values.length > 1 ? "patterns" : "pattern"} ${list.join(", ")} of ${column.slice("pattern.".length)}`;
  return column === "correct" ? list.join(" or ") : `${column} ${list.join(", ")}`;
}

/** The value that a point is coloured by, where its tooltip does not say it anyway. */
export function valueWords(column: string | null, value: unknown): string {
  if (column === null || ["label", "prediction", "correct", "confidence"].includes(column)) return "";
  if (column.startsWith("pattern.")) {
    const place = column.slice("pattern.".length);
    return `${place}: ${value == null ? "not clustered" : Number(value) < 0 ? "in no pattern" : `pattern ${value}`}`;
  }
  return `${column} ${value == null ? "no value" : typeof value === "number" ? Number(value.toPrecision(4)) : String(value)}`;
}
