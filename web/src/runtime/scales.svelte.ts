// Which ends do the axes of views have that stand side by side? The widest that any of them needs, so that marks compare.

import { untrack } from "svelte";

type Ends = readonly [number, number];

export class Scales {
  #told = $state.raw<ReadonlyMap<string, ReadonlyMap<object, Ends>>>(new Map());

  /** Tell the ends that a view would draw; null where it draws none. The key says what the axis measures: "column.age.count". */
  tell(key: string, source: object, ends: Ends | null): void {
    untrack(() => this.#tell(key, source, ends));
  }

  #tell(key: string, source: object, ends: Ends | null): void {
    const mine = new Map(this.#told.get(key));
    const before = mine.get(source);
    if (ends ? before?.[0] === ends[0] && before[1] === ends[1] : !before) return;
    if (ends) mine.set(source, ends);
    else mine.delete(source);
    const next = new Map(this.#told);
    if (mine.size) next.set(key, mine);
    else next.delete(key);
    this.#told = next;
  }

  /** The ends that all views of an axis fit in. */
  ends(key: string, own: Ends): Ends {
    let [low, high] = own;
    for (const [a, b] of this.#told.get(key)?.values() ?? []) {
      low = Math.min(low, a);
      high = Math.max(high, b);
    }
    return [low, high];
  }

  /** Forget a view that is gone. */
  drop(source: object): void {
    untrack(() => {
      for (const key of this.#told.keys()) this.#tell(key, source, null);
    });
  }
}
