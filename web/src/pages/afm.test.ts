// Do a widget's page and its Python end with the same values, in whatever order messages and answers come?
import { expect, test } from "vitest";
import type { ServerEvent } from "../runtime/wire";
import { Model } from "./afm";

const arrived = () => new Promise((resolve) => setTimeout(resolve));

/** A widget on a page whose calls are answered when the test says so. */
function widget() {
  const calls: [name: string, sent: unknown, answer: (given?: unknown) => void, refuse: (error: Error) => void][] = [];
  const study = {
    widgetNews: new Set<(event: ServerEvent) => void>(),
    said: [] as string[],
    say(text: string) {
      this.said.push(text);
    },
    host: {
      call: (_view: string, name: string, given: { message?: { state: unknown } }) =>
        new Promise((answer, refuse) => calls.push([name, given.message?.state, answer, refuse])),
    },
  };
  let replaced = 0;
  const model = new Model(study as never, "counter", { value: 1, other: 1 }, "a.js", () => (replaced += 1));
  const set = (value: number) => {
    model.set("value", value);
    model.save_changes();
  };
  const hear = (event: Partial<ServerEvent>) => study.widgetNews.forEach((heard) => heard(event as ServerEvent));
  const asked = () => calls.map(([name, sent]) => (name === "send_widget" ? sent : name));
  return { model, study, calls, asked, set, hear, replaced: () => replaced };
}
const told = (state: object) => ({ type: "widget", widget: "counter", message: { method: "update", state } }) as never;

test("values are sent one after the other, so that the newest is last", async () => {
  const { calls, asked, set } = widget();
  set(2);
  set(3);
  await arrived();
  expect(asked()).toEqual([{ value: 2 }]);
  calls[0][2]();
  await arrived();
  expect(asked()).toEqual([{ value: 2 }, { value: 3 }]);
});

test("the state is asked for after what was sent, and what is set or heard meanwhile is newer", async () => {
  const { model, calls, asked, set, hear } = widget();
  set(2);
  hear({ type: "hello" });
  await arrived();
  expect(asked()).toEqual([{ value: 2 }]);
  calls[0][2]();
  await arrived();
  expect(asked()[1]).toBe("open_widget");
  set(3);
  calls[1][2]({ state: { value: 2, other: 5 }, module: "a.js" });
  await arrived();
  expect([model.get("value"), model.get("other")]).toEqual([3, 5]);

  void model.reload();
  calls[2][2]();
  await arrived();
  hear(told({ other: 6 }));
  calls[3][2]({ state: { value: 3, other: 5 }, module: "a.js" });
  await arrived();
  expect([model.get("value"), model.get("other")]).toEqual([3, 6]);
});

test("what is refused is taken back and said", async () => {
  const { model, study, calls, set } = widget();
  set(-1);
  await arrived();
  calls[0][3](new Error("too small"));
  await arrived();
  calls[1][2]({ state: { value: 1, other: 1 }, module: "a.js" });
  await arrived();
  expect([model.get("value"), study.said]).toEqual([1, ["too small"]]);
});

test("a widget of another module is drawn anew, one of the same is not", async () => {
  const { calls, hear, replaced } = widget();
  const added = { type: "widget", widget: "counter", message: { method: "added" } } as never;
  for (const [i, module] of ["a.js", "b.js"].entries()) {
    hear(added);
    await arrived();
    calls[i][2]({ state: { value: 1 }, module });
    await arrived();
    expect(replaced()).toBe(i);
  }
});
