// What does a graph say, in a sentence, and in the words of its tooltips?
import { count, plural, share } from "../../runtime/format";
import type { Ablation, Control, Found, GraphNode } from "./answers";

export function question(texts: string[]): string {
  return texts.length === 2 ? `Which units make ${texts[0]}, and which ${texts[1]}?` : `Which units carry ${texts[0]}?`;
}

/** The finding; units that chance could set apart are counted where that was tested. */
export function finding(found: Found, nodes: GraphNode[], edges: number, texts: string[], control: Control | null): string {
  const all = nodes.length;
  if (!found.nodes.length) return "No unit is active for these instances.";
  if (!all) return "No unit is among the most active in as large a share of the instances.";
  if (found.overlap && texts.length === 2) {
    const [both, a, b] = (["both", "a", "b"] as const).map((side) => nodes.filter((node) => node.side === side).length);
    const own = nodes.filter((node) => node.side !== "both");
    const chance = control ? own.filter((node) => !control.gaps[node.id]?.[2]).length : null;
    const tested =
      chance === null || !own.length
        ? ""
        : `; ${chance === 0 ? "none" : count(chance)} of those could be chance${control?.refused ? ", and so could the whole difference" : ""}`;
    return `${count(both)} of ${plural(all, "unit")} ${both === 1 ? "is" : "are"} shared. ${count(a)} ${a === 1 ? "is" : "are"} in the graph of ${texts[0]} only, ${count(b)} in that of ${texts[1]} only${tested}.`;
  }
  const strongest = nodes.reduce((x, y) => (y.sides[0].count > x.sides[0].count ? y : x));
  const of = found.sizes[0];
  const often = of ? ` in ${share(strongest.sides[0].count, of)} of ${count(of)}` : ` ${count(strongest.sides[0].count)} times`;
  const ways = edges ? `, joined by ${plural(edges, "connection")}` : "";
  return `${plural(all, "unit")} in ${plural(new Set(nodes.map((node) => node.layer)).size, "layer")}${ways}. Unit ${strongest.unit} of ${strongest.layer} is among the most active${often}.`;
}

export function controlWords(control: Control, texts: string[]): string {
  const second = texts[1] ?? "all others";
  const chance = `Labels shuffled ${count(control.draws)} times between ${texts[0]} and ${second}. The most units that chance sets apart is ${count(control.most)}; these labels set ${count(control.apart)} of ${count(control.units)} apart.`;
  return control.refused
    ? `${chance} Over all units the two are no more distinct than random instances: what the graph shows is the network, not the difference.`
    : chance;
}

export function ablationWords(found: Ablation): string {
  const points = (value: number) =>
    `${Math.abs(100 * value).toFixed(0)} ${Math.round(Math.abs(100 * value)) === 1 ? "point" : "points"}`;
  const way = (value: number) => (value >= 0 ? "falls by" : "rises by");
  const [mean, low, high] = found.random_fall;
  const beyond = found.fall > high;
  const verdict = beyond
    ? "The graph’s units matter more than chance."
    : "That is within what random units do: the graph’s units matter no more than others.";
  return `Without the graph’s ${plural(found.units, "unit")} the score of ${found.target} ${way(found.fall)} ${points(found.fall)}; without as many random units it ${way(mean)} ${points(mean)} on average (${signed(low)} to ${signed(high)} points in 95 % of ${count(found.draws)} draws). ${verdict}`;
}

/** A fall in points, with a true minus; a rise is negative. */
export function signed(value: number): string {
  const points = Math.round(100 * value);
  return points < 0 ? `−${-points}` : `${points}`;
}

export function sideWords(node: GraphNode, sizes: (number | null)[], at: number): string {
  const of = sizes[at];
  return of ? `${share(node.sides[at].count, of)} of ${count(of)}` : `${count(node.sides[at].count)} instances`;
}

export function settingsWords(found: Found, negative: string): string {
  const mass = found.mass.filter((one) => one !== null).map((one) => `${Math.round(100 * one)} %`);
  const kept = mass.length ? `${[...new Set(mass)].join(" and ")} of the rank kept` : "";
  const sampled = found.sampled.some((one, i) => one !== null && one < found.n[i])
    ? `influence on a sample of ${found.sampled.map((one) => count(one ?? 0)).join(" and ")}`
    : "";
  const below = {
    relu: "negative activations count as 0",
    shift: "activations shifted to start at 0",
    abs: "activations by size",
  }[negative];
  return [kept, sampled, below].filter(Boolean).join(" · ");
}
