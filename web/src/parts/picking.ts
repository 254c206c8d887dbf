// Picking instances one by one or as a range, on top of whatever is picked already.
import type { ClauseSource } from "@uwdata/mosaic-core";
import type { Case } from "../runtime/case.svelte";
import type { Tree } from "../runtime/filter";
import { plural } from "../runtime/format";
import type { Part } from "../runtime/selection.svelte";
import { Latest } from "../runtime/turns";

const SETTLE = 80;

/**
 * The selection as a person builds it by hand: what was picked elsewhere before (`base`), without the rows taken off it, and
 * the rows added. Each change becomes one part of the selection, so that it can be named, pinned and cleared like any other.
 * What was picked a moment ago is known here before it is drawn, so that quick hands are understood too.
 */
export class Handpicked {
  #base: { tree: Tree; text: string } | null = null;
  #added = new Set<number>();
  #removed = new Set<number>();
  /** Rows that a range has added since its anchor was set; a longer or shorter range replaces them. */
  #range = new Set<number>();
  #anchor: number | null = null;
  /** The selection's parts that `base` and our own rows account for: while no others come, they go on being built upon. */
  #accounted: readonly Part[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #changes = new Latest();
  readonly #ranges = new Latest();
  readonly #source: ClauseSource = { reset: () => this.#forget() };

  constructor(readonly study: Pick<Case, "picks" | "host" | "say">) {}

  /** Where a range starts: the place last picked by itself. */
  get anchor(): number | null {
    return this.#anchor;
  }

  /** Pick a row, or take it off the selection; `drawn` is whether it is drawn as picked, which an earlier change may have made untrue. */
  toggle(index: number, row: number, drawn: boolean): void {
    this.#settleBase();
    this.anchorAt(index);
    if (this.#isPicked(row, drawn)) {
      this.#added.delete(row);
      if (this.#base) this.#removed.add(row);
    } else this.#added.add(row);
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
    this.#ranges.forget();
    this.#range = new Set(rows);
    this.#later();
  }

  /** The same, once it is known which rows these are: unless another range, another choice or clearing came first. */
  async extendTo(rows: Promise<readonly number[]>): Promise<void> {
    this.#settleBase();
    const newest = this.#ranges.begin();
    const { anchor } = this;
    const found = await rows;
    this.#settleBase();
    if (!newest()) return;
    if (anchor === this.#anchor) return this.extend(found);
    for (const one of found) this.#added.add(one);
    this.#later();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #isPicked(row: number, drawn: boolean): boolean {
    if (this.#added.has(row) || this.#range.has(row)) return true;
    return this.#base !== null && drawn && !this.#removed.has(row);
  }

  /** Whatever else is picked becomes the base, and we start anew on it. */
  #settleBase(): void {
    const { picks } = this.study;
    if (same(picks.parts, this.#accounted)) return;
    this.#forget();
    this.#accounted = picks.parts;
    if (!picks.parts.length) return;
    const trees = picks.parts.map((part) => part.tree);
    this.#base = { tree: trees.length === 1 ? trees[0] : { op: "and", terms: trees }, text: picks.text };
  }

  #forget(): void {
    this.#base = null;
    this.#added.clear();
    this.#removed.clear();
    this.#range.clear();
    this.#accounted = [];
    this.#changes.forget();
    this.#ranges.forget();
    clearTimeout(this.#timer);
  }

  #later(): void {
    this.#changes.forget();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#apply(), SETTLE);
  }

  async #apply(): Promise<void> {
    const { picks, host } = this.study;
    const newest = this.#changes.begin();
    const added = [...new Set([...this.#added, ...this.#range])];
    const removed = [...this.#removed].filter((row) => !this.#added.has(row) && !this.#range.has(row));
    const base = this.#base;
    if (!base && !added.length) {
      picks.drop(this.#source);
      return this.#forget();
    }
    try {
      const [more, less] = await Promise.all([
        added.length ? host.pick({ rows: added }) : null,
        base && removed.length ? host.pick({ rows: removed }) : null,
      ]);
      if (!newest()) return;
      if (!this.#accounted.every(({ source, tree }) => picks.partOf(source)?.tree === tree)) return this.#forget(); // its base is gone
      const terms: Tree[] = base ? [base.tree] : [];
      if (less) terms.push({ op: "not", term: { op: "pick", name: less.name } });
      const left: Tree | undefined = terms.length > 1 ? { op: "and", terms } : terms[0];
      const picked: Tree | null = more && { op: "pick", name: more.name };
      const tree = left && picked ? ({ op: "or", terms: [left, picked] } as Tree) : ((picked ?? left) as Tree);
      const others = this.#accounted.filter((part) => part.source !== this.#source);
      picks.pickTree(this.#source, tree, words(base?.text ?? null, added.length, less ? removed.length : 0));
      for (const { source } of others) {
        picks.drop(source);
        source.reset?.();
      }
      this.#accounted = picks.parts.filter((part) => part.source === this.#source);
    } catch (error) {
      this.study.say(error instanceof Error ? error.message : String(error), { wrong: true });
    }
  }
}

/** Whether two lists hold the same choices; one that was only pinned is the same. */
function same(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every(({ source, tree }, i) => b[i].source === source && b[i].tree === tree);
}

function words(base: string | null, added: number, removed: number): string {
  const parts = [
    base,
    removed ? `without ${removed}` : null,
    added ? (base ? `and ${added} by hand` : plural(added, "instance")) : null,
  ];
  return parts.filter(Boolean).join(" ");
}
