// In what order is one prediction walked through a cell? Forward step by step, the error, and back through time.
import type { Cell } from "./cells";
import { WALKED } from "./trainer";

/** Steps of back-propagation that are walked part by part; the earlier ones pass as a whole. */
export const BACK_IN_FULL = 5;
const ERROR = 3;

export type Tick =
  /** Reading value `step` of the window before prediction `prediction`; parts up to `stage` have fired. */
  | { phase: "forward"; prediction: number; step: number; stage: number }
  /** The error bars grow: `share` of their length. */
  | { phase: "error"; share: number }
  /** Going back through step `step`; parts from `stage` on have their derivative. */
  | { phase: "backward"; step: number; stage: number };

export function ticks(cell: Cell, window: number, predictions: number): Tick[] {
  const last = cell.stages.length - 1;
  const found: Tick[] = [];
  for (let step = 0; step < window; step += 1)
    for (let stage = 0; stage <= last; stage += 1) found.push({ phase: "forward", prediction: 0, step, stage });
  for (let prediction = 1; prediction < Math.min(WALKED, predictions); prediction += 1)
    for (let step = 0; step < window; step += 1) found.push({ phase: "forward", prediction, step, stage: last });
  for (let i = 1; i <= ERROR; i += 1) found.push({ phase: "error", share: i / ERROR });
  for (let step = window - 1; step >= 0; step -= 1)
    if (window - 1 - step < BACK_IN_FULL)
      for (let stage = last; stage >= 0; stage -= 1) found.push({ phase: "backward", step, stage });
    else found.push({ phase: "backward", step, stage: 0 });
  return found;
}

/** How long a tick stands at speed 1, in milliseconds: whole steps pass faster than parts. */
export function duration(tick: Tick): number {
  if (tick.phase === "error") return 500;
  if (tick.phase === "forward") return tick.prediction ? 110 : 420;
  return 380;
}
