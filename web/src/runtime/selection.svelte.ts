// What is shown (filter) and what is picked (selection): one pair for all views of a case.
import { Selection, clauseInterval, clausePoints, type ClauseSource, type SelectionClause } from "@uwdata/mosaic-core";
import { column, sql, type ExprNode } from "@uwdata/mosaic-sql";
import { binNumber, toExpression, type Columns, type Tree } from "./filter";
import { Latest } from "./turns";

/** One choice a person made in one place; a selection is all of them together. */
export interface Part {
  source: ClauseSource;
  tree: Tree;
  /** In words, for the selection bar: "confidence .5 to .8". */
  text: string;
  pinned: boolean;
}

/** How a histogram cuts a column: `bins` bins of width `step` from `low`, the last one closed. */
export interface Binning {
  column: string;
  low: number;
  step: number;
  bins: number;
}

/** What filters can speak of: the columns, and the server's table of each subset. */
export interface Vocabulary {
  columns: Columns;
  subsets: ReadonlyMap<string, string>;
}

export class Picks {
  /** What is shown: the typed filter, and no excluded instances. */
  readonly shown = Selection.intersect();
  /** What is picked, within what is shown. */
  readonly picked = Selection.intersect({ include: [this.shown] });
  parts = $state.raw<Part[]>([]);
  /** Whether anything is picked; effects that read it run again only when this turns, not at every brush. */
  readonly any = $derived(this.parts.length > 0);
  filter = $state.raw<{ tree: Tree; text: string } | null>(null);
  /** Whoever asks Python for what to pick begins here: the answer counts until something else is picked, asked for or cleared. */
  readonly asking = new Latest();
  #filterSource: ClauseSource = {};
  #excludedSource: ClauseSource = {};

  constructor(readonly vocabulary: () => Vocabulary) {
    this.shown.update({
      source: this.#excludedSource,
      fields: [],
      value: true,
      predicate: sql`NOT ${column("excluded")}`,
    });
  }

  /** The selection in words. */
  get text(): string {
    return this.parts.map((part) => part.text).join(" · ");
  }

  /** The picked instances as one filter tree; null when nothing is picked. */
  get tree(): Tree | null {
    if (!this.parts.length) return null;
    const terms: Tree[] = this.parts.map((part) => part.tree);
    if (this.filter) terms.push(this.filter.tree);
    terms.push({ op: "not", term: { op: "truth", column: "excluded" } });
    return { op: "and", terms };
  }

  /** A tree as a clause's expression. */
  expression(tree: Tree): ExprNode {
    const { columns, subsets } = this.vocabulary();
    return toExpression(tree, columns, subsets);
  }

  /** The number of a value's bin, the same expression wherever bins are counted or picked. */
  binOf({ column: name, low, step, bins }: Binning): ExprNode {
    return binNumber(name, low, step, bins, this.vocabulary().columns.get(name)?.kind === "time");
  }

  /** After an edit: subsets may stand in new tables, so clauses that name one are made anew. */
  renew(): void {
    if (this.filter && namesSubset(this.filter.tree)) this.setFilter(this.filter);
    for (const part of this.parts) {
      if (namesSubset(part.tree)) this.#put(this.#clauseOf(part.source, part.tree, part.text), part);
    }
  }

  /** Show only what a typed filter holds; null shows everything. */
  setFilter(filter: { tree: Tree; text: string } | null): void {
    this.filter = filter;
    this.shown.update({
      source: this.#filterSource,
      fields: [],
      value: filter?.text ?? null,
      predicate: filter ? this.expression(filter.tree) : null,
    });
  }

  /** Pick bins `first` to `last` of a histogram. */
  pickBins(source: ClauseSource, binning: Binning, first: number, last: number, text: string): void {
    const clause = clauseInterval(this.binOf(binning), [first, last], {
      source,
      scale: { type: "identity", domain: [0, binning.bins - 1], range: [0, binning.bins - 1] },
      pixelSize: 1,
    });
    this.#set(clause, { source, tree: { op: "bin", ...binning, first, last }, text, pinned: false });
  }

  /** Pick combinations of values, such as a cell of a matrix; null is a value. */
  pickPoints(source: ClauseSource, columns: string[], values: (string | number | boolean | null)[][], text: string): void {
    const clause = clausePoints(
      columns.map((name) => column(name)),
      values,
      { source },
    );
    const terms = values.map<Tree>((row) => ({
      op: "and",
      terms: row.map<Tree>((value, i) =>
        value === null ? { op: "null", column: columns[i] } : { op: "compare", column: columns[i], is: "=", value },
      ),
    }));
    const tree: Tree = terms.length === 1 ? terms[0] : { op: "or", terms };
    this.#set(clause, { source, tree, text, pinned: false });
  }

  /** Pick what any filter tree holds: a subset, a lasso's server table, a range. */
  pickTree(source: ClauseSource, tree: Tree, text: string): void {
    this.#set(this.#clauseOf(source, tree, text), { source, tree, text, pinned: false });
  }

  /** What a source has picked, if anything. */
  partOf(source: ClauseSource): Part | undefined {
    return this.parts.find((part) => part.source === source);
  }

  /** Take back what one source picked. */
  drop(source: ClauseSource): void {
    if (!this.partOf(source)) return;
    this.asking.forget();
    this.parts = this.parts.filter((part) => part.source !== source);
    this.picked.update({ source, fields: [], value: null, predicate: null });
  }

  togglePin(source: ClauseSource): void {
    this.parts = this.parts.map((part) => (part.source === source ? { ...part, pinned: !part.pinned } : part));
  }

  /** Take back the selection; what is pinned stays. */
  clear(): void {
    this.asking.forget();
    const going = this.parts.filter((part) => !part.pinned);
    this.parts = this.parts.filter((part) => part.pinned);
    for (const { source } of going) {
      source.reset?.();
      this.picked.update({ source, fields: [], value: null, predicate: null });
    }
  }

  /** Put a saved selection back, from trees and words. */
  restore(parts: { tree: Tree; text: string; pinned?: boolean }[]): void {
    this.clear();
    for (const { tree, text, pinned } of parts) {
      const source: ClauseSource = {};
      this.pickTree(source, tree, text);
      if (pinned) this.togglePin(source);
    }
  }

  #clauseOf(source: ClauseSource, tree: Tree, text: string): SelectionClause {
    return { source, fields: [], value: text, predicate: this.expression(tree) };
  }

  #set(clause: SelectionClause, part: Part): void {
    this.asking.forget();
    this.#put(clause, part);
  }

  #put(clause: SelectionClause, part: Part): void {
    const pinned = this.partOf(part.source)?.pinned ?? false;
    this.parts = [...this.parts.filter((other) => other.source !== part.source), { ...part, pinned }];
    this.picked.update(clause);
  }
}

function namesSubset(tree: Tree): boolean {
  return JSON.stringify(tree).includes('"subset"');
}
