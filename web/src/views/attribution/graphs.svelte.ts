// How does the view come to the graph of what is asked for? What is kept is shown; the rest is measured, once unasked, as a job.
import { untrack } from "svelte";
import { message, type Case } from "../../runtime/case.svelte";
import { Latest } from "../../runtime/turns";
import type { Job } from "../../runtime/wire";
import { imported, start, summary, type Found, type Summary, type Where } from "./answers";

const going = (job: Job | undefined) => job?.state === "running" || job?.state === "queued";

const subsetsOf = (where: Where | { key: string } | null) => (where && "a" in where ? JSON.stringify([where.a, where.b]) : "");

export class Graphs {
  /** Of what is asked for, or of what was asked for before while that is loading. */
  result = $state.raw<Summary | null>(null);
  loading = $state(false);
  problem = $state<string | null>(null);
  stopped = $state(false);
  /** Of which subsets jobs were started to measure the graph, by the job. */
  #started = $state.raw<ReadonlyMap<string, string>>(new Map());
  #tried = new Set<string>();
  readonly #loads = new Latest();
  readonly #study: () => Case;
  readonly #where: () => Where | { key: string } | null;

  /** Made while a component is set up: it follows the case from then on. */
  constructor(study: () => Case, where: () => Where | { key: string } | null) {
    this.#study = study;
    this.#where = where;
    $effect(() => {
      const asked = where();
      void study().info.version;
      untrack(() => void this.#load(asked));
    });
    $effect(() => {
      const { job } = this;
      if (!job || going(job)) return;
      untrack(() => {
        this.#started = new Map([...this.#started].filter(([id]) => id !== job.id));
        if (job.state === "failed") this.problem = job.error ?? "It stopped without saying why.";
        else if (job.state === "cancelled") this.stopped = true;
        else void this.#load(where());
      });
    });
  }

  /** The job that measures the subsets asked for. */
  get job(): Job | null {
    const subsets = subsetsOf(this.#where());
    return this.#study().jobs.find((one) => this.#started.get(one.id) === subsets) ?? null;
  }

  /** The same while it goes on. */
  get measuring(): Job | null {
    const job = this.job;
    return job && going(job) ? job : null;
  }

  get found(): Found | null {
    return this.result?.state === "found" ? this.result : null;
  }

  /** Measure what is asked for. */
  async measure(): Promise<void> {
    const where = this.#where();
    if (!where || "key" in where) return;
    this.problem = null;
    this.stopped = false;
    try {
      const { id } = await start(this.#study(), where);
      this.#started = new Map(this.#started).set(id, subsetsOf(where));
    } catch (error) {
      if (subsetsOf(where) === subsetsOf(this.#where())) this.problem = message(error);
    }
  }

  async again(): Promise<void> {
    await this.#load(this.#where());
  }

  async #load(where: Where | { key: string } | null): Promise<void> {
    const newest = this.#loads.begin();
    this.loading = where !== null;
    if (!where) return;
    try {
      const answer = "key" in where ? await imported(this.#study(), where.key) : await summary(this.#study(), where);
      if (!newest()) return;
      this.problem = null;
      this.result = answer;
      const id = JSON.stringify(where);
      if (answer.state !== "missing" || !answer.at_once || this.#tried.has(id) || this.#study().cannotStart) return;
      this.#tried.add(id);
      await this.measure();
    } catch (error) {
      if (!newest()) return;
      this.result = null;
      this.problem = message(error);
    } finally {
      if (newest()) this.loading = false;
    }
  }
}
