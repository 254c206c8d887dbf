// Which instances belong to the subset whose row is pointed at? Asked when the pointer rests on it.
import { untrack } from "svelte";
import type { Case } from "../../runtime/case.svelte";
import { members, type Spec } from "./answers";
import { within } from "./specs";

/** Milliseconds that the pointer rests on a row. */
const REST = 60;

export class Lit {
  /** Null while no subset is pointed at. */
  rows = $state.raw<Int32Array | null>(null);
  #spec = $state.raw<Spec | null>(null);

  /** Made while a component is set up. */
  constructor(study: () => Case, layer: () => string | undefined, part: () => string | null) {
    $effect(() => {
      const [spec, name, pooling, shown] = [this.#spec, layer(), part(), within(study())];
      const stop = new AbortController();
      if (!spec || name === undefined) {
        untrack(() => (this.rows = null));
        return;
      }
      const rest = setTimeout(() => {
        members(study(), name, spec, { part: pooling, within: shown }, stop.signal).then(
          (rows) => !stop.signal.aborted && (this.rows = rows),
          () => !stop.signal.aborted && (this.rows = null), // the row itself says why it cannot be evaluated
        );
      }, REST);
      return () => {
        clearTimeout(rest);
        stop.abort();
      };
    });
  }

  show(spec: Spec | null): void {
    this.#spec = spec;
  }
}
