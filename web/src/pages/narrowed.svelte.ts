// A case as one tile shows it: for a filter of its own, or for another model. Everything else is the case itself: one selection,
// one journal, one coordinator.
import { Selection, type SelectionClause } from "@uwdata/mosaic-core";
import type { ClauseSource } from "@uwdata/mosaic-core";
import type { Case } from "../runtime/case.svelte";
import { columnTypes, parse, unknown, type Tree } from "../runtime/filter";
import type { Binning, Picks } from "../runtime/selection.svelte";
import type { ColumnInfo } from "../runtime/wire";
import { renamed, renamedTree, type Names } from "./renaming";

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
  const names = model && model !== study.info.model ? namesOf(study, model) : null;
  const columns = $derived(names ? columnsOf(study.info.columns, names, study.info.model) : study.info.columns);
  const info = $derived(names ? { ...study.info, model: model ?? null, columns } : study.info);
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
  const tree = read && names ? renamedTree(read, names) : read;
  const own = tree
    ? (): SelectionClause => ({ source, fields: [], value: filter, predicate: study.picks.expression(tree) })
    : null;
  const source: ClauseSource = {};
  const shown = following([study.picks.shown], own);
  const picked = following([study.picks.picked], own);

  const picks = over(study.picks, {
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
      study.picks.pickBins(from, { ...binning, column: names?.get(binning.column) ?? binning.column }, first, last, text),
    pickPoints: (from: ClauseSource, of: string[], values: (string | number | boolean | null)[][], text: string) =>
      study.picks.pickPoints(
        from,
        of.map((name) => names?.get(name) ?? name),
        values,
        text,
      ),
    pickTree: (from: ClauseSource, picked: Tree, text: string) =>
      study.picks.pickTree(from, names ? renamedTree(picked, names) : picked, text),
  } as Partial<Picks>);

  const seen = over(study, {
    picks,
    get info() {
      return info;
    },
    get model() {
      return info.models.find((one) => one.name === info.model) ?? info.models[0];
    },
    get whole() {
      return study;
    },
    get vocabulary() {
      return vocabulary;
    },
    column: (name: string) => info.columns.find((column) => column.name === name),
    ...(names ? { rename: (query: unknown, filter: unknown) => renamed(query, names, filter) } : {}),
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

/** Bare names that another model has columns for, and those columns. */
function namesOf(study: Case, model: string): Names {
  const known = study.info.models.map((one) => one.name);
  if (!known.includes(model)) throw new Error(unknown("model", model, known));
  const end = `@${model}`;
  const names = study.info.columns.flatMap(({ name }) =>
    name.endsWith(end) ? [[name.slice(0, -end.length), name] as const] : [],
  );
  return new Map(names);
}

/** The columns as they are called when another model is the active one. */
function columnsOf(columns: ColumnInfo[], names: Names, active: string | null): ColumnInfo[] {
  const theirs = new Set(names.values());
  return columns.flatMap((column) => {
    const other = names.get(column.name);
    if (other)
      return [
        { ...columns.find((one) => one.name === other)!, name: column.name },
        { ...column, name: `${column.name}@${active}` },
      ];
    return theirs.has(column.name) ? [] : [column];
  });
}

/** An object with some members in place of its own; everything else is done by the object itself. */
function over<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(base, key) {
      if (key in members) return Reflect.get(members, key);
      const value: unknown = Reflect.get(base, key, base);
      return typeof value === "function" ? (value as (...given: unknown[]) => unknown).bind(base) : value;
    },
    set: (base, key, value) => Reflect.set(base, key, value, base),
  });
}
