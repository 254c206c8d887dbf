// How rates, differences and groups are written in the subgroups view.
import { count, number } from "../../runtime/format";
import type { Group, Metric, Rate } from "./answers";

/** A share: "43 %", "< 1 %", "–" where there is none. */
export function percent(value: number | null | undefined): string {
  if (value == null) return "–";
  if (value > 0 && value < 0.005) return "< 1 %";
  if (value < 1 && value > 0.995) return "> 99 %";
  return `${Math.round(100 * value)} %`;
}

/** A value of a metric in its own unit. */
export function written(value: number | null | undefined, metric: Metric): string {
  if (value == null) return "–";
  return metric.share ? percent(value) : number(value);
}

/** A signed difference, in points for shares: "+24", "−5"; `fine` keeps a tenth of a point. */
export function signed(value: number | null | undefined, metric: Metric, fine = false): string {
  if (value == null) return "–";
  if (!metric.share) return `${value > 0 ? "+" : ""}${number(value)}`;
  const points = fine ? Math.round(1000 * value) / 10 : Math.round(100 * value);
  return points === 0 ? "0" : `${points > 0 ? "+" : "−"}${Math.abs(points)}`;
}

/** What a rate was counted in: "177 of 924"; why there is none. */
export function counted(rate: Rate | undefined, metric: Metric): string {
  if (!rate) return "";
  if (rate.value === null) return rate.of === 0 ? `0 of 0: ${metric.absent}` : metric.absent;
  return rate.count === null || rate.of === null ? "" : `${count(rate.count)} of ${count(rate.of)}`;
}

/** Worst first by the metric's own direction; where neither end is worse, highest first. */
export function worstFirst(groups: Group[], metric: Metric): Group[] {
  const known = groups.filter((group) => group.rates[metric.name]?.value != null);
  const sign = metric.direction === 1 ? 1 : -1;
  return known.sort((a, b) => sign * (a.rates[metric.name].value! - b.rates[metric.name].value!));
}

/** An edge of a bin, to three digits where it has more: "34.394" is "34.4". */
function edge(text: string): string {
  const at = Number(text);
  return Number.isInteger(at) || Math.abs(at) >= 1000 ? text : String(Number(at.toPrecision(3)));
}

/** A bin as short as it can be said: "25–35", "< 25", "≥ 55"; any other value as it is. */
export function value(label: string): string {
  const parts = /^(?:(-?[\d.e+-]+) to )?below (-?[\d.e+-]+)$/.exec(label);
  if (parts) return parts[1] === undefined ? `< ${edge(parts[2])}` : `${edge(parts[1])}–${edge(parts[2])}`;
  const above = /^(-?[\d.e+-]+) and above$/.exec(label);
  return above ? `≥ ${edge(above[1])}` : label;
}

/** A group's values alone, for a label at a mark: "Black, Male". */
export function brief(name: string): string {
  return name
    .split(", ")
    .map((part) => value(part.slice(part.indexOf(" = ") < 0 ? 0 : part.indexOf(" = ") + 3)))
    .join(", ");
}

/** q in words: how much of what was found so clearly is chance. */
export function chance(q: number | null): string {
  if (q === null) return "no test";
  if (q < 0.001) return "q < .001";
  return `q = ${q < 0.1 ? q.toFixed(3).replace(/^0/, "") : q.toFixed(2).replace(/^0/, "")}`;
}

/** The view's finding in a sentence. */
export function finding(metric: Metric, drawn: Group[], pinned: Group | null, hovered: Group | null): string {
  const of = (group: Group) => {
    const rate = group.rates[metric.name];
    const counts = counted(rate, metric);
    return `${written(rate?.value, metric)}${counts ? ` (${counts})` : ""}`;
  };
  const [what, whom] = metric.means.split(", of those ");
  const sides = [pinned, hovered].filter((one): one is Group => one !== null);
  if (sides.length === 2 && sides[0].name === sides[1].name) sides.pop();
  const told = sides.map((group) => `${of(group)} in ${brief(group.name)}`).join(", and ");
  if (sides.length) return whom ? `Of those ${whom}, ${told} are ${what}.` : `${metric.title}: ${told}.`;
  const order = worstFirst([...drawn], metric);
  if (order.length < 2) return order.length ? `${metric.title} is ${of(order[0])} in ${brief(order[0].name)}.` : "";
  const [first, last] = [order[0], order[order.length - 1]];
  return `${metric.title} goes from ${of(first)} in ${brief(first.name)} to ${of(last)} in ${brief(last.name)}.`;
}
