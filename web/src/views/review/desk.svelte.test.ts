// Does the desk keep what was judged, and take back what is meant, however late the answers are?
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Desk, type Question } from "./desk.svelte";

type Answer = { what: string; args: Record<string, unknown>; give: (value: unknown) => void; refuse: (why: string) => void };

/** A desk, and the answers that are still on their way. */
class At {
  question = $state.raw<Question>({ queue: "suspects" });
  version = $state(1);
  info = $state.raw({ classes: ["Coat", "Dress", "Shirt"], author: "anna" });
  readonly signature = null;
  readonly waiting: Answer[] = [];
  readonly said: string[] = [];
  desk!: Desk;
  readonly stop = $effect.root(() => {
    this.desk = new Desk(
      () => this as never,
      () => this.question,
    );
  });
  readonly host = {
    call: (_: string, what: string, args: Record<string, unknown>) => this.#ask(what, args),
    edit: (args: Record<string, unknown>) => this.#ask("edit", args),
    undo: () => this.#ask("undo", {}),
  };
  get author() {
    return this.info.author;
  }
  signed(request: object) {
    return request;
  }
  say(text: string) {
    this.said.push(text);
  }

  #ask(what: string, args: Record<string, unknown>) {
    return new Promise((give, refuse) => this.waiting.push({ what, args, give, refuse: (why) => refuse(new Error(why)) }));
  }
  /** The oldest question of a kind; it is on its way no longer. */
  take(what: string): Answer {
    const i = this.waiting.findIndex((one) => one.what === what);
    if (i < 0) throw new Error(`no ${what} is asked for: ${this.waiting.map((one) => one.what).join()}`);
    return this.waiting.splice(i, 1)[0];
  }
  get asked() {
    return this.waiting.map(({ what }) => what);
  }
  get states() {
    return this.desk.items.map(({ state }) => state);
  }
}

/** An answer about rows: all of them open and labelled Coat, a Dress by the model. */
const found = (rows: number[]) => {
  const all = (value: unknown) => rows.map(() => value);
  return {
    found: true,
    total: rows.length,
    rows,
    ids: rows.map(String),
    label: all(0),
    was: all(0),
    suggested: all(1),
    score: all(0.1),
    own: all(0.1),
    other: all(0.9),
    top: all(0.9),
    state: all("open"),
    suspect: all(true),
    others: all({}),
    pairs: [],
    scores: ["combined"],
  };
};
const arrived = () => vi.advanceTimersByTimeAsync(0);
let at: At;
async function opened(rows = [1, 2, 3]) {
  at = new At();
  await arrived();
  at.take("items").give(found(rows));
  await arrived();
  return at;
}
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => at.stop());

test("another card of the same data and author asks for nothing", async () => {
  await opened();
  at.info = { ...at.info };
  await vi.advanceTimersByTimeAsync(300);
  expect(at.asked).toEqual([]);
});

test("what was asked before a judgement was written does not open it again", async () => {
  const { desk } = await opened();
  at.version = 2;
  await vi.advanceTimersByTimeAsync(300);
  const renewal = at.take("items");
  desk.judge("confirm");
  await arrived();
  at.take("edit").give({});
  await arrived();
  renewal.give(found([1, 2, 3]));
  await arrived();
  expect([desk.waiting, at.states]).toEqual([0, ["confirmed", "open", "open"]]);
});

test("an undo pressed before a refusal is known leaves the judgement before alone", async () => {
  const { desk } = await opened();
  desk.judge("confirm");
  await arrived();
  at.take("edit").give({});
  await arrived();
  desk.judge("exclude");
  await arrived();
  desk.undo();
  at.take("edit").refuse("the case is write-protected");
  await arrived();
  expect([at.asked, at.said, at.states]).toEqual([[], ["the case is write-protected"], ["confirmed", "open", "open"]]);
  desk.undo();
  await arrived();
  expect([at.asked, at.states]).toEqual([["undo"], ["open", "open", "open"]]);
});

test("nothing of the former queue is judged while the next one is on its way", async () => {
  const { desk } = await opened();
  at.question = { queue: "second" };
  await arrived();
  desk.judge("exclude");
  await arrived();
  expect([at.asked, desk.items, desk.total]).toEqual([["items"], [], null]);
  at.take("items").give(found([7, 8]));
  await arrived();
  desk.judge("exclude");
  await arrived();
  expect(at.take("edit").args.rows).toEqual([7]);
});

test("of two queues the one chosen later is shown", async () => {
  const { desk } = await opened();
  at.question = { queue: "second" };
  await arrived();
  const former = at.take("items");
  at.question = { queue: "all" };
  await arrived();
  at.take("items").give(found([9]));
  await arrived();
  former.give(found([7, 8]));
  await arrived();
  expect(desk.items.map(({ row }) => row)).toEqual([9]);
});
