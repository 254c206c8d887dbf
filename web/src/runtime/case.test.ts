// Does a page believe the newest word about jobs and the card, in whatever order the answers come?
import { expect, test } from "vitest";
import { Case } from "./case.svelte";
import type { Host } from "./host";
import type { CaseInfo, Job, ServerEvent } from "./wire";

const card = (version: number): CaseInfo =>
  ({ id: "case", version, models: [], columns: [], subsets: [], widgets: [], preaggregate: false }) as unknown as CaseInfo;
const job = (id: string, state: Job["state"]): Job => ({ id, kind: "sum", title: "a sum", state }) as Job;

/** A host whose answers come when the test says so. */
class SlowHost {
  readonly connector = { query: () => new Promise(() => {}) };
  readonly can = { compute: true } as const;
  readonly lists: ((jobs: Job[]) => void)[] = [];
  readonly cards: ((info: CaseInfo) => void)[] = [];
  tell: (event: Partial<ServerEvent>) => void = () => {};

  jobs() {
    return new Promise<Job[]>((resolve) => this.lists.push(resolve));
  }
  caseInfo() {
    return new Promise<CaseInfo>((resolve) => this.cards.push(resolve));
  }
  listen(heard: (event: ServerEvent) => void) {
    this.tell = (event) => heard({ case: "case", ...event } as ServerEvent);
    return () => {};
  }
}

function opened() {
  const host = new SlowHost();
  const study = new Case(host as unknown as Host, card(1));
  study.follow();
  return { host, study };
}
const arrived = () => new Promise((resolve) => setTimeout(resolve));

test("a list of jobs that was asked for before the news does not undo it", async () => {
  const { host, study } = opened();
  host.tell({ type: "hello", version: 1 });
  host.tell({ type: "job", job: job("2", "done") });
  host.tell({ type: "job", job: job("3", "running") });
  host.lists[1]([job("1", "failed"), job("2", "running")]);
  await arrived();
  expect(study.jobs.map(({ id, state }) => [id, state])).toEqual([
    ["1", "failed"],
    ["2", "done"],
    ["3", "running"],
  ]);
});

test("of two lists of jobs the one asked for later stands", async () => {
  const { host, study } = opened();
  host.tell({ type: "hello", version: 1 });
  host.lists[1]([job("1", "done")]);
  await arrived();
  host.lists[0]([job("1", "running")]);
  await arrived();
  expect(study.jobs.map(({ state }) => state)).toEqual(["done"]);
});

test("a card that comes after a newer one is not taken", async () => {
  const { host, study } = opened();
  void study.refresh();
  void study.refresh();
  host.cards[1](card(3));
  await arrived();
  host.cards[0](card(2));
  await arrived();
  expect(study.version).toBe(3);
});

test("it is not settled while a view is being fetched", async () => {
  const { study } = opened();
  let here = () => {};
  void study.coming(new Promise<void>((resolve) => (here = resolve)));
  let settled = false;
  const settling = study.settled().then(() => (settled = true));
  await arrived();
  expect(settled).toBe(false);
  here();
  await settling;
  expect(settled).toBe(true);
});
