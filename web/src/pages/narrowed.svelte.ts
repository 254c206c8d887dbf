// A case as one tile shows it: for a filter of its own, or for another model. Everything else is the case itself: one selection,
// one journal, one coordinator. For another model its columns stand in place of the active one's, in questions and in what is
// picked, and Python is told which model is meant.
import { Selection, type SelectionClause } from "@uwdata/mosaic-core";
import type { ClauseSource } from "@uwdata/mosaic-core";
import { untrack } from "svelte";
import type { Case } from "../runtime/case.svelte";
import { columnTypes, parse, unknown, type Tree } from "../runtime/filter";
import type { Host } from "../runtime/host";
import type { Binning, Part, Picks } from "../runtime/selection.svelte";
import type { ColumnInfo } from "../runtime/wire";
import { over } from "./over";
import { renamed, renamedTree, reversed, type Names } from "./renaming";

export interface ShownFor {
  filter?: string;
  model?: string;
}

/** What a tile is shown for, from its settings. */
export function shownFor(props: Record<string, unknown>): ShownFor | null {
  const given = props.shown_for as Record<string, unknown> | null | undefined;
  if (!given || typeof given !== "object") return null;
  const found: ShownFor = {};
  if (typeof given.filter === "string" && given.filter.trim()) found.filter = given.filter;
  if (typeof given.model === "string" && given.model) found.model = given.model;
  return found.filter || found.model ? found : null;
}

/**
 * The case as a tile shows it, and how to let go of it.
 *
 * Throws what is wrong with the filter, with the nearest name, or that there is no such model.
 */
export function narrowed(study: Case, { filter, model }: ShownFor): { case: Case; stop(): void } {
  const other = model && model !== study.info.model ? model : null;
  if (other && !study.info.models.some((one) => one.name === other))
    throw new Error(
      unknown(
        "model",
        other,
        study.info.models.map((one) => one.name),
      ),
    );
  const names = $derived(other ? namesOf(study, other) : null);
  const back = $derived(names ? reversed(names) : null);
  const columns = $derived(names ? columnsOf(study.info.columns, names) : study.info.columns);
  const info = $derived(other ? { ...study.info, model: other, columns, projections: [] } : study.info);
  const mine = $derived(info.models.find((one) => one.name === info.model) ?? info.models[0]);
  const captured = $derived(mine?.layers.filter((one) => one.captured).map((one) => one.name) ?? []);
  let layer = $state<string | null>(null);
  const host = other ? toldModel(study, other) : study.host;
  const nameIn = (name: string) => names?.get(name) ?? name;
  const types = $derived(columnTypes(columns));
  const vocabulary = {
    get columns() {
      return types;
    },
    get subsets() {
      return study.vocabulary.subsets;
    },
  };
  const read = filter ? parse(filter, vocabulary.columns, { subsets: [...vocabulary.subsets.keys()] }) : null;
  const tree = untrack(() => (read && names ? renamedTree(read, names) : read));
  const own = tree
    ? (): SelectionClause => ({ source, fields: [], value: filter, predicate: study.picks.expression(tree) })
    : null;
  const source: ClauseSource = {};
  const shown = following([study.picks.shown], own);
  const picked = following([study.picks.picked], own);

  /** What was picked, in the names that the tile speaks. */
  const seenPart = (part: Part): Part => (back ? { ...part, tree: renamedTree(part.tree, back) } : part);

  const picks = over(study.picks, {
    get parts() {
      return study.picks.parts.map(seenPart);
    },
    partOf: (from: ClauseSource) => {
      const part = study.picks.partOf(from);
      return part && seenPart(part);
    },
    shown: shown.selection,
    picked: picked.selection,
    get filter() {
      const base = study.picks.filter;
      if (!tree || !filter) return base;
      return base
        ? { tree: { op: "and", terms: [base.tree, tree] } as Tree, text: `${base.text} and ${filter}` }
        : { tree, text: filter };
    },
    get tree() {
      const base = study.picks.tree;
      return base && tree ? ({ op: "and", terms: [base, tree] } as Tree) : base;
    },
    pickBins: (from: ClauseSource, binning: Binning, first: number, last: number, text: string) =>
      study.picks.pickBins(from, { ...binning, column: nameIn(binning.column) }, first, last, text),
    pickPoints: (from: ClauseSource, of: string[], values: (string | number | boolean | null)[][], text: string) =>
      study.picks.pickPoints(from, of.map(nameIn), values, text),
    pickTree: (from: ClauseSource, picked: Tree, text: string) =>
      study.picks.pickTree(from, names ? renamedTree(picked, names) : picked, text),
  } as Partial<Picks>);

  const seen = over(study, {
    picks,
    get info() {
      return info;
    },
    get model() {
      return mine;
    },
    get whole() {
      return study;
    },
    get vocabulary() {
      return vocabulary;
    },
    // an answer of Python names columns as they are, which is not how this tile calls them
    column: (name: string) => info.columns.find((one) => one.name === name) ?? (other ? study.column(name) : undefined),
    host,
    get rename() {
      return names ? (query: unknown, filter: unknown) => renamed(query, names, filter) : undefined;
    },
    get layer() {
      if (!other) return study.layer;
      return [layer, study.layer].find((one) => one !== null && captured.includes(one)) ?? captured.at(-1) ?? null;
    },
    set layer(next: string | null) {
      if (other) layer = next;
      else study.layer = next;
    },
  } as unknown as Partial<Case>);

  // a subset that the filter names may stand in a new table after an edit
  const stopRenewing = $effect.root(() => {
    $effect(() => {
      void study.info.version;
      if (!own) return;
      const clause = own();
      shown.selection.update(clause);
      picked.selection.update(clause);
    });
  });
  return {
    case: seen,
    stop: () => {
      stopRenewing();
      shown.stop();
      picked.stop();
    },
  };

  function following(bases: Selection[], clause: (() => SelectionClause) | null) {
    const selection = Selection.intersect({ include: bases });
    for (const base of bases) for (const there of base.clauses) selection.update(there);
    if (clause) selection.update(clause());
    return {
      selection,
      // the selection it follows would else keep it for as long as the case is open
      stop: () => bases.forEach((base) => (base as unknown as { _relay: Set<Selection> })._relay.delete(selection)),
    };
  }
}

/** Python's answers, for another model wherever a call is told which. */
function toldModel(study: Case, model: string): Host {
  const call = <T>(view: string, name: string, args: Record<string, unknown> = {}, signal?: AbortSignal) => {
    const asked = untrack(() => study.info.views.find((one) => one.name === view)); // another card is no reason to ask again
    const told = asked?.by_model.includes(name);
    return study.host.call<T>(view, name, told ? { ...args, model } : args, signal);
  };
  return over(study.host, { call } as Partial<Host>);
}

/**
 * What columns are called when another model is the active one, and what they are.
 *
 * The bare names are its own; those of the active model end in its name, whether or not the other has such a column.
 */
function namesOf(study: Case, model: string): Names {
  const { columns, models, model: active } = study.info;
  const [end, away] = [`@${model}`, `@${active}`];
  const layers = models.find((one) => one.name === active)?.layers.map((one) => `.${one.name}`) ?? [];
  const there = new Set(columns.map((one) => one.name));
  const names: [seen: string, real: string][] = [];
  for (const { name } of columns) {
    if (name.endsWith(end)) names.push([name.slice(0, -end.length), name]);
    else if (there.has(name + end) || layers.some((layer) => name.endsWith(layer))) names.push([name + away, name]);
  }
  return new Map(names);
}

/** The columns under the names that they are called by. */
function columnsOf(columns: ColumnInfo[], names: Names): ColumnInfo[] {
  const seen = reversed(names);
  return columns.map((column) => ({ ...column, name: seen.get(column.name) ?? column.name }));
}
