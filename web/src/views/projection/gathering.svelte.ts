// Which points are drawn now? All that are shown, while they can be drawn one by one; else a density of what is seen.
import type { FilterExpr, Query } from "@uwdata/mosaic-sql";
import type { Table } from "@uwdata/flechette";
import { untrack } from "svelte";
import type { Case } from "../../runtime/case.svelte";
import { watch, type Watch } from "../../runtime/watch";
import type { Colouring } from "./colouring";
import {
  BIN,
  MOST_POINTS,
  NOTHING,
  countInside,
  countWithin,
  density,
  points,
  readDensity,
  readPoints,
  readRows,
  rowsOf,
  type Density,
  type Grid,
  type Points,
} from "./points";

/** How many instances there are, and how many of these have a place. */
export interface Counts {
  all: number;
  here: number;
}

type Part = [number, number, number, number];

interface Options {
  study: () => Case;
  /** The served columns; null while there are none. */
  columns: () => { x: string; y: string } | null;
  /** Which result they are of. */
  id: () => string;
  colouring: () => Colouring;
  failed: (error: Error) => void;
}

export class Gathering {
  shown = $state.raw<Counts | null>(null);
  picked = $state.raw<Counts | null>(null);
  points = $state.raw<Points | null>(null);
  pickedRows = $state.raw<Int32Array | null>(null);
  density = $state.raw<Density | null>(null);
  densityPicked = $state.raw<Density | null>(null);
  /** Changes when the coordinates do. */
  layout = $state("");
  /** The part of the plane on the screen, and the screen's size in CSS pixels. */
  seen = $state.raw<{ part: Part; width: number; height: number } | null>(null);
  #within = $state<number | null>(null);

  /** More than can be drawn one by one. */
  get many(): boolean {
    return this.shown !== null && this.shown.here > MOST_POINTS;
  }

  /** Many, but few enough near what is seen. */
  get close(): boolean {
    return this.many && this.#within !== null && this.#within <= MOST_POINTS;
  }

  /** Made while a component is set up: it asks again whenever filter, selection, colour or view change. */
  constructor({ study, columns, id, colouring, failed }: Options) {
    const names = $derived(JSON.stringify(columns()));
    const at = () => JSON.parse(names) as { x: string; y: string } | null;
    const grid = $derived(this.many && this.seen ? JSON.stringify(this.seen) : "");
    const near = $derived(this.close && this.seen ? JSON.stringify(widened(this.seen.part)) : "null");
    const alone = $derived(this.shown !== null && (!this.many || this.close));
    const ask = <T>(
      selection: "shown" | "picked",
      query: (filter: FilterExpr) => Query,
      read: (table: Table) => T,
      result: (value: T) => void,
    ) => untrack(() => watch({ case: study(), selection: study().picks[selection], query, read, result, failed, stable: false }));
    const stopping = (watches: Watch[]) => () => watches.forEach((one) => one.stop());
    const any = () => study().picks.any;

    $effect(() => {
      const place = at();
      if (!place) {
        this.shown = this.picked = null;
        return;
      }
      const query = (filter: FilterExpr) => countInside({ ...place, within: null }, filter);
      return stopping([
        ask("shown", query, readCounts, (value) => (this.shown = value)),
        ask("picked", query, readCounts, (value) => (this.picked = value)),
      ]);
    });
    $effect(() => {
      const [place, now, colours, on] = [at(), id(), colouring(), alone];
      const bounds = place && on ? { ...place, within: JSON.parse(near) as Part | null } : null;
      if (!bounds) {
        this.points = this.pickedRows = null;
        return;
      }
      return stopping([
        ask(
          "shown",
          (filter) => points(bounds, colours.column, filter),
          (table) => readPoints(table, colours),
          (value) => {
            this.points = value;
            this.layout = now;
          },
        ),
        ask(
          "picked",
          (filter) => rowsOf(bounds, any() ? filter : NOTHING),
          readRows,
          (rows) => (this.pickedRows = any() ? rows : null),
        ),
      ]);
    });
    $effect(() => {
      const [place, view, now, colours] = [at(), grid, id(), colouring()];
      if (!place || !view) {
        this.density = this.densityPicked = this.#within = null;
        return;
      }
      const { part, width } = JSON.parse(view) as { part: Part; width: number };
      const bins = gridOver(part, width);
      const query = (filter: FilterExpr) => density({ ...place, within: part }, bins, colours, filter);
      const read = (table: Table) => readDensity(table, bins, colours);
      return stopping([
        ask(
          "shown",
          (filter) => countWithin({ ...place, within: widened(part) }, filter),
          (table) => Number(table.getChild("here").at(0)),
          (value) => (this.#within = value),
        ),
        ask("shown", query, read, (value) => {
          this.density = value;
          this.layout = now;
        }),
        ask(
          "picked",
          (filter) => query(any() ? filter : NOTHING),
          read,
          (value) => (this.densityPicked = any() ? value : null),
        ),
      ]);
    });
  }
}

function readCounts(table: Table): Counts {
  return { all: Number(table.getChild("all").at(0)), here: Number(table.getChild("here").at(0)) };
}

/** Half a screen more on every side, so that a small move shows nothing empty. */
function widened([x0, y0, x1, y1]: Part): Part {
  const [w, h] = [(x1 - x0) / 2, (y1 - y0) / 2];
  return [x0 - w, y0 - h, x1 + w, y1 + h];
}

function gridOver([x0, y0, x1, y1]: Part, width: number): Grid {
  const step = ((x1 - x0) / Math.max(1, width)) * BIN;
  return { x: x0, y: y0, step, across: Math.ceil((x1 - x0) / step) + 1, down: Math.ceil((y1 - y0) / step) + 1 };
}
