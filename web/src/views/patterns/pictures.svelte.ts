// What Python draws of a result once: average images, unit statistics, mean maps.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
import { averages, statistics, unitMaps, type Found, type Statistics, type UnitMaps, type Where } from "./answers";

interface Options {
  study: () => Case;
  found: () => Found | null;
  where: () => Where;
  /** Patterns that have a row. */
  drawn: () => number[];
  average: () => boolean;
  statistics: () => boolean;
  /** Whether units near zero are left out. */
  quiet: () => boolean;
}

export class Pictures {
  sheet = $state.raw<ImageBitmap | null>(null);
  statistics = $state.raw<Statistics | null>(null);
  maps = $state.raw<UnitMaps | null>(null);

  constructor({ study, found, where, drawn, average, statistics: wanted, quiet }: Options) {
    const id = $derived.by(() => {
      const result = found();
      return result ? `${result.key} ${result.created}` : "";
    });
    const patterns = $derived(drawn().join());
    const hasAverages = $derived.by(() => {
      const result = found();
      return result !== null && "width" in result.averages;
    });
    const complain = (error: unknown) => study().say(message(error), { wrong: true });

    $effect(() => {
      const [now, on] = [id, average() && hasAverages];
      untrack(() => {
        this.sheet = null;
        if (!now || !on) return;
        averages(study(), where()).then((image) => {
          if (id === now) this.sheet = image;
        }, complain);
      });
    });
    $effect(() => {
      void id;
      untrack(() => {
        this.statistics = null;
        this.maps = null;
      });
    });
    $effect(() => {
      const [now, list, without, on] = [id, patterns, quiet(), wanted()];
      if (!now || !on) return;
      untrack(() => {
        const at = where();
        const fits = () => id === now && patterns === list && quiet() === without;
        if (at.unit == null) {
          statistics(study(), at, drawn(), without).then((value) => {
            if (fits()) this.statistics = value;
          }, complain);
        } else {
          unitMaps(study(), at, drawn()).then((value) => {
            if (fits()) this.maps = value;
          }, complain);
        }
      });
    });
  }
}
