// Which layers have patterns that are kept? Asked anew with each version of the data.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
import { known, type Known } from "./answers";

export class KnownPatterns {
  /** null while they are not known. */
  places = $state.raw<Known[] | null>(null);
  /** Why what rests on them cannot be shown; others may say so too. A newer answer clears it. */
  problem = $state<string | null>(null);

  constructor(study: () => Case) {
    $effect(() => {
      void study().version;
      let gone = false;
      untrack(() => known(study())).then(
        (found) => !gone && ([this.places, this.problem] = [found, null]),
        (error) => !gone && (this.problem = message(error)),
      );
      return () => (gone = true);
    });
  }
}
