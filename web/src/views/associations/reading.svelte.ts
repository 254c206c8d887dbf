// What has been asked of Python and answered: names, counts and measures of the labels, marks and the map, each fetched once.
import { message, type Case } from "../../runtime/case.svelte";
import { Latest, Queue } from "../../runtime/turns";
import { readCounts, readNames, readValues, type Asked, type Counts, type Offer, type Summary, type Values } from "./answers";
import { keyOf, type Measure } from "./measures";
import { shapeOf, type Shape } from "./ordering";

const VIEW = "associations";

type Mark = "flag" | "hide";
interface Marks {
  flagged: number[];
  hidden: number[];
}

/** A measure of every source, and how it is distributed. */
export interface Column {
  sides: Values[];
  shape: Shape;
}

export class Reading {
  offer = $state.raw<Offer | null>(null);
  asked = $state.raw<Asked | null>(null);
  summary = $state.raw<Summary | null>(null);
  names = $state.raw<string[]>([]);
  counts = $state.raw<Counts[]>([]);
  columns = $state.raw<ReadonlyMap<string, Column>>(new Map());
  flagged = $state.raw<ReadonlySet<number>>(new Set());
  hidden = $state.raw<ReadonlySet<number>>(new Set());
  places = $state.raw<{ x: Float32Array; y: Float32Array } | null>(null);
  problem = $state("");
  placesProblem = $state("");
  waiting = $state(false);
  readonly #asks = new Latest();
  /** Whether what was asked of the sources and instances of now still counts. */
  #newest = this.#asks.begin();
  #seen = "";
  #counted = new ArrayBuffer(0);
  #fetching = new Set<string>();
  readonly #marks = new Latest();
  readonly #marking = new Queue();

  constructor(readonly study: Case) {}

  call<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
    return this.study.host.call<T>(VIEW, name, { asked: this.asked, ...args });
  }

  async load(): Promise<void> {
    try {
      this.offer = await this.study.host.call<Offer>(VIEW, "offer");
    } catch (error) {
      this.problem = message(error);
    }
  }

  /** Ask anew: other sources, identities, instances, or after an edit. */
  async ask(asked: Asked): Promise<void> {
    const newest = (this.#newest = this.#asks.begin());
    const newestMarks = this.#marks.begin();
    const call = <T>(name: string) => this.study.host.call<T>(VIEW, name, { asked });
    this.waiting = true;
    try {
      const [summary, names, counts, marks] = await Promise.all([
        call<Summary>("summary"),
        call<ArrayBuffer>("names"),
        call<ArrayBuffer>("counts"),
        call<Marks>("marks"),
      ]);
      if (!newest()) return;
      if (newestMarks()) this.#take(marks);
      const seen = JSON.stringify([asked, summary]);
      if (seen === this.#seen && same(counts, this.#counted)) return; // an edit that changed no count: nothing is fetched anew
      [this.#seen, this.#counted] = [seen, counts];
      this.asked = asked;
      this.columns = new Map();
      this.#fetching.clear();
      this.places = null;
      this.placesProblem = "";
      this.summary = summary;
      this.names = readNames(names);
      this.counts = readCounts(counts, summary.labels, summary.sides.length, summary.identities.length);
      this.problem = "";
    } catch (error) {
      if (newest()) this.problem = message(error);
    } finally {
      if (newest()) this.waiting = false;
    }
  }

  /** Fetch measures that are not there yet. */
  async fetch(measures: Measure[]): Promise<void> {
    const newest = this.#newest;
    const { summary } = this;
    if (!summary) return;
    await Promise.all(
      measures
        .filter((one) => !this.columns.has(keyOf(one)) && !this.#fetching.has(keyOf(one)))
        .map(async ({ metric, a, b }) => {
          const key = keyOf({ metric, a, b } as Measure);
          this.#fetching.add(key);
          try {
            const bytes = await Promise.all(
              summary.sides.map((_, source) => this.call<ArrayBuffer>("column", { source, metric, a, b })),
            );
            if (this.summary !== summary) return;
            const sides = bytes.map((one) => readValues(one, summary.labels));
            this.columns = new Map(this.columns).set(key, { sides, shape: shapeOf(sides) });
          } catch (error) {
            if (newest()) this.problem = message(error);
          }
        }),
    );
  }

  async loadMarks(): Promise<void> {
    const newest = this.#marks.begin();
    const marks = await this.call<Marks>("marks");
    if (newest()) this.#take(marks);
  }

  #take(marks: Marks): void {
    this.flagged = new Set(marks.flagged);
    this.hidden = new Set(marks.hidden);
  }

  async loadPlaces(): Promise<void> {
    if (this.places || !this.summary) return;
    const { summary } = this;
    try {
      const all = new Float32Array(await this.call<ArrayBuffer>("places"));
      if (this.summary === summary) this.places = { x: all.subarray(0, summary.labels), y: all.subarray(summary.labels) };
    } catch (error) {
      this.placesProblem = message(error);
    }
  }

  /** Flag or hide labels, or take that back: one edit, which undo takes back. */
  mark(op: Mark, labels: number[], on: boolean): Promise<void> {
    return this.#marking.do(() => this.#mark(op, labels, on));
  }

  /** Flag or hide labels; take that back if all of them are so, once what was asked for before is done. */
  toggle(op: Mark, labels: number[]): Promise<void> {
    return this.#marking.do(() => {
      const marked = op === "flag" ? this.flagged : this.hidden;
      return this.#mark(op, labels, !labels.every((label) => marked.has(label)));
    });
  }

  async #mark(op: Mark, labels: number[], on: boolean): Promise<void> {
    try {
      const answer = await this.call<{ summary: string }>("mark", { op, labels, on });
      await this.loadMarks();
      await this.study.refresh();
      this.study.say(answer.summary, { undoable: true });
    } catch (error) {
      this.study.say(message(error), { wrong: true });
    }
  }
}

function same(one: ArrayBuffer, other: ArrayBuffer): boolean {
  if (one.byteLength !== other.byteLength) return false;
  const [a, b] = [new Int32Array(one), new Int32Array(other)];
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
