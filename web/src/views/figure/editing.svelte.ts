// What is on the desk: a figure as Python drew it last, its settings, what is picked, and the way back.
import { message } from "../../runtime/case.svelte";
import { plural } from "../../runtime/format";
import { Latest, Queue } from "../../runtime/turns";
import { ask, between, groupOf, keep, ofModule, repetitionOf, type Answer, type Desk, type Settings } from "./answers";
import { done, redone, undone, withGroup, withoutGroup, type History } from "./changes";

const KEEP_AFTER = 400;

export class Editing {
  answer = $state.raw<Answer | null>(null);
  settings = $state.raw<Settings>({});
  history = $state.raw<History>({ past: [], future: [] });
  /** Ids of glyphs. */
  picked = $state.raw<string[]>([]);
  /** Why there is no figure at all. */
  problem = $state("");
  /** Why what was tried last was not done. */
  refused = $state("");
  asking = $state(0);
  #keeping: ReturnType<typeof setTimeout> | undefined;
  /** What was remembered last, as text, until a link says something else. */
  #told: string | null = null;
  #closed = false;
  readonly #steps = new Queue();
  readonly #keeps = new Queue();
  readonly #picks = new Latest();

  constructor(
    readonly desk: Desk,
    readonly remember: (settings: Settings) => void,
  ) {}

  /** Nothing is shown, remembered or kept after this. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#keeping);
  }

  /** Settings that come from a link; those that are shown, or were remembered from here, are not drawn anew. */
  take(given: Settings | null): void {
    const text = JSON.stringify(given ?? {});
    const standing = () => this.answer !== null && (this.desk.model === null || this.answer.model === this.desk.model);
    if (standing() && text === this.#told) return;
    this.#told = null;
    void this.#step(async () => {
      if (!standing() || text !== JSON.stringify(this.settings)) await this.#draw(given);
    });
  }

  show = (next: Settings | null): Promise<boolean> => this.#step(() => this.#draw(next));

  /** One step after the other, so that each begins with the settings that the one before came to. */
  async #step<T>(work: () => Promise<T>): Promise<T> {
    this.asking += 1;
    try {
      return await this.#steps.do(work);
    } finally {
      this.asking -= 1;
    }
  }

  /** Ask for a figure and show it; what cannot be drawn is refused with its reason, and nothing changes. */
  async #draw(next: Settings | null): Promise<boolean> {
    if (this.#closed) return false;
    try {
      const found = await ask(this.desk, next);
      if (this.#closed) return false;
      this.refused = "";
      if (found.scene === null) {
        this.problem = found.problem;
        this.answer = null;
        return false;
      }
      this.problem = "";
      this.answer = found;
      this.settings = found.settings;
      const ids = new Set(found.glyphs.map((glyph) => glyph.id));
      this.picked = this.picked.filter((id) => ids.has(id));
      if (found.problem) this.refused = found.problem;
      return true;
    } catch (error) {
      const why = message(error);
      if (this.answer) this.refused = why;
      else if (next !== null && (await this.#draw(null))) this.refused = `What this link sets cannot be drawn: ${why}`;
      else this.problem = why;
      return false;
    }
  }

  /** What a change makes of the settings of now, where everything asked for before is done. */
  change = (make: (now: Settings) => Settings): Promise<void> => this.#step(() => this.#change(make(this.settings)));

  async #change(next: Settings): Promise<void> {
    const before = this.settings;
    if (JSON.stringify(next) === JSON.stringify(before) || !(await this.#draw(next))) return;
    this.history = done(this.history, before);
    this.#remember();
  }

  #walk(way: typeof undone): Promise<void> {
    return this.#step(async () => {
      const step = way(this.history, this.settings);
      if (!step || !(await this.#draw(step.settings))) return;
      this.history = step.history;
      this.#remember();
    });
  }
  undo = () => this.#walk(undone);
  redo = () => this.#walk(redone);

  #remember(): void {
    const now = this.settings;
    this.#told = JSON.stringify(now);
    this.remember(now);
    clearTimeout(this.#keeping);
    if (this.desk.cannotKeep !== null) return;
    const wrong = (error: unknown) => this.desk.say(message(error), { wrong: true });
    this.#keeping = setTimeout(() => void this.#keeps.do(() => keep(this.desk, now)).catch(wrong), KEEP_AFTER);
  }

  /** Do what may be refused, and say why it was. */
  async #attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await what();
      this.refused = "";
      return found;
    } catch (error) {
      this.refused = message(error);
      return undefined;
    }
  }

  pick = async (id: string, how: "one" | "between" | "toggle"): Promise<void> => {
    const newest = this.#picks.begin();
    const { picked } = this;
    const start = picked.at(0);
    if (how === "between" && start !== undefined && start !== id) {
      const found = await this.#attempt(() => between(this.desk, this.settings, start, id));
      if (found && newest()) this.picked = found;
    } else if (how === "toggle") this.picked = picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id];
    else this.picked = picked.length === 1 && picked[0] === id ? [] : [id];
  };

  async pickModule(path: string): Promise<void> {
    const newest = this.#picks.begin();
    const found = await this.#attempt(() => ofModule(this.desk, this.settings, path));
    if (found && newest()) this.picked = found;
  }

  pickType = (type: string): void => {
    this.#picks.forget();
    this.picked = (this.answer?.glyphs ?? []).flatMap((glyph) => (glyph.type === type ? [glyph.id] : []));
  };

  pickNone(): void {
    this.#picks.forget();
    this.picked = [];
  }

  group = (): Promise<void> => {
    const { picked } = this;
    return this.#step(async () => {
      if (!picked.every((id) => this.answer?.glyphs.some((glyph) => glyph.id === id))) return; // a step before drew them otherwise
      const found = await this.#attempt(() => groupOf(this.desk, this.settings, picked));
      if (!found) return;
      await this.#change(withGroup(this.settings, found));
      this.pickNone();
    });
  };

  autoGroup = (): Promise<void> =>
    this.#step(async () => {
      const found = await this.#attempt(() => repetitionOf(this.desk, this.settings));
      if (found) await this.#change(withGroup(this.settings, found));
      else if (found === null) this.refused = "No chain of layers occurs twice: there is nothing to group by itself.";
    });

  /** The group that was made last, which Ungroup takes away. */
  readonly last = $derived(this.settings.groups?.at(-1));

  ungroup = (): Promise<void> => this.change((now) => (this.last ? withoutGroup(now, this.last.name) : now));

  readonly sentence = $derived.by(() => {
    if (!this.answer) return "";
    const { glyphs, name, parameters, multiply_adds } = this.answer;
    const layers = glyphs.filter((glyph) => glyph.kind === "layer" || glyph.kind === "aggregate");
    const operations = layers.reduce((sum, glyph) => sum + glyph.operations.length, 0);
    const folded = layers.filter((glyph) => glyph.times > 1).length;
    const said = `${name}: ${plural(operations, "operation")} in ${plural(layers.length, "glyph")}`;
    const numbers = `${million(parameters)} parameters, ${million(multiply_adds)} multiply-adds`;
    return `${said}${folded ? `, ${plural(folded, "run")} of equal blocks folded` : ""}; ${numbers}.`;
  });

  /** What a view says of itself, without what is painted. */
  describe() {
    return {
      sentence: this.sentence,
      settings: this.settings,
      refused: this.refused,
      problem: this.problem,
      undo: this.history.past.length,
      redo: this.history.future.length,
      code: this.answer?.code ?? null,
      groups: this.answer?.groups ?? [],
      kinds: (this.answer?.kinds ?? []).map(({ type, alias, kind, count }) => ({ type, alias, kind, count })),
    };
  }
}

/** In millions from one on, with three digits that count. */
const million = (value: number) =>
  value >= 1e6 ? `${(value / 1e6).toLocaleString("en", { maximumSignificantDigits: 3 })} M` : value.toLocaleString("en");
