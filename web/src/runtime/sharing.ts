// The selection that Python and an open page share: what is picked here is told, what Python picks is shown.
import type { Host } from "./host";
import type { Picks } from "./selection.svelte";
import type { SelectionInfo } from "./wire";

/** Milliseconds; a brush moves many times a second, Python need not hear of each. */
const TOLD_AFTER = 120;

export class SharedSelection {
  /** Whether Python wants to know. */
  told = false;
  #known: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly picks: Picks,
    readonly host: Host,
  ) {
    for (const selection of [picks.shown, picks.picked]) selection.addEventListener("value", () => this.#soon());
  }

  /** Begin to tell; `anew`, to a Python that has heard nothing yet. */
  begin(anew = false): void {
    if (!this.host.select) return;
    this.told = true;
    if (anew) this.#known = null;
    this.#soon();
  }

  /** Show what Python picked; pinned parts of this page go too. */
  take({ parts }: SelectionInfo): void {
    for (const { source } of this.picks.parts) {
      source.reset?.();
      this.picks.drop(source);
    }
    this.picks.restore(parts as Parameters<Picks["restore"]>[0]);
    if (!this.picks.filter) this.#known = JSON.stringify(this.picks.tree);
  }

  stop(): void {
    this.told = false;
    clearTimeout(this.#timer);
  }

  #soon(): void {
    if (!this.told) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const tree = this.picks.tree;
      const said = JSON.stringify(tree);
      if (said === this.#known || (tree === null && this.#known === null)) return;
      this.#known = said;
      const parts = this.picks.parts.map((part) => ({ tree: part.tree, text: part.text, pinned: part.pinned }));
      void this.host.select?.(parts as never, tree as never).catch(() => (this.#known = null)); // told again with the next pick
    }, TOLD_AFTER);
  }
}
