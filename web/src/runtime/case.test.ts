// Does a page believe the newest word about jobs, the card and the data, in whatever order the answers come?
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { expect, test } from "vitest";
import { Case } from "./case.svelte";
import type { Host } from "./host";
import type { CaseInfo, EditAnswer, InstanceDetail, Job, ServerEvent } from "./wire";

const card = (version: number): CaseInfo =>
  ({ id: "case", version, models: [], columns: [], subsets: [], widgets: [], role: "owner" }) as unknown as CaseInfo;
const job = (id: string, state: Job["state"]): Job => ({ id, kind: "sum", title: "a sum", state }) as Job;

/** A host whose answers come when the test says so. */
class SlowHost {
  readonly queries: ((bytes: Uint8Array) => void)[] = [];
  readonly connector = { query: () => new Promise((resolve) => this.queries.push(resolve)) };
  readonly can = { compute: true } as const;
  readonly lists: ((jobs: Job[]) => void)[] = [];
  readonly cards: ((info: CaseInfo) => void)[] = [];
  readonly changes: [what: string, answer: () => void][] = [];
  readonly details: [row: number, layer: string | null, answer: (detail: InstanceDetail | Error) => void][] = [];
  tell: (event: Partial<ServerEvent>) => void = () => {};

  jobs() {
    return new Promise<Job[]>((resolve) => this.lists.push(resolve));
  }
  caseInfo() {
    return new Promise<CaseInfo>((resolve) => this.cards.push(resolve));
  }
  #change(what: string) {
    return new Promise<EditAnswer>((resolve) =>
      this.changes.push([what, () => resolve({ summary: what, version: 2, count: 1, sequence: 1 })]),
    );
  }
  edit({ op }: { op: string }) {
    return this.#change(op);
  }
  undo() {
    return this.#change("undo");
  }
  instance(row: number, layer: string | null) {
    return new Promise<InstanceDetail>((resolve, reject) =>
      this.details.push([row, layer, (detail) => (detail instanceof Error ? reject(detail) : resolve(detail))]),
    );
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

test("a greeting with another version asks for the jobs as well as for the card", async () => {
  const { host, study } = opened();
  host.lists[0]([job("1", "running")]);
  await arrived();
  host.tell({ type: "hello", version: 2 });
  expect([host.lists.length, host.cards.length]).toEqual([2, 1]);
  host.lists[1]([job("1", "done")]);
  await arrived();
  expect(study.jobs.map(({ state }) => state)).toEqual(["done"]);
});

test("the panel shows the instance and layer asked for last", async () => {
  const { host, study } = opened();
  const detail = (row: number, layer: string) => ({ row, layer }) as InstanceDetail;
  study.layer = "first";
  void study.open(7);
  study.layer = "second";
  void study.open(7);
  host.details[1][2](detail(7, "second"));
  await arrived();
  host.details[0][2](detail(7, "first"));
  await arrived();
  expect(study.detail?.layer).toBe("second");

  void study.open(8);
  void study.open(null);
  void study.open(7);
  host.details[3][2](detail(7, "second"));
  host.details[2][2](new Error("no instance 8"));
  await arrived();
  expect([study.detail?.row, study.said]).toEqual([7, null]);
});

const SQL = "SELECT count(*) AS n FROM instances";
const rows = (n: number) => tableToIPC(tableFromArrays({ n: [n] }), {})!;
const count = async (study: Case) => Number((await study.coordinator.query(SQL)).getChild("n").at(0));

test("no answer to what was asked before an edit serves after it, however late it comes", async () => {
  const { host, study } = opened();
  const before = count(study);
  void study.refresh();
  host.cards[0](card(2));
  await arrived();
  const after = count(study);
  expect(host.queries.length).toBe(2);
  host.queries[1](rows(2));
  await arrived();
  host.queries[0](rows(1));
  expect([await before, await after]).toEqual([1, 2]);
  const later = count(study);
  host.queries[2]?.(rows(2));
  expect(await later).toBe(2);
  expect([await count(study), host.queries.length]).toEqual([2, 3]); // and what is asked from then on is kept again
});

test("an undo waits for the edit that it is meant for", async () => {
  const { host, study } = opened();
  const asked = () => host.changes.map(([what]) => what);
  void study.edit({ op: "tag" } as never);
  void study.undo();
  await arrived();
  expect([asked(), study.changing]).toEqual([["tag"], 2]);
  host.changes[0][1]();
  await arrived();
  host.cards[0](card(2));
  await arrived();
  expect([asked(), study.changing, study.said?.text]).toEqual([["tag", "undo"], 1, "tag"]);
  host.changes[1][1]();
  await arrived();
  host.cards[1](card(3));
  await arrived();
  expect([study.changing, study.said?.text, study.said?.undoable]).toEqual([0, "undo", false]);
});
