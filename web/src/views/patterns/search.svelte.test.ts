// Does a view say the end of its own job, once, and keep the newest summary, in whatever order the answers come?
import { afterEach, expect, test } from "vitest";
import type { Job } from "../../runtime/wire";
import { Search } from "./search.svelte";

type Answer<T> = { args: unknown[]; give: (value: T) => void; refuse: (why: string) => void };

/** A search in a layer, and the answers that are still on their way. */
class At {
  layer = $state<string | null>("conv1");
  version = $state(1);
  jobs = $state.raw<Job[]>([]);
  readonly summaries: Answer<string>[] = [];
  readonly starts: Answer<{ id: string }>[] = [];
  search!: Search<string, { layer: string }, string>;
  readonly stop = $effect.root(() => {
    const study = this as never;
    const asking =
      <T>(list: Answer<T>[]) =>
      (...args: unknown[]) =>
        new Promise<T>((give, refuse) => list.push({ args, give, refuse: (why) => refuse(new Error(why)) }));
    this.search = new Search<string, { layer: string }, string>({
      study: () => study,
      where: () => (this.layer === null ? null : { layer: this.layer }),
      summary: asking(this.summaries),
      prepare: () => Promise.resolve(),
      unasked: () => null,
      start: asking(this.starts) as never,
      kind: "patterns",
      title: () => `Finding patterns of ${this.layer}`,
      refusal: () => "refused",
      stopped: () => "nothing was changed",
      words: (text) => text,
    });
  });
  readonly cannotStart = null;
  /** The card, another one after every news. */
  info = $derived.by(() => ({ version: this.version, jobs: this.jobs }));

  news(id: string, state: Job["state"], error: string | null = null, layer = this.layer) {
    const job = { id, kind: "patterns", title: `Finding patterns of ${layer}`, state, error } as Job;
    this.jobs = [...this.jobs.filter((one) => one.id !== id), job];
    return arrived();
  }
  async begin(id: string) {
    void this.search.run("settings");
    this.starts.at(-1)!.give({ id });
    await this.news(id, "running");
  }
}
const arrived = () => new Promise((resolve) => setTimeout(resolve));
let at: At;
async function opened() {
  at = new At();
  await arrived();
  at.summaries[0].give("none yet");
  await arrived();
  return at;
}
afterEach(() => at.stop());

test("of two summaries the one asked for later stands", async () => {
  const { search, summaries } = await opened();
  at.version = 2;
  await arrived();
  at.version = 3;
  await arrived();
  summaries[2].give("third");
  await arrived();
  summaries[1].give("second");
  await arrived();
  expect(search.result).toBe("third");
});

test("nothing is asked for again while place and data stay", async () => {
  const { summaries } = await opened();
  at.jobs = [];
  await at.news("1", "running");
  expect(summaries.length).toBe(1);
});

test("what somebody else has found is asked for too", async () => {
  const { search, summaries } = await opened();
  await at.news("1", "running");
  expect(search.working).toBe(true);
  await at.news("1", "done");
  expect([search.working, summaries.length]).toEqual([false, 2]);
});

test("a stop that was said does not come back while it runs anew", async () => {
  const { search } = await opened();
  await at.begin("1");
  await at.news("1", "cancelled");
  expect(search.halted?.title).toBe("Stopped");
  void search.run("settings");
  await at.news("9", "running", null, "fc");
  expect(search.halted).toBe(null);
  at.starts[1].give({ id: "2" });
  await at.news("2", "running");
  expect([search.halted, search.job?.id]).toEqual([null, "2"]);
  await at.news("2", "done");
  expect([search.halted, search.working]).toEqual([null, false]);
});

test("a failure is said once, so what was put away stays away", async () => {
  const { search } = await opened();
  await at.begin("1");
  await at.news("1", "failed", "too few");
  expect(search.halted).toEqual({ title: "refused", text: "too few", wrong: true });
  search.halted = null;
  await at.news("9", "running", null, "fc");
  expect(search.halted).toBe(null);
});

test("what was begun in one layer is not shown in another, and is there again on the way back", async () => {
  const { search, summaries, starts } = await opened();
  void search.run("settings");
  at.layer = "conv";
  await arrived();
  summaries[1].give("of conv");
  starts[0].give({ id: "1" });
  await at.news("1", "running", null, "conv1");
  expect([search.job, search.result]).toEqual([undefined, "of conv"]);
  await at.news("1", "failed", "too few", "conv1");
  expect(search.halted).toBe(null);
  at.layer = "conv1";
  await arrived();
  expect(search.halted?.text).toBe("too few");
});

test("a refusal to begin is not said in another layer", async () => {
  const { search, starts } = await opened();
  void search.run("settings");
  at.layer = "conv";
  await arrived();
  starts[0].refuse("no model");
  await arrived();
  expect(search.halted).toBe(null);
});
