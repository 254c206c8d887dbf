// Do the explorables do what was asked last, however late their workers answer?
import { beforeEach, expect, test, vi } from "vitest";
import { Session as Gan } from "./gan/session.svelte";
import { Session as Rnn } from "./rnn/session.svelte";

type Asked = { id: number; type: string; count?: number; question?: string; argument?: number };

/** A worker that answers when the test says so, in the order it was asked. */
const SlowWorker = vi.hoisted(
  () =>
    class {
      static waiting: { asked: Asked; give: (value: object) => void }[] = [];
      onmessage: (event: object) => void = () => {};
      postMessage(asked: Asked) {
        SlowWorker.waiting.push({ asked, give: (value) => this.onmessage({ data: { id: asked.id, value } }) });
      }
      terminate() {}
    },
);
vi.mock("./gan/worker?worker&inline", () => ({ default: SlowWorker }));
vi.mock("./rnn/worker?worker&inline", () => ({ default: SlowWorker }));

const frame = (epoch: number) => ({
  epoch,
  kept: [0, 10],
  fake: [],
  diverged: null,
  pristine: true,
  window: 1,
  sample: { said: [0] },
});
const waiting = () => SlowWorker.waiting.map(({ asked }) => asked.question ?? asked.type);
async function answer(type: string, value?: object) {
  expect(waiting()[0]).toBe(type);
  const { asked, give } = SlowWorker.waiting.shift()!;
  give(value ?? { layer: asked.argument });
  await new Promise((resolve) => setTimeout(resolve));
}

beforeEach(() => {
  SlowWorker.waiting.length = 0;
});

test.each([
  ["gan", () => new Gan()],
  ["rnn", () => new Rnn()],
])("%s: a link's epochs are trained no further once the run is begun anew", async (name, make) => {
  const session = make();
  void session.open(`#${name}?v=1&epoch=100&layer=1`);
  await answer("start", frame(0));
  void session.reset();
  expect(waiting()).toEqual(["step", "start"]);
  await answer("step", frame(50));
  await answer("start", frame(0));
  expect(waiting()).toEqual([]);
  expect(session.frame?.epoch).toBe(0);
  void session.open(`#${name}?v=1&epoch=100`);
  void session.open(`#${name}?v=1&epoch=1`);
  await answer("start", frame(0));
  await answer("start", frame(0));
  expect(waiting()).toEqual(["step"]);
  await answer("step", frame(1));
  expect(waiting()).toEqual([]);
});

test("a look at the past does not come back once it was left", async () => {
  const session = new Gan();
  void session.open("#gan?v=1&epoch=20");
  await answer("start", frame(0));
  await answer("step", frame(20));
  void session.look(10);
  session.leavePast();
  await answer("show", frame(10));
  expect(session.past).toBeNull();
  void session.look(0);
  void session.step("epoch");
  await answer("show", frame(0));
  expect(session.shown?.epoch).toBe(20);
});

/** The cell of the first layer, at the last part of its walk. */
async function inside() {
  const session = new Rnn();
  void session.open("#rnn?v=1&epoch=0&layer=1");
  await answer("start", frame(0));
  await answer("walk");
  session.goTo(1000);
  return session;
}

test("a look into a cell does not come back once it was left", async () => {
  const session = await inside();
  void session.look(1);
  await Promise.resolve();
  session.leave();
  await answer("walk");
  expect([session.opened, session.walk]).toEqual([null, null]);
});

test("the part after the last is the next walk's first, and the one after that its second", async () => {
  const session = await inside();
  void session.step();
  void session.step();
  await Promise.resolve();
  expect(waiting()).toEqual(["step"]);
  await answer("step", frame(1));
  await answer("walk");
  expect([session.at, waiting()]).toEqual([1, []]);
});

test("the walk that is drawn is that of the opened layer, also if another one's was on its way", async () => {
  const session = await inside();
  void session.step();
  void session.look(1);
  await Promise.resolve();
  await answer("step", frame(1));
  await answer("walk");
  await answer("walk");
  expect([session.opened, session.walk]).toEqual([1, { layer: 1 }]);
});
