// How does a view run a check as a job and hold its result as long as what was checked is what is shown?
import { message, type Case } from "../../runtime/case.svelte";
import type { Job } from "../../runtime/wire";

export class Check<Result> {
  result = $state.raw<Result | null>(null);
  problem = $state<string | null>(null);
  #id = $state<string | null>(null);
  #of = "";
  readonly #study: () => Case;
  readonly #about: () => string;
  readonly #start: () => Promise<Job>;

  /** Made while a component is set up: it follows the case from then on, and forgets when `about` changes. */
  constructor(study: () => Case, about: () => string, start: () => Promise<Job>) {
    this.#study = study;
    this.#about = about;
    this.#start = start;
    $effect(() => {
      const now = about();
      if (now === this.#of) return;
      this.#of = now;
      this.result = this.problem = this.#id = null;
    });
    $effect(() => {
      const job = this.#study().jobs.find((one) => one.id === this.#id);
      if (!job) return;
      if (job.state === "done") this.result = job.result as Result;
      if (job.state === "failed") this.problem = job.error ?? "It stopped without saying why.";
      if (job.state === "done" || job.state === "failed" || job.state === "cancelled") this.#id = null;
    });
  }

  get job(): Job | null {
    if (this.#id === null) return null;
    return this.#study().jobs.find((one) => one.id === this.#id) ?? null;
  }

  async run(): Promise<void> {
    this.problem = null;
    const about = this.#about();
    try {
      const job = await this.#start();
      if (about === this.#about()) this.#id = job.id;
    } catch (error) {
      if (about === this.#about()) this.problem = message(error);
    }
  }
}
