// The finding in a sentence: both ends of the first measure, with counts and intervals, without a verdict.
import { count } from "../../runtime/format";
import { keyOf, METRIC_NAMES, signed, type Measure } from "./measures";
import type { Reading } from "./reading.svelte";

export function finding(reading: Reading, one: Measure | undefined): string {
  const { summary } = reading;
  const column = one && reading.columns.get(keyOf(one));
  if (!summary || !column || !one) return "";
  const { value, low, high, reason } = column.sides[0];
  let [most, least] = [-1, -1];
  let clear = 0;
  let known = 0;
  for (let i = 0; i < value.length; i += 1) {
    if (reason[i] || !Number.isFinite(value[i])) continue;
    known += 1;
    if (low[i] > 0 || high[i] < 0) clear += 1;
    if (most < 0 || value[i] > value[most]) most = i;
    if (least < 0 || value[i] < value[least]) least = i;
  }
  if (most < 0) return `None of the ${count(value.length)} labels has a value of this measure.`;
  const metric = METRIC_NAMES[one.metric] ?? one.metric;
  const a = summary.identities[one.a];
  const counts = reading.counts[0];
  const both = (label: number) => {
    const first = counts.joint[one.a]?.[label] ?? -1;
    const second = typeof one.b === "number" ? (counts.joint[one.b]?.[label] ?? -1) : -1;
    return first < 0 ? "" : `; ${count(first)}${second < 0 ? "" : ` against ${count(second)}`} items`;
  };
  const told = (label: number) =>
    `${reading.names[label]} (${signed(value[label])}${Number.isNaN(low[label]) ? "" : `, ${signed(low[label])} to ${signed(high[label])}`}${both(label)})`;
  const about = Number.isNaN(low[most])
    ? ""
    : ` ${count(clear)} of ${count(known)} intervals exclude 0; about ${count(Math.round(0.05 * known))} would by chance.`;
  if (one.b === null) return `By ${metric}, ${a} goes most with ${told(most)} and least with ${told(least)}.${about}`;
  const b = one.b === "rest" ? "the others" : summary.identities[one.b];
  return `By ${metric}, ${told(most)} goes most with ${a}, and ${told(least)} most with ${b}.${about}`;
}
