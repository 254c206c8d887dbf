// The desk of one annotator: items, a cursor, marks, and judgements that show at once and are written one after the other.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
import { Latest, Queue } from "../../runtime/turns";
import type { EditRequest } from "../../runtime/wire";
import { itemsOf, type Columns, type Item, type Pair, type State } from "./answers";

export type Question = Record<string, unknown>;
export type Judgement = "confirm" | "label" | "exclude";

interface Done {
  index: number;
  before: Pick<Item, "row" | "label" | "state">[];
  words: string;
  /** Not written after all, so there is nothing to take back. */
  refused?: boolean;
}
const LATER = 250;

export class Desk {
  items = $state.raw<Item[]>([]);
  pairs = $state.raw<Pair[]>([]);
  scores = $state.raw<string[]>([]);
  total = $state<number | null>(null);
  cursor = $state(0);
  marked = $state.raw<ReadonlySet<number>>(new Set());
  low = $state(0);
  high = $state(1);
  /** What was done last, for the line under the pictures and for screen readers. */
  said = $state("");
  problem = $state<string | null>(null);
  /** No labels were judged yet: there is no queue. */
  missing = $state(false);
  waiting = $state(0);
  #done: Done[] = [];
  readonly #edits = new Queue();
  readonly #loads = new Latest();
  readonly #renewals = new Latest();
  #anchor = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #question = "";

  /** Made while a component is set up: it asks anew when the question changes, and takes in what others edit. */
  constructor(
    readonly study: () => Case,
    readonly question: () => Question,
  ) {
    const now = $derived(JSON.stringify({ ...question(), author: study().author }));
    $effect(() => {
      const asked = now;
      void study().version;
      untrack(() => {
        if (asked !== this.#question) void this.#load(asked);
        else this.#renewLater();
      });
    });
    $effect(() => () => clearTimeout(this.#timer));
  }

  get classes(): string[] {
    return this.study().info.classes;
  }

  /** The items within the range of probabilities: what is drawn. */
  readonly shown = $derived.by(() =>
    this.items.filter(({ top }) => top === null || (top >= this.low - 1e-9 && top <= this.high + 1e-9)),
  );

  get current(): Item | undefined {
    return this.shown[Math.min(this.cursor, this.shown.length - 1)];
  }

  /** What the next judgement is about: the marked, else the one under the cursor. */
  get target(): Item[] {
    const marked = this.shown.filter(({ row }) => this.marked.has(row));
    return marked.length ? marked : this.current ? [this.current] : [];
  }

  get judged(): number {
    return this.items.filter(({ state }) => state !== "open").length;
  }

  name(code: number): string {
    return code < 0 ? "no label" : this.classes[code];
  }

  move(to: number, extend = false): void {
    const next = Math.max(0, Math.min(this.shown.length - 1, to));
    if (extend) this.#extend(next);
    else this.#anchor = next;
    this.cursor = next;
  }

  toggle(index = this.cursor): void {
    const row = this.shown[index]?.row;
    if (row === undefined) return;
    const next = new Set(this.marked);
    if (!next.delete(row)) next.add(row);
    this.marked = next;
    this.#anchor = this.cursor = index;
  }

  mark(rows: Iterable<number>): void {
    this.marked = new Set(rows);
  }

  #extend(to: number): void {
    const [first, last] = [Math.min(this.#anchor, to), Math.max(this.#anchor, to)];
    this.marked = new Set(this.shown.slice(first, last + 1).map(({ row }) => row));
  }

  /** Judge the target: it shows at once, the next open item is under the cursor, and the edit follows. */
  judge(what: Judgement, label?: number): void {
    const target = this.target;
    if (!target.length) return;
    const wanted = target.map((item) => (label === undefined ? item.suggested : label));
    if (what === "label" && wanted.some((code) => code < 0)) return;
    const state: State = what === "confirm" ? "confirmed" : what === "exclude" ? "excluded" : "relabelled";
    const words = this.#words(what, target, wanted);
    this.#done.push({
      index: this.cursor,
      before: target.map(({ row, label: old, state: was }) => ({ row, label: old, state: was })),
      words,
    });
    const rows = target.map(({ row }) => row);
    const request: EditRequest = { op: what, rows };
    if (what === "label") {
      request.value = wanted.map((code) => this.classes[code]);
      request.seen = target.map(({ label: seen }) => (seen < 0 ? null : this.classes[seen]));
    }
    const next = new Map(rows.map((row, i) => [row, what === "label" ? wanted[i] : target[i].label]));
    this.#patch((item) => (next.has(item.row) ? { ...item, label: next.get(item.row) ?? item.label, state } : item));
    this.said = words;
    this.marked = new Set();
    this.#onward(new Set(rows));
    this.#send(() => this.study().host.edit(this.study().signed(request)), this.#done[this.#done.length - 1]);
  }

  /** Take back the last judgement; the cursor goes back to where it was made. */
  undo(): void {
    const last = this.#done.pop();
    if (last) {
      const before = new Map(last.before.map((one) => [one.row, one]));
      this.#patch((item) => ({ ...item, ...before.get(item.row) }));
      this.cursor = Math.max(
        0,
        this.shown.findIndex(({ row }) => row === last.before[0].row),
      );
      this.said = `Undone: ${last.words}`;
    }
    this.#send(async () => {
      if (last?.refused) return;
      const answer = await this.study().host.undo(this.study().signature);
      if (!last) this.said = answer.summary;
    }, null);
  }

  /** Everything is written that was judged. */
  async settled(): Promise<void> {
    await this.#edits.do(() => Promise.resolve());
  }

  #send(work: () => Promise<unknown>, done: Done | null): void {
    this.waiting += 1;
    void this.#edits.do(async () => {
      try {
        await work();
      } catch (error) {
        this.study().say(message(error), { wrong: true });
        if (done) {
          done.refused = true;
          this.#done = this.#done.filter((one) => one !== done);
        }
        this.#renewLater();
      }
      this.waiting -= 1;
      this.#renewals.forget(); // what was asked before this was written does not know it
    });
  }

  #patch(change: (item: Item) => Item): void {
    this.items = this.items.map(change);
  }

  /** To the next item that is open, after the cursor, else before it. */
  #onward(just: ReadonlySet<number>): void {
    const open = (item: Item) => item.state === "open" && !just.has(item.row);
    const after = this.shown.findIndex((item, i) => i > this.cursor && open(item));
    const next = after >= 0 ? after : this.shown.findIndex(open);
    if (next >= 0) this.cursor = this.#anchor = next;
  }

  #words(what: Judgement, target: Item[], wanted: number[]): string {
    const who = target.length === 1 ? `instance ${target[0].id}` : `${target.length} instances`;
    if (what === "confirm") return target.length === 1 ? `${who} stays ${this.name(target[0].label)}` : `${who} confirmed`;
    if (what === "exclude") return `${who} excluded`;
    const same = new Set(wanted).size === 1;
    const from = target.length === 1 ? `${this.name(target[0].label)} → ` : "";
    return `${who}: ${from}${same ? this.name(wanted[0]) : "each as advised"}`;
  }

  async #load(asked: string): Promise<void> {
    const counts = this.#loads.begin();
    if (asked !== this.#question) [this.items, this.total] = [[], null]; // what was drawn is not to be judged any more
    this.#question = asked;
    await this.settled();
    try {
      const found = await this.study().host.call<Columns>("review", "items", JSON.parse(asked) as Question);
      if (!counts()) return;
      this.missing = !found.found;
      this.items = this.missing ? [] : itemsOf(found);
      [this.pairs, this.scores, this.total, this.problem] = [found.pairs, found.scores, found.total, null];
      this.#done = [];
      this.marked = new Set();
      this.cursor = Math.max(
        0,
        this.shown.findIndex(({ state }) => state === "open"),
      );
      this.#anchor = this.cursor;
    } catch (error) {
      if (counts()) [this.problem, this.items, this.total] = [message(error), [], null];
    }
  }

  #renewLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), LATER);
  }

  /** Take in labels and states as they are now, without moving anything; not while something is being written. */
  async #renew(): Promise<void> {
    if (this.#question === "") return;
    await this.settled();
    if (this.problem !== null || this.missing || !this.items.length) return void this.#load(this.#question);
    const counts = this.#renewals.begin();
    const rows = this.items.map(({ row }) => row);
    try {
      const found = await this.study().host.call<Columns>("review", "items", {
        queue: "selection",
        rows,
        author: this.study().author,
      });
      if (!counts() || this.waiting) return;
      const now = new Map(itemsOf(found).map((item) => [item.row, item]));
      this.#patch((item) => {
        const fresh = now.get(item.row);
        const same =
          fresh?.label === item.label &&
          fresh.state === item.state &&
          JSON.stringify(fresh.others) === JSON.stringify(item.others);
        return fresh && !same ? { ...item, label: fresh.label, state: fresh.state, others: fresh.others } : item;
      });
    } catch (error) {
      if (counts()) this.problem = message(error);
    }
  }
}
