// Does Python end with what the page shows, and does the page keep what was picked since Python picked?
import { beforeEach, expect, test, vi } from "vitest";
import type { Tree } from "./filter";
import { Picks } from "./selection.svelte";
import { SharedSelection } from "./sharing";
import type { SelectionInfo } from "./wire";

const tree = (value: string): Tree => ({ op: "compare", column: "label", is: "=", value });
const ofPython = (value: string) => ({ parts: [{ tree: tree(value), text: value }] }) as unknown as SelectionInfo;

/** A page's selection, and a Python that answers when the test says so. */
function at() {
  const picks = new Picks(() => ({
    columns: new Map([["label", { kind: "text", categories: null }]]) as never,
    subsets: new Map(),
  }));
  const heard: string[] = [];
  const waiting: ((fails?: true) => void)[] = [];
  const select = (parts: { text: string }[]) => {
    heard.push(parts.map(({ text }) => text).join());
    return new Promise<void>((resolve, reject) => waiting.push((fails) => (fails ? reject(new Error("away")) : resolve())));
  };
  const hand = new EventTarget();
  const shared = new SharedSelection(picks, { select } as never, hand);
  const source = {};
  const pick = async (value: string) => {
    picks.pickTree(source, tree(value), value);
    await vi.advanceTimersByTimeAsync(200);
  };
  const answer = async (fails?: true) => {
    waiting.shift()!(fails);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { picks, shared, heard, hand, source, pick, answer };
}

beforeEach(() => {
  vi.useFakeTimers();
});

test("while a post is on its way no other is sent, and then only the newest", async () => {
  const { shared, heard, pick, answer } = at();
  shared.begin();
  await pick("Coat");
  await pick("Shirt");
  await pick("Dress");
  expect(heard).toEqual(["Coat"]);
  await answer();
  expect(heard).toEqual(["Coat", "Dress"]);
  await answer();
  await pick("Coat");
  await answer(true);
  await pick("Shirt");
  expect(heard).toEqual(["Coat", "Dress", "Coat", "Shirt"]);
});

test("a pick is told at once, one that is dragged when the hand rests or lets go", async () => {
  const { picks, shared, heard, hand, source, answer } = at();
  const pickNow = async (value: string) => {
    picks.pickTree(source, tree(value), value);
    await vi.advanceTimersByTimeAsync(0);
  };
  shared.begin();
  await pickNow("Coat");
  expect(heard).toEqual(["Coat"]);
  await answer();
  hand.dispatchEvent(new Event("pointerdown"));
  for (const value of ["Shirt", "Dress", "Bag"]) await pickNow(value);
  expect(heard).toEqual(["Coat"]);
  await vi.advanceTimersByTimeAsync(120);
  expect(heard).toEqual(["Coat", "Bag"]);
  await answer();
  await pickNow("Boot");
  expect(heard).toEqual(["Coat", "Bag"]);
  hand.dispatchEvent(new Event("pointerup"));
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual(["Coat", "Bag", "Boot"]);
  let told = false;
  void shared.telling.then(() => (told = true));
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toBe(false);
  await answer();
  expect(told).toBe(true);
});

test("a greeting takes back nothing that was picked since Python picked", async () => {
  const { picks, shared, pick } = at();
  shared.greet(ofPython("Coat"), false);
  expect(picks.text).toBe("Coat");
  picks.clear();
  await pick("Dress");
  shared.greet(ofPython("Coat"), false);
  expect(picks.text).toBe("Dress");
  shared.greet(ofPython("Shirt"), false);
  expect(picks.text).toBe("Shirt");
  await pick("Dress");
  shared.greet(ofPython("Shirt"), true);
  expect(picks.text).toBe("Shirt"); // another server is believed
});

test("nor does the first greeting wipe what was picked ahead of it", async () => {
  const { picks, shared, pick } = at();
  await pick("Dress");
  shared.greet(ofPython("Coat"), false);
  expect(picks.text).toBe("Dress");
  shared.greet(ofPython("Coat"), false);
  expect(picks.text).toBe("Dress");
  shared.take(ofPython("Coat"));
  expect(picks.text).toBe("Coat");
});

test("what Python picks for the first time while the link is away is shown", async () => {
  const { picks, shared, pick } = at();
  shared.greet(undefined, false);
  await pick("Dress");
  shared.greet(ofPython("Coat"), false);
  expect(picks.text).toBe("Coat");
});
