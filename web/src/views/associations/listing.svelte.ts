// Which measures are shown, which labels are listed and in which order: ranges, names, marks, lasso, ticks and likeness together.
import { message } from "../../runtime/case.svelte";
import { Latest } from "../../runtime/turns";
import type { Props } from "../../runtime/view";
import type { Summary } from "./answers";
import { labelsInside, readLasso, type Lasso, type Places } from "./lasso";
import { keyOf, usual, type Measure } from "./measures";
import { kept, matching, orderBy, sortKey, together, within, type Condition } from "./ordering";
import type { Reading } from "./reading.svelte";
import { readMeasures, readSort, tellMeasures, type Sort } from "./remembering";

const DRAWN_LINES = 60;

export class Listing {
  measures = $state.raw<Measure[]>([]);
  sort = $state.raw<Sort>({ key: "", down: true });
  pattern = $state("");
  patternNot = $state(false);
  /** The labels inside the lasso; and its line, as long as the map it was drawn on is the one that is shown. */
  area = $state.raw<Uint8Array | null>(null);
  lasso = $state.raw<Lasso | null>(null);
  showHidden = $state(false);
  onlyFlagged = $state(false);
  ticked = $state.raw<ReadonlySet<number>>(new Set());
  likeness = $state.raw<{ label: number; distance: Float64Array } | null>(null);
  sortMilliseconds = 0;
  /** Identities and sources the list was made for. */
  #identities: string | null = null;
  #sides: string | null = null;
  #drawnOn: Places | null = null;
  readonly #likes = new Latest();

  constructor(
    readonly reading: Reading,
    readonly given: Props,
  ) {
    if (typeof given.names === "string") this.pattern = given.names;
    this.patternNot = given.not === true;
    this.lasso = readLasso(given.lasso);
  }

  readonly n = $derived.by(() => this.reading.names.length);
  /** Null where the pattern is no regular expression. */
  readonly byName = $derived.by(() => (this.pattern ? matching(this.reading.names, this.pattern) : null));
  readonly holds = $derived.by(() => {
    const { reading, n, byName, patternNot, area, showHidden, onlyFlagged } = this;
    const conditions = this.measures.flatMap((one): Condition[] => {
      const column = reading.columns.get(keyOf(one));
      return one.range && column ? [{ holds: within(column.sides, one.range, one.nulls), not: one.not, join: one.join }] : [];
    });
    const found = together(conditions, n);
    for (let i = 0; i < n; i += 1) {
      if (byName && (byName[i] === 1) === patternNot) found[i] = 0;
      if (area && !area[i]) found[i] = 0;
      if (!showHidden && reading.hidden.has(i)) found[i] = 0;
      if (onlyFlagged && !reading.flagged.has(i)) found[i] = 0;
    }
    return found;
  });
  readonly whole = $derived.by(() => {
    const start = performance.now();
    const found = this.#ordered();
    this.sortMilliseconds = performance.now() - start;
    return found;
  });
  readonly order = $derived.by(() => kept(this.whole, this.holds));
  /** Labels drawn as lines: the ticked ones, or the first of the list. */
  readonly lines = $derived.by(() => (this.ticked.size ? [...this.ticked] : Array.from(this.order.subarray(0, DRAWN_LINES))));
  readonly gap = $derived.by(() => this.measures.find((one) => one.b !== null) ?? null);
  /** What the order rests on. */
  readonly place = $derived.by(() =>
    JSON.stringify([
      this.sort,
      this.likeness?.label,
      this.measures,
      this.pattern,
      this.patternNot,
      this.onlyFlagged,
      this.area !== null,
    ]),
  );

  #ordered(): Uint32Array {
    const { n, sort, reading } = this;
    const asListed = () => Uint32Array.from({ length: n }, (_, i) => i);
    if (this.likeness) return orderBy(this.likeness.distance, !sort.down);
    if (sort.key === "count") {
      const key = new Float64Array(n).fill(NaN);
      for (const { total } of reading.counts)
        for (let i = 0; i < n; i += 1) if (total[i] >= 0 && !(key[i] >= total[i])) key[i] = total[i];
      return orderBy(key, sort.down);
    }
    if (sort.key === "name") {
      const compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
      const order = asListed().sort((i, j) => compare(reading.names[i], reading.names[j]));
      return sort.down ? order : order.reverse();
    }
    const column = reading.columns.get(sort.key);
    return column ? orderBy(sortKey(column.sides, sort.down), sort.down) : asListed();
  }

  /** Begin with the address, or with the usual measures; anew for other identities. Tells whether the labels are others, so that marks are let go. */
  follow(summary: Summary, metrics: string[]): boolean {
    const identities = JSON.stringify(summary.identities);
    const sides = JSON.stringify(summary.sides.map((side) => side.name));
    if (identities !== this.#identities) {
      const given = this.#identities === null ? readMeasures(this.given.measures, metrics, summary.identities.length) : null;
      this.measures = given ?? usual(summary.identities.length);
      const sort = this.#identities === null ? readSort(this.given.sort, this.measures) : null;
      this.sort = sort ?? this.#usualSort();
    }
    const other = identities !== this.#identities || sides !== this.#sides;
    if (other) {
      this.ticked = new Set();
      this.#unlike();
      if (this.#identities !== null) this.keep(null);
    }
    [this.#identities, this.#sides] = [identities, sides];
    return other;
  }

  #usualSort(): Sort {
    return { key: this.measures.length ? keyOf(this.measures[0]) : "count", down: true };
  }

  /** What another person needs to see the same list; nothing of what is as the view begins. */
  remembered(identities: number): Props {
    const told = tellMeasures(this.measures);
    const begun = JSON.stringify(told) === JSON.stringify(tellMeasures(usual(identities)));
    const { key, down } = this.likeness ? this.#usualSort() : this.sort;
    const first = this.#usualSort();
    return {
      measures: begun ? null : told,
      sort: key === first.key && down === first.down ? null : { key, down },
      names: this.pattern || null,
      not: this.patternNot || null,
      lasso: this.lasso,
    };
  }

  /** Keep the labels inside a line; none lets all be listed again. */
  keep(lasso: Lasso | null): void {
    const { places } = this.reading;
    this.area = lasso && places ? labelsInside(lasso, places) : null;
    this.lasso = this.area ? lasso : null;
    this.#drawnOn = places;
  }

  /** A map has come: an address's lasso is drawn on it; on another map than its own, a line says nothing. */
  mapped(places: Places): void {
    if (this.lasso && this.area === null) this.keep(this.lasso);
    else if (this.#drawnOn && !alike(this.#drawnOn, places)) this.lasso = null;
  }

  /** Sort by likeness no longer, nor when an answer comes that was asked for before. */
  #unlike(): void {
    this.#likes.forget();
    this.likeness = null;
  }

  sortBy(key: string): void {
    this.#unlike();
    this.sort = this.sort.key === key ? { key, down: !this.sort.down } : { key, down: true };
  }

  change(at: number, next: Partial<Measure>): void {
    this.measures = this.measures.map((one, i) => (i === at ? { ...one, ...next } : one));
  }

  add(one: Measure): void {
    this.measures = [...this.measures, one];
    this.sort = { key: keyOf(one), down: true };
    this.#unlike();
    void this.reading.fetch([one]);
  }

  remove(at: number): void {
    this.measures = this.measures.filter((_, i) => i !== at);
    if (!["count", "name", "likeness"].includes(this.sort.key) && !this.measures.some((one) => keyOf(one) === this.sort.key))
      this.sort = this.#usualSort();
  }

  tick(labels: number[], on: boolean): void {
    const next = new Set(this.ticked);
    for (const label of labels)
      if (on) next.add(label);
      else next.delete(label);
    this.ticked = next;
  }

  /** Take away every range and mark that keeps labels from the list. */
  showAll(): void {
    this.measures = this.measures.map((one) => ({ ...one, range: null, nulls: false }));
    this.keep(null);
    [this.pattern, this.onlyFlagged, this.showHidden] = ["", false, true];
  }

  /** Sort by likeness to a label; once more, by unlikeness. */
  async similarTo(label: number): Promise<void> {
    const newest = this.#likes.begin();
    if (this.likeness?.label === label) {
      this.sort = { ...this.sort, down: !this.sort.down };
      return;
    }
    try {
      const distance = new Float64Array(await this.reading.call<ArrayBuffer>("similar", { label }));
      if (!newest()) return;
      this.likeness = { label, distance };
      this.sort = { key: "likeness", down: true };
    } catch (error) {
      this.reading.study.say(message(error), { wrong: true });
    }
  }
}

function alike(one: Places, other: Places): boolean {
  const same = (a: Float32Array, b: Float32Array) => a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
  return one === other || (same(one.x, other.x) && same(one.y, other.y));
}
