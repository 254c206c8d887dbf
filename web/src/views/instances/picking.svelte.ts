// Picking instances one by one or as a range, on top of whatever is picked already.
import type { ClauseSource } from "@uwdata/mosaic-core";
import type { Case } from "../../runtime/case.svelte";
import type { Tree } from "../../runtime/filter";
import { plural } from "../../runtime/format";

const SETTLE = 80;

/**
 * The selection as a person builds it by hand: what was picked elsewhere before (`base`), rows added to it, rows taken off it.
 * Each change becomes one part of the selection, so that it can be named, pinned and cleared like any other.
 */
export class Handpicked {
  #base: { tree: Tree; text: string } | null = null;
  #added = new Set<number>();
  #removed = new Set<number>();
  /** Rows that a range has added since its anchor was set; a longer or shorter range replaces them. */
  #range = new Set<number>();
  #anchor: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #source: ClauseSource = { reset: () => this.#forget() };

  constructor(readonly study: Case) {}

  /** Where a range starts: the place last picked by itself. */
  get anchor(): number | null {
    return this.#anchor;
  }

  /** Pick a row, or take it off the selection. */
  toggle(index: number, row: number, picked: boolean): void {
    this.#settleBase();
    for (const one of this.#range) this.#added.add(one);
    this.#range.clear();
    this.#anchor = index;
    if (picked) {
      if (!this.#added.delete(row)) this.#removed.add(row);
    } else if (!this.#removed.delete(row)) this.#added.add(row);
    this.#later();
  }

  /** Where a range would start, before anything is picked. */
  anchorAt(index: number): void {
    for (const one of this.#range) this.#added.add(one);
    this.#range.clear();
    this.#anchor = index;
  }

  /** Pick all rows between the anchor and here. */
  extend(rows: readonly number[]): void {
    this.#settleBase();
    this.#range = new Set(rows);
    for (const row of rows) this.#removed.delete(row);
    this.#later();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Whatever else is picked becomes the base; when nothing of ours is left, we start anew. */
  #settleBase(): void {
    const { picks } = this.study;
    const mine = picks.partOf(this.#source);
    if (mine && picks.parts.length === 1) return;
    if (!mine) this.#forget();
    if (!picks.parts.length) return;
    const trees = picks.parts.map((part) => part.tree);
    this.#base = { tree: trees.length === 1 ? trees[0] : { op: "and", terms: trees }, text: picks.text };
    this.#added.clear();
    this.#removed.clear();
    this.#range.clear();
  }

  #forget(): void {
    this.#base = null;
    this.#added.clear();
    this.#removed.clear();
    this.#range.clear();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#apply(), SETTLE);
  }

  async #apply(): Promise<void> {
    const { picks, host } = this.study;
    const added = [...new Set([...this.#added, ...this.#range])];
    const removed = [...this.#removed];
    const base = this.#base;
    if (!base && !added.length) return picks.drop(this.#source);
    try {
      const [more, less] = await Promise.all([
        added.length ? host.pick({ rows: added }) : null,
        base && removed.length ? host.pick({ rows: removed }) : null,
      ]);
      let tree: Tree = more ? { op: "pick", name: more.name } : (base as { tree: Tree }).tree;
      if (base && more) tree = { op: "or", terms: [base.tree, tree] };
      if (less) tree = { op: "and", terms: [tree, { op: "not", term: { op: "pick", name: less.name } }] };
      const others = picks.parts.filter((part) => part.source !== this.#source);
      picks.pickTree(this.#source, tree, words(base?.text ?? null, added.length, less ? removed.length : 0));
      for (const { source } of others) {
        picks.drop(source);
        source.reset?.();
      }
    } catch (error) {
      this.study.say(error instanceof Error ? error.message : String(error), { wrong: true });
    }
  }
}

function words(base: string | null, added: number, removed: number): string {
  const parts = [
    base,
    added ? (base ? `and ${added} more` : plural(added, "instance")) : null,
    removed ? `without ${removed}` : null,
  ];
  return parts.filter(Boolean).join(" ");
}
