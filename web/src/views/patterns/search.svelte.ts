// How does a view come to a result of Python? It shows what is kept, or has it found as a job that can be stopped.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
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
  #jobId = $state<string | null>(null);
  #settled = "";
  #tried = "";
  readonly #options: Options<Summary, Where, Settings>;

  /** Made while a component is set up: it follows the case from then on. */
  constructor(options: Options<Summary, Where, Settings>) {
    this.#options = options;
    $effect(() => {
      const where = options.where();
      void options.study().info.version;
      untrack(() => {
        if (where === null) this.result = null;
        else void this.#load(where);
      });
    });
    $effect(() => {
      const [id, state, error] = [this.job?.id, this.job?.state, this.job?.error];
      if (id === undefined || id !== this.#jobId) return;
      untrack(() => this.#ended(state, error ?? null));
    });
  }

  /** The job that looks for it, whoever began it. */
  get job(): Job | undefined {
    const { study, kind, title } = this.#options;
    const jobs = study().jobs;
    return (
      jobs.find((one) => one.id === this.#jobId) ??
      jobs.find((one) => one.kind === kind && one.title.startsWith(title()) && going(one))
    );
  }

  get working(): boolean {
    return this.job !== undefined && going(this.job);
  }

  /** Have it found anew. */
  async run(settings: Settings): Promise<void> {
    const where = this.#options.where();
    if (where === null) return;
    this.halted = null;
    try {
      this.#jobId = (await this.#options.start(where, settings)).id;
    } catch (error) {
      this.#refuse(message(error));
    }
  }

  /** Ask for the summary again. */
  async again(): Promise<void> {
    const where = this.#options.where();
    if (where !== null) await this.#load(where);
  }

  async #load(where: Where): Promise<void> {
    const { study, summary, prepare, unasked } = this.#options;
    const id = JSON.stringify(where);
    const fits = () => JSON.stringify(this.#options.where()) === id;
    const first = this.#settled !== id;
    if (first) this.result = this.halted = null;
    try {
      if (first) await prepare(where);
      const answer = await summary(where);
      if (!fits()) return;
      this.#settled = id;
      this.problem = null;
      this.result = answer;
      const settings = unasked(answer);
      if (settings === null || this.#tried === id || study().cannotStart) return;
      this.#tried = id;
      await this.run(settings);
    } catch (error) {
      if (fits()) this.problem = message(error);
    }
  }

  #ended(state: Job["state"] | undefined, error: string | null): void {
    if (state === "failed") this.#refuse(error ?? "It stopped without saying why.");
    else if (state === "cancelled") this.halted = { title: "Stopped", text: this.#options.stopped(), wrong: false };
    else if (state === "done") {
      this.#jobId = null;
      void this.again();
    }
  }

  #refuse(text: string): void {
    this.halted = { title: this.#options.refusal(), text: this.#options.words(text), wrong: true };
  }
}
