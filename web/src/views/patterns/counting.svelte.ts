// What is in each pattern now: counts, labels, predictions and members of what is shown, and of what is picked.
import type { FilterExpr, Query } from "@uwdata/mosaic-sql";
import type { Table } from "@uwdata/flechette";
import { untrack } from "svelte";
import type { Case } from "../../runtime/case.svelte";
import { watch, type Watch } from "../../runtime/watch";
import type { Columns } from "./answers";
import { byStability, byValue, members, readGroups, readMembers, readStability, type Groups, type Member } from "./counts";

interface Options {
  study: () => Case;
  /** The served columns of the result; null while there are none. */
  columns: () => Columns | null;
  /** The column that bars show, "label" or "prediction", and whether correctness can be counted. */
  main: () => string | null;
  judged: () => boolean;
  /** Whether predictions and stability are drawn too. */
  full: () => boolean;
  /** How many of the most and of the least typical members are drawn. */
  typical: () => [number, number];
  failed: (error: Error | null) => void;
}

export class Counting {
  shown = $state.raw<Groups | null>(null);
  picked = $state.raw<Groups | null>(null);
  predicted = $state.raw<Groups | null>(null);
  predictedPicked = $state.raw<Groups | null>(null);
  stability = $state.raw<Map<number, number[]> | null>(null);
  members = $state.raw<Map<number, Member[]>>(new Map());

  /** Made while a component is set up: it asks again whenever filter, selection or data change. */
  constructor(options: Options) {
    const { study } = options;
    const id = $derived(JSON.stringify(options.columns()));
    const main = $derived(options.main());
    const judged = $derived(options.judged());
    const full = $derived(options.full());
    const typical = $derived(options.typical().join());
    const columns = () => JSON.parse(id) as Columns | null;
    const ask = <T>(
      selection: "shown" | "picked",
      query: (filter: FilterExpr) => Query,
      read: (table: Table) => T,
      result: (value: T) => void,
    ): Watch =>
      untrack(() =>
        watch({ case: study(), selection: study().picks[selection], query, read, result, failed: options.failed, stable: false }),
      );
    const stopping = (watches: Watch[]) => () => watches.forEach((one) => one.stop());

    $effect(() => {
      const [at, other, counted] = [columns(), main, judged];
      if (!at) {
        this.shown = this.picked = null;
        return;
      }
      const query = (filter: FilterExpr) => byValue(at, other, counted, filter);
      return stopping([
        ask("shown", query, readGroups, (value) => {
          this.shown = value;
          options.failed(null);
        }),
        ask("picked", query, readGroups, (value) => (this.picked = value)),
      ]);
    });
    $effect(() => {
      const at = columns();
      if (!at || !full) {
        this.predicted = this.predictedPicked = this.stability = null;
        return;
      }
      const watches = [
        ask(
          "shown",
          (filter) => byStability(at, filter),
          readStability,
          (value) => (this.stability = value),
        ),
      ];
      if (main === "label" && untrack(study).column("prediction") !== undefined) {
        const query = (filter: FilterExpr) => byValue(at, "prediction", false, filter);
        watches.push(ask("shown", query, readGroups, (value) => (this.predicted = value)));
        watches.push(ask("picked", query, readGroups, (value) => (this.predictedPicked = value)));
      }
      return stopping(watches);
    });
    $effect(() => {
      const [at, [most, least]] = [columns(), typical.split(",").map(Number)];
      if (!at || most + least === 0) {
        this.members = new Map();
        return;
      }
      const known = (name: string) => study().column(name) !== undefined;
      return ask(
        "shown",
        (filter) => members(at, known, most, least, filter),
        readMembers,
        (list) => {
          const map = new Map<number, Member[]>();
          for (const one of list) map.set(one.pattern, [...(map.get(one.pattern) ?? []), one]);
          this.members = map;
        },
      ).stop;
    });
  }
}
