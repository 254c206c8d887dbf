// How does a view come to a result of Python? It shows what is kept, or has it found as a job that can be stopped.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
import { Latest } from "../../runtime/turns";
import type { Job } from "../../runtime/wire";

/** Why there is no result now, and what to say of it. */
export interface Halt {
  title: string;
  text: string;
  wrong: boolean;
}

interface Options<Summary, Where, Settings> {
  study: () => Case;
  /** What is asked for; null while nothing can be. */
  where: () => Where | null;
  summary: (where: Where) => Promise<Summary>;
  /** Before the first summary of a place: take up what the address asks for. */
  prepare: (where: Where) => Promise<unknown>;
  /** The settings to start with by itself, once a place; null: wait to be asked. */
  unasked: (summary: Summary) => Settings | null;
  start: (where: Where, settings: Settings) => Promise<Job>;
  /** Kind of the job, and the beginning of its title, by which one that runs already is known. */
  kind: string;
  title: () => string;
  /** What cannot be when it fails: "Patterns of conv2 cannot be found". */
  refusal: () => string;
  stopped: () => string;
  /** A message of Python as a sentence in the view's own words. */
  words: (message: string) => string;
}

const going = (job: Job) => job.state === "running" || job.state === "queued";

export class Search<Summary, Where, Settings> {
  result = $state.raw<Summary | null>(null);
  problem = $state<string | null>(null);
  halted = $state.raw<Halt | null>(null);
  /** The job begun from here whose end was not said yet, and where it looks. */
  #own = $state.raw<{ id: string; place: string } | null>(null);
  #settled = "";
  #tried = "";
  readonly #loads = new Latest();
  readonly #runs = new Latest();
  readonly #options: Options<Summary, Where, Settings>;
  readonly #place = $derived.by(() => JSON.stringify(this.#options.where()));
  /** Jobs that have found something here, whoever began them. */
  readonly #finished = $derived.by(() => this.#jobs.flatMap(({ id, state }) => (state === "done" ? [id] : [])).join());

  /** Made while a component is set up: it follows the case from then on. */
  constructor(options: Options<Summary, Where, Settings>) {
    this.#options = options;
    $effect(() => {
      void [this.#place, this.#finished, options.study().version];
      untrack(() => void this.again());
    });
    $effect(() => {
      const job = this.#begun;
      if (job && !going(job)) untrack(() => this.#ended(job));
    });
  }

  /** The job that looks for it, whoever began it. */
  get job(): Job | undefined {
    return [this.#begun, ...this.#jobs].find((one) => one && going(one));
  }

  get working(): boolean {
    return this.job !== undefined;
  }

  get #jobs(): Job[] {
    const { study, kind, title } = this.#options;
    return study().jobs.filter((one) => one.kind === kind && `${one.title} `.startsWith(`${title()} `));
  }

  get #begun(): Job | undefined {
    const own = this.#own;
    return own?.place === this.#place ? this.#options.study().jobs.find(({ id }) => id === own.id) : undefined;
  }

  /** Have it found anew. */
  async run(settings: Settings): Promise<void> {
    const where = this.#options.where();
    if (where === null) return;
    const [counts, place] = [this.#runs.begin(), this.#place];
    this.halted = this.#own = null;
    try {
      const { id } = await this.#options.start(where, settings);
      if (counts()) this.#own = { id, place };
    } catch (error) {
      if (counts() && place === this.#place) this.#refuse(message(error));
    }
  }

  /** Ask for the summary again. */
  async again(): Promise<void> {
    const where = this.#options.where();
    if (where !== null) return this.#load(where);
    this.#loads.forget();
    this.result = null;
  }

  async #load(where: Where): Promise<void> {
    const { study, summary, prepare, unasked } = this.#options;
    const [counts, place] = [this.#loads.begin(), this.#place];
    const first = this.#settled !== place;
    if (first) this.result = this.halted = null;
    try {
      if (first) await prepare(where);
      const answer = await summary(where);
      if (!counts()) return;
      this.#settled = place;
      this.problem = null;
      this.result = answer;
      const settings = unasked(answer);
      if (settings === null || this.#tried === place || study().cannotStart) return;
      this.#tried = place;
      await this.run(settings);
    } catch (error) {
      if (counts()) this.problem = message(error);
    }
  }

  /** An end is said once. */
  #ended({ state, error }: Job): void {
    this.#own = null;
    if (state === "failed") this.#refuse(error ?? "It stopped without saying why.");
    else if (state === "cancelled") this.halted = { title: "Stopped", text: this.#options.stopped(), wrong: false };
  }

  #refuse(text: string): void {
    this.halted = { title: this.#options.refusal(), text: this.#options.words(text), wrong: true };
  }
}
