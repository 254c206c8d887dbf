// The matrix of one layer, kept fresh: what its columns are, what its rows are, and the rows that come and go.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
import type { Tree } from "../../runtime/filter";
import { count, plural } from "../../runtime/format";
import { rows as ask, summary, type LayerSummary, type MatrixRows } from "./answers";
import type { Line } from "./matrix";
import { within, type Row } from "./specs";

export const SELECTION = "selection";
export const POINTED = "pointed";
const KEPT = 400;

interface Options {
  study: () => Case;
  layer: () => string;
  part: () => string | null;
  usable: () => boolean;
  /** Lasting rows; null takes the layer's own groups. */
  rows: () => readonly Row[];
  cluster: () => boolean;
}

/** The latest answer to a question that is asked again and again; an older one never overtakes it. */
class LatestAnswer {
  #stop: AbortController | null = null;
  ask<T>(question: (signal: AbortSignal) => Promise<T>, answer: (value: T) => void, failed: (error: Error) => void): void {
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    question(stop.signal).then(
      (value) => this.#stop === stop && answer(value),
      (error: Error) => this.#stop === stop && error.name !== "AbortError" && failed(error),
    );
  }
  drop(): void {
    this.#stop?.abort();
    this.#stop = null;
  }
}

export class LayerRows {
  summary = $state.raw<LayerSummary | null>(null);
  /** Answers to `rows`, and for which. */
  lasting = $state.raw<{ keys: string[]; found: MatrixRows } | null>(null);
  selection = $state.raw<MatrixRows | null>(null);
  pointed = $state.raw<{ row: number; values: Float32Array } | null>(null);
  problem = $state<string | null>(null);
  /** From a change of the selection to its row in memory, milliseconds. */
  took = $state(0);
  #instances = new Map<number, Float32Array>();
  readonly lines: Line[];

  constructor({ study, layer, part, usable, rows, cluster }: Options) {
    const fail = (error: Error) => (this.problem = message(error));
    const [first, some, live, one] = [new LatestAnswer(), new LatestAnswer(), new LatestAnswer(), new LatestAnswer()];
    $effect(() => {
      const [name, pooling, on] = [layer(), part(), usable()];
      void study().version;
      untrack(() => {
        this.problem = null;
        if (this.summary?.layer !== name) [this.summary, this.lasting, this.selection, this.pointed] = [null, null, null, null];
        this.#instances.clear();
        if (!on) return first.drop();
        first.ask(
          () => summary(study(), name, pooling),
          (found) => (this.summary = found),
          fail,
        );
      });
    });
    $effect(() => {
      const [name, pooling, wanted, shown, order] = [layer(), part(), rows(), within(study()), cluster()];
      void study().version;
      if (!this.summary || this.summary.layer !== name || !usable()) return some.drop();
      const specs = wanted.map((row) => row.spec);
      some.ask(
        (signal) => ask(study(), name, specs, { part: pooling, within: shown, cluster: order }, signal),
        (found) => {
          this.lasting = { keys: wanted.map((row) => row.key), found };
          this.problem = null;
        },
        fail,
      );
    });
    $effect(() => {
      const [name, pooling, tree, shown] = [layer(), part(), study().picks.tree, within(study())];
      void study().version;
      if (!tree || !this.summary || this.summary.layer !== name) {
        live.drop();
        this.selection = null;
        return;
      }
      const started = performance.now();
      live.ask(
        (signal) => ask(study(), name, [{ tree: tree as Tree }], { part: pooling, within: shown }, signal),
        (found) => {
          this.selection = found;
          this.took = performance.now() - started;
        },
        fail,
      );
    });
    $effect(() => {
      const [name, pooling, row] = [layer(), part(), study().hover?.row ?? null];
      if (row === null || !this.summary || this.summary.layer !== name) {
        one.drop();
        this.pointed = null;
        return;
      }
      const here = this.#instances.get(row);
      if (here) {
        one.drop();
        this.pointed = { row, values: here };
        return;
      }
      one.ask(
        (signal) => ask(study(), name, [{ row }], { part: pooling, within: null }, signal),
        (found) => {
          if (this.#instances.size >= KEPT) this.#instances.clear();
          this.#instances.set(row, found.means[0]);
          this.pointed = { row, values: found.means[0] };
        },
        fail,
      );
    });
    this.lines = $derived.by(() => {
      const found: Line[] = [];
      const part = study().picks;
      if (part.any)
        found.push({
          key: SELECTION,
          name: `selection: ${part.text}`,
          n: this.selection?.counts[0] ?? null,
          problem: this.selection?.problems["0"] ?? null,
          values: this.selection?.means[0] ?? null,
          kind: "selection",
        });
      for (const row of rows()) {
        const at = this.lasting?.keys.indexOf(row.key) ?? -1;
        const answer = this.lasting?.found;
        found.push({
          key: row.key,
          name: row.name,
          n: at < 0 || !answer ? null : answer.counts[at],
          problem: (at >= 0 && answer?.problems[String(at)]) || null,
          values: at < 0 || !answer ? null : answer.means[at],
          kind: "row" in row.spec ? "instance" : "subset",
        });
      }
      found.push({
        key: POINTED,
        name: this.pointed ? `instance ${this.pointed.row}` : "point at an instance",
        n: this.pointed ? 1 : null,
        problem: null,
        values: this.pointed?.values ?? null,
        kind: "pointed",
      });
      return found;
    });
  }

  /** The deviation of a row's units, where it is known. */
  deviationOf(key: string): Float32Array | null {
    if (key === SELECTION) return this.selection?.deviations[0] ?? null;
    const at = this.lasting?.keys.indexOf(key) ?? -1;
    return at < 0 ? null : (this.lasting?.found.deviations[at] ?? null);
  }
}

/** What the columns show, in a sentence. */
export function finding(
  lines: readonly Line[],
  order: Int32Array,
  sort: { by: string; row?: string; other?: string },
  about: LayerSummary,
): string {
  const dead = about.dead.length
    ? `${plural(about.dead.length, "unit")} of ${count(about.units)} ${about.dead.length === 1 ? "is" : "are"} never active.`
    : `All ${count(about.units)} units are active somewhere.`;
  const line = (key?: string) => lines.find((one) => one.key === key && one.values && (one.n ?? 0) > 0);
  const [one, other] = [line(sort.row), line(sort.other)];
  if (sort.by === "difference" && one?.values && other?.values) {
    const [up, down] = [order[0], order.at(-1) ?? order[0]];
    return `${one.name} excites unit ${up} most beyond what ${other.name} does; ${other.name} excites unit ${down} most beyond ${one.name}. ${dead}`;
  }
  if (sort.by === "row" && one) return `${one.name} excites units ${[...order.slice(0, 3)].join(", ")} most. ${dead}`;
  if (sort.by === "cluster") return `Units that do alike on these rows stand together. ${dead}`;
  return dead;
}
