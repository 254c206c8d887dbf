// Do rows picked by hand come out as the hand meant it, however late the answers are?
import { beforeEach, expect, test, vi } from "vitest";
import type { Tree } from "../runtime/filter";
import { Picks } from "../runtime/selection.svelte";
import { Handpicked } from "./picking";

const BASE: Tree = { op: "compare", column: "label", is: "=", value: "Dress" };
const IN_BASE = new Set([10, 11, 12]);

/** The hand, the selection, and the answers that are still on their way. */
function at() {
  const picks = new Picks(() => ({
    columns: new Map([["label", { kind: "text", categories: null }]]) as never,
    subsets: new Map(),
  }));
  const tables = new Map<string, number[]>();
  const waiting: (() => void)[] = [];
  const host = {
    pick: ({ rows }: { rows: number[] }) => {
      const name = `pick_${tables.size + 1}`;
      tables.set(name, rows);
      return new Promise((resolve) => waiting.push(() => resolve({ name, count: rows.length })));
    },
  };
  const said: string[] = [];
  const hand = new Handpicked({ picks, host, say: (text: string) => said.push(text) } as never);
  const holds = (tree: Tree, row: number): boolean => {
    if (tree.op === "and") return tree.terms.every((term) => holds(term, row));
    if (tree.op === "or") return tree.terms.some((term) => holds(term, row));
    if (tree.op === "not") return !holds(tree.term, row);
    if (tree.op === "pick") return tables.get(tree.name)!.includes(row);
    return IN_BASE.has(row);
  };
  const picked = () => {
    if (said.length) throw new Error(said.join());
    const rows = Array.from({ length: 20 }, (_, row) => row);
    return picks.parts.length ? rows.filter((row) => picks.parts.every(({ tree }) => holds(tree, row))) : [];
  };
  const answer = async () => {
    await vi.advanceTimersByTimeAsync(100);
    for (const give of waiting.splice(0)) give();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { picks, hand, picked, answer, said };
}

beforeEach(() => {
  vi.useFakeTimers();
});

test("a row of a range is taken off before the range is drawn as picked", async () => {
  const { hand, picked, answer } = at();
  hand.toggle(1, 1, false);
  await answer();
  hand.extend([1, 2, 3, 4]);
  await answer();
  hand.toggle(2, 2, false);
  await answer();
  expect(picked()).toEqual([1, 3, 4]);
});

test("two rows picked faster than the first is answered are both picked", async () => {
  const { hand, picked, answer } = at();
  hand.toggle(1, 1, false);
  await vi.advanceTimersByTimeAsync(100);
  hand.toggle(5, 5, false);
  await answer();
  expect(picked()).toEqual([1, 5]);
});

test("so they are on top of what was picked elsewhere", async () => {
  const { picks, hand, picked, answer } = at();
  picks.pickTree({}, BASE, "label Dress");
  hand.toggle(1, 1, false);
  hand.toggle(5, 5, false);
  hand.toggle(10, 10, true);
  await answer();
  expect(picked()).toEqual([1, 5, 11, 12]);
  expect(picks.text).toBe("label Dress without 1 and 2 by hand");
});

test("a row is taken off and put back as often as one likes, whether it was picked elsewhere or not", async () => {
  const { picks, hand, picked, answer } = at();
  picks.pickTree({}, BASE, "label Dress");
  hand.anchorAt(9);
  hand.extend([9, 10]);
  for (const expected of [
    [9, 11, 12],
    [9, 10, 11, 12],
    [9, 11, 12],
  ]) {
    hand.toggle(10, 10, true);
    await answer();
    expect(picked()).toEqual(expected);
  }
  for (const expected of [
    [11, 12],
    [9, 11, 12],
    [11, 12],
  ]) {
    hand.toggle(9, 9, false);
    await answer();
    expect(picked()).toEqual(expected);
  }
});

test("what is cleared while the answer is on its way does not come back", async () => {
  const { picks, hand, picked, answer } = at();
  hand.toggle(1, 1, false);
  await answer();
  hand.toggle(2, 2, false);
  await vi.advanceTimersByTimeAsync(100);
  picks.clear();
  await answer();
  expect(picked()).toEqual([]);
  hand.toggle(3, 3, false);
  await answer();
  expect(picked()).toEqual([3]);
});

test.each([0, 100])("neither does what it was built upon, cleared after %s ms", async (wait) => {
  const { picks, hand, picked, answer } = at();
  picks.pickTree({}, BASE, "label Dress");
  hand.toggle(1, 1, false);
  await vi.advanceTimersByTimeAsync(wait);
  picks.clear();
  await answer();
  expect(picked()).toEqual([]);
});

test("what is brushed elsewhere meanwhile stays", async () => {
  const { picks, hand, picked, answer } = at();
  hand.extend([9, 10, 11]);
  await vi.advanceTimersByTimeAsync(100);
  picks.pickTree({}, BASE, "label Dress");
  await answer();
  expect(picked()).toEqual([10, 11]);
  hand.toggle(1, 1, false);
  await answer();
  expect(picked()).toEqual([1, 10, 11]);
});

test("of two ranges the later asked stands, and none comes back after clearing", async () => {
  const { picks, hand, picked, answer } = at();
  const known: ((rows: number[]) => void)[] = [];
  const range = () => new Promise<number[]>((resolve) => known.push(resolve));
  hand.toggle(1, 1, false);
  await answer();
  void hand.extendTo(range());
  void hand.extendTo(range());
  known[1]([1, 2]);
  known[0]([1, 2, 3, 4, 5]);
  await answer();
  expect(picked()).toEqual([1, 2]);
  void hand.extendTo(range());
  picks.clear();
  known[2]([1, 2, 3]);
  await answer();
  expect(picked()).toEqual([]);
});

test("a range that is known late stays when a row is picked meanwhile, and is dropped when something else is", async () => {
  const { picks, hand, picked, answer } = at();
  const known: ((rows: number[]) => void)[] = [];
  const range = () => new Promise<number[]>((resolve) => known.push(resolve));
  hand.toggle(1, 1, false);
  void hand.extendTo(range());
  hand.toggle(7, 7, false);
  await answer();
  known[0]([1, 2, 3]);
  await answer();
  expect(picked()).toEqual([1, 2, 3, 7]);
  void hand.extendTo(range());
  picks.clear();
  picks.pickTree({}, BASE, "label Dress");
  known[1]([7, 8]);
  await answer();
  expect(picked()).toEqual([10, 11, 12]);
});
