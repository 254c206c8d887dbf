// Does every change by hand count, in the order it was made, however late Python draws it?
import { expect, test, vi } from "vitest";
import type { Desk, Settings } from "./answers";
import { Editing } from "./editing.svelte";

/** A desk whose answers come when the test says so; a figure has one glyph for each group and the layers a, b and c. */
function at() {
  const waiting: { name: string; give: () => void }[] = [];
  const kept: Settings[] = [];
  const links: Settings[] = [];
  const answers: Record<string, (args: { settings?: Settings; first?: string; path?: string }) => unknown> = {
    scene: ({ settings = {} }) => {
      const groups = settings.groups ?? [];
      const layers = ["a", "b", "c"].filter((id) => !groups.some(({ first, last }) => first <= id && id <= last));
      const glyphs = [...layers, ...groups.map(({ name }) => name)].map((id) => ({ id, type: id }));
      return { model: "net", scene: {}, glyphs, kinds: [], groups, settings, problem: null };
    },
    group: () => ({ name: "Stem", first: "a", last: "b" }),
    between: ({ first }) => [first, "c"],
    module: ({ path }) => [path],
    keep: ({ settings }) => kept.push(settings!) > 0,
  };
  const call = (name: string, args = {}) =>
    new Promise((resolve) => waiting.push({ name, give: () => resolve(answers[name](args)) }));
  const say = vi.fn();
  const desk = { call, say, model: null, cannot: null, cannotKeep: null, instances: true } as unknown as Desk;
  const editing = new Editing(desk, (settings) => {
    links.push(settings);
    editing.take(settings);
  });
  const arrived = () => new Promise((resolve) => setTimeout(resolve));
  /** Let answers come, the latest first, until nothing is asked. */
  const answer = async () => {
    await arrived();
    while (waiting.length) {
      waiting.pop()!.give();
      await arrived();
    }
  };
  return { editing, waiting, kept, links, answer, arrived };
}

async function shown() {
  const found = at();
  void found.editing.show(null);
  await found.answer();
  return found;
}

test("two changes made before the first is drawn are both made, and undone one by one", async () => {
  const { editing, answer, links } = await shown();
  void editing.change((now) => ({ ...now, depth: 1 }));
  void editing.change((now) => ({ ...now, routes: true }));
  await answer();
  expect(editing.settings).toEqual({ depth: 1, routes: true });
  expect(links).toEqual([{ depth: 1 }, { depth: 1, routes: true }]);
  void editing.undo();
  void editing.undo();
  await answer();
  expect(editing.settings).toEqual({});
  void editing.redo();
  void editing.redo();
  await answer();
  expect(editing.settings).toEqual({ depth: 1, routes: true });
});

test("what is undone is the change that is still being drawn", async () => {
  const { editing, answer } = await shown();
  void editing.change((now) => ({ ...now, depth: 1 }));
  await answer();
  void editing.change((now) => ({ ...now, routes: true }));
  void editing.undo();
  await answer();
  expect(editing.settings).toEqual({ depth: 1 });
  expect(editing.history).toEqual({ past: [{}], future: [{ depth: 1, routes: true }] });
});

test("glyphs are grouped once, however often it is asked for", async () => {
  const { editing, answer } = await shown();
  editing.picked = ["a", "b"];
  void editing.group();
  void editing.group();
  await answer();
  expect(editing.settings.groups).toHaveLength(1);
  expect(editing.refused).toBe("");
});

test("of two picks the later one stands, whichever is answered last", async () => {
  const { editing, answer } = await shown();
  void editing.pick("a", "one");
  void editing.pick("b", "between");
  void editing.pickModule("c");
  await answer();
  expect(editing.picked).toEqual(["c"]);
  void editing.pick("a", "between");
  editing.pickNone();
  await answer();
  expect(editing.picked).toEqual([]);
});

test("of two links the later one is shown, also if it is the one before", async () => {
  const { editing, answer } = await shown();
  void editing.change((now) => ({ ...now, depth: 1 }));
  await answer();
  editing.take({ depth: 2 });
  editing.take({ depth: 1 });
  await answer();
  expect(editing.settings).toEqual({ depth: 1 });
});

test("nothing is remembered or asked once the editor is left", async () => {
  const { editing, waiting, answer, arrived, links } = await shown();
  void editing.change((now) => ({ ...now, depth: 1 }));
  void editing.change((now) => ({ ...now, depth: 2 }));
  await arrived();
  expect(waiting.map(({ name }) => name)).toEqual(["scene"]);
  editing.close();
  await answer();
  expect(links).toEqual([]);
  expect(editing.settings).toEqual({});
});
