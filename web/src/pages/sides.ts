// What can one side of a comparison be shown for? Everything, a subset, what the other side is not, a model, or a typed filter.
import type { Case } from "../runtime/case.svelte";
import { FilterError, parse } from "../runtime/filter";
import type { ViewInfo } from "../runtime/wire";
import type { ShownFor } from "./narrowed.svelte";

/** What was chosen for a side: "all", "rest", "filter", or a name behind "subset:" or "model:". */
export interface Side {
  chosen: string;
  /** What is typed, where a filter was chosen. */
  filter: string;
}

/** The filter that holds a subset. */
export const subsetNamed = (name: string) => `in subset '${name.replaceAll("'", "''")}'`;

/** A filter as one says it: a subset by its name, anything else as it is typed. */
export function filterWords(filter: string): string {
  const subset = /^in subset '((?:[^']|'')*)'$/.exec(filter.trim());
  return subset ? `the subset ${subset[1].replaceAll("''", "'")}` : filter;
}

/** A side as a tile's setting; the rest is all that the other side's filter does not hold. */
export function toldOf(side: Side, other: Side): ShownFor {
  const [kind, name] = split(side.chosen);
  if (kind === "subset") return { filter: subsetNamed(name) };
  if (kind === "model") return { model: name };
  if (kind === "filter") return side.filter.trim() ? { filter: side.filter.trim() } : {};
  if (kind === "rest") {
    const { filter } = toldOf(other, { chosen: "all", filter: "" });
    return filter ? { filter: `not (${filter})` } : {};
  }
  return {};
}

/** A side in a word or two, for the title of its tile. */
export function wordsOf(side: Side, other: Side): string {
  const [kind, name] = split(side.chosen);
  if (kind === "subset" || kind === "model") return name;
  if (kind === "filter") return side.filter.trim() || "Everything";
  if (kind !== "rest") return "Everything";
  return `All but ${other.chosen === "rest" ? "everything" : wordsOf(other, side)}`;
}

/** Why a side cannot be drawn; null where it can. */
export function problemOf(side: Side, other: Side, study: Case, view: ViewInfo | undefined): string | null {
  const [kind, name] = split(side.chosen);
  if (kind === "model" && name !== study.info.model && !view?.beside) return alone(view);
  if (kind === "rest" && !toldOf(side, other).filter)
    return "All but everything is nothing: choose a subset or a filter for the other side.";
  if (kind !== "filter") return null;
  if (!side.filter.trim()) return "Type a filter.";
  try {
    parse(side.filter, study.vocabulary.columns, { subsets: [...study.vocabulary.subsets.keys()] });
    return null;
  } catch (error) {
    return error instanceof FilterError ? error.message : String(error);
  }
}

/** Why a view is drawn for the active model only, and what to do. */
export function alone(view: ViewInfo | undefined): string {
  const title = `“${view?.title ?? "This view"}”`;
  return (
    `${view?.alone ? `${title} ${view.alone}` : `${title} shows the active model only`}. ` +
    "Make the other model the active one, in the menu beside the case's name, or take another view."
  );
}

/** A filter that this case understands, as an example. */
export function exampleOf(study: Case): string {
  const named = study.info.columns.find((one) => one.type === "category" && one.categories?.length);
  if (named) return `${named.name} = '${named.categories![0].replaceAll("'", "''")}'`;
  return study.column("confidence") ? "confidence < .5" : "row < 100";
}

function split(chosen: string): [kind: string, name: string] {
  const at = chosen.indexOf(":");
  return at < 0 ? [chosen, ""] : [chosen.slice(0, at), chosen.slice(at + 1)];
}
