// The selection that Python and an open page share: what is picked here is told, what Python picks is shown.
import type { Host } from "./host";
import type { Picks } from "./selection.svelte";
import { Queue } from "./turns";
import type { SelectionInfo } from "./wire";

/** Milliseconds; a brush that is dragged moves many times a second, Python need not hear of each. */
const TOLD_AFTER = 120;

const POINTERS = ["pointerdown", "pointerup", "pointercancel"];

export class SharedSelection {
  /** Whether Python wants to know. */
  told = false;
  /** Ends when Python has heard what was told last. */
  telling: Promise<void> = Promise.resolve();
  #known: string | null = null;
  /** What Python picked, as of its last word; null before the first. */
  #picked: string | null = null;
  readonly #posts = new Queue();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether a finger or a button is down: what is picked moves on, until it is let go. */
  #held = false;

  /** `hand` hears of every pointer of the page. */
  constructor(
    readonly picks: Picks,
    readonly host: Host,
    readonly hand: EventTarget = globalThis.window ?? new EventTarget(),
  ) {
    for (const selection of [picks.shown, picks.picked]) selection.addEventListener("value", () => this.#soon());
  }

  /** Begin to tell; `anew`, to a Python that has heard nothing yet. */
  begin(anew = false): void {
    if (!this.host.select) return;
    this.told = true;
    for (const event of POINTERS) this.hand.addEventListener(event, this.#pointer, true);
    if (anew) this.#known = null;
    this.#soon();
  }

  /** A greeting says what Python picked last: that is shown unless it was shown before, or something was picked ahead of it. */
  greet(selection: SelectionInfo | undefined, anotherServer: boolean): void {
    const [before, now] = [this.#picked, JSON.stringify(selection?.parts)];
    this.#picked = now ?? "";
    if (selection && (anotherServer || (before === null ? !this.picks.any : before !== now))) this.take(selection);
  }

  /** Show what Python picked; pinned parts of this page go too. */
  take({ parts }: SelectionInfo): void {
    this.#picked = JSON.stringify(parts);
    for (const { source } of this.picks.parts) {
      source.reset?.();
      this.picks.drop(source);
    }
    this.picks.restore(parts as Parameters<Picks["restore"]>[0]);
    if (!this.picks.filter) this.#known = JSON.stringify(this.picks.tree);
  }

  stop(): void {
    this.told = false;
    for (const event of POINTERS) this.hand.removeEventListener(event, this.#pointer, true);
    clearTimeout(this.#timer);
  }

  #pointer = ({ type }: Event): void => {
    this.#held = type === "pointerdown";
    if (!this.#held) this.#now();
  };

  /** At once, so that code run next finds it; while it is dragged, when it rests. */
  #soon(): void {
    if (!this.told) return;
    if (!this.#held) return this.#now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#now(), TOLD_AFTER);
  }

  #now(): void {
    clearTimeout(this.#timer);
    this.telling = this.#posts.do(() => this.#tell());
  }

  /** Tell what is picked now, so that of what was picked while another post was on its way only the last is told. */
  async #tell(): Promise<void> {
    const tree = this.picks.tree;
    const said = JSON.stringify(tree);
    if (!this.told || said === this.#known || (tree === null && this.#known === null)) return;
    this.#known = said;
    const parts = this.picks.parts.map((part) => ({ tree: part.tree, text: part.text, pinned: part.pinned }));
    await this.host.select?.(parts as never, tree as never).catch(() => (this.#known = null)); // told again with the next pick
  }
}
