// What does the view say in words? Its finding, and what stands under a row's bars.
import { count, plural, share, shorten } from "../../runtime/format";
import type { Group, Totals } from "./counts";
import { NONE } from "./counts";

/** "Pattern 8", or "No pattern". */
export function nameOf(pattern: number): string {
  return pattern === NONE ? "No pattern" : `Pattern ${pattern}`;
}

/** "pattern 8 of conv2", as the selection bar says it. */
export function pickWords(patterns: number[], place: string): string {
  if (patterns.length === 1) return patterns[0] === NONE ? `in no pattern of ${place}` : `pattern ${patterns[0]} of ${place}`;
  const numbers = patterns.filter((pattern) => pattern !== NONE).sort((a, b) => a - b);
  const listed = numbers.length > 4 ? `${numbers.length} patterns` : `patterns ${numbers.join(", ")}`;
  return `${listed}${patterns.includes(NONE) ? " or none" : ""} of ${place}`;
}

/** The finding: how much of what is shown is in patterns, and what that means. */
export function finding(
  place: string,
  patterns: number,
  all: Totals,
  picked: Totals | null,
  best: [number, number] | null,
): string {
  if (all.clustered === 0)
    return all.all === 0 ? "No instance is shown." : `None of the ${plural(all.all, "instance")} shown was looked at.`;
  const held = `${plural(patterns, "pattern")} ${patterns === 1 ? "holds" : "hold"} ${count(all.inside)} of ${plural(all.clustered, "instance")}.`;
  const outside = all.none / all.clustered;
  let rest = "";
  if (patterns === 0) rest = ` ${place} shows no groups at these settings.`;
  else if (all.none === 0) rest = " None is left over.";
  else if (outside > 0.5)
    rest = ` The other ${share(all.none, all.clustered)} are in no pattern: ${place} has dense spots, not clean groups.`;
  else if (outside > 0.2) rest = ` The other ${share(all.none, all.clustered)} are in no pattern.`;
  else rest = ` Only ${share(all.none, all.clustered)} are in no pattern: ${place} sorts most instances into groups.`;
  return `${patterns === 0 ? `None of ${plural(all.clustered, "instance")} is in a pattern.` : held}${rest}${selection(picked, best)}`;
}

function selection(picked: Totals | null, best: [number, number] | null): string {
  if (!picked) return "";
  if (picked.all === 0) return " Nothing of it is selected.";
  if (best && best[1] === picked.all) return ` The selection is all in ${nameOf(best[0]).toLowerCase()}.`;
  const of = ` Of the ${count(picked.all)} selected,`;
  if (!best || picked.inside === 0) return `${of} none is in a pattern.`;
  const [pattern, n] = best;
  if (pattern === NONE) return `${of} ${count(picked.inside)} ${picked.inside === 1 ? "is" : "are"} in patterns.`;
  const others = picked.inside - n;
  const rest = [
    ...(others ? [`${count(others)} in ${others === 1 ? "another pattern" : "other patterns"}`] : []),
    ...(picked.none ? [`${count(picked.none)} in none`] : []),
  ];
  return `${of} ${count(n)} ${n === 1 ? "is" : "are"} in ${nameOf(pattern).toLowerCase()}${rest.length ? `, ${rest.join(" and ")}` : ""}.`;
}

/** What stands under a row's bars: "Sneaker 86, then 2 labels", "all ten, 113 to 198". */
export function barWords(group: Group, classes: readonly string[], word = "label"): string {
  const here = [...group.values].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  if (!here.length) return "none shown";
  const name = (value: string | null) => (value === null ? `no ${word}` : shorten(value, 14));
  const [[first, n], ...rest] = here;
  if (!rest.length) return `${name(first)} ${count(n)}`;
  const known = here.filter(([value]) => value !== null);
  if (known.length === classes.length && classes.length > 2 && n < 0.5 * group.n) {
    const least = Math.min(...known.map(([, k]) => k));
    return `all ${spelled(classes.length)}, ${count(least)} to ${count(n)}`;
  }
  if (rest.length === 1) return `${name(first)} ${count(n)}, ${name(rest[0][0])} ${count(rest[0][1])}`;
  return `${name(first)} ${count(n)}, then ${rest.length} ${word}s`;
}

function spelled(n: number): string {
  return (
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"][n] ?? String(n)
  );
}

/** A message that stands as a sentence of its own. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What the analysis advises, in the words of the settings. */
export function spoken(advice: string): string {
  const words: [RegExp, string][] = [
    [/\bmin_samples\b/g, "the neighbours"],
    [/\bmin_size\b/g, "the smallest pattern"],
    [/(\d)%/g, "$1 %"],
    [/noise share/g, "share in none"],
  ];
  return words.reduce((text, [from, to]) => text.replace(from, to), advice);
}
