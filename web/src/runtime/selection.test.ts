// Until when does what was asked to be picked count? Until a person picks, asks or clears, not when an edit makes clauses anew.
import { expect, test } from "vitest";
import type { Tree } from "./filter";
import { Picks } from "./selection.svelte";

const SUBSET: Tree = { op: "subset", name: "odd" };

function picks() {
  return new Picks(() => ({
    columns: new Map([["label", { kind: "text", categories: null }]]) as never,
    subsets: new Map([["odd", "t1"]]),
  }));
}

test.each<[string, (all: Picks, source: object) => void]>([
  ["is picked", (all) => all.pickPoints({}, ["label"], [["Coat"]], "Coat")],
  ["is asked for", (all) => all.asking.begin()],
  ["is dropped", (all, source) => all.drop(source)],
  ["is cleared", (all) => all.clear()],
])("an answer counts no more when something else %s", (_, change) => {
  const all = picks();
  const source = {};
  all.pickTree(source, SUBSET, "odd");
  const counts = all.asking.begin();
  expect(counts()).toBe(true);
  change(all, source);
  expect(counts()).toBe(false);
});

test("an answer still counts when an edit makes clauses anew, a filter is typed or a part is pinned", () => {
  const all = picks();
  const source = {};
  all.pickTree(source, SUBSET, "odd");
  all.togglePin(source);
  const counts = all.asking.begin();
  all.renew();
  all.setFilter({ tree: SUBSET, text: "odd" });
  all.togglePin({});
  expect(counts()).toBe(true);
  expect(all.parts.map(({ text, pinned }) => [text, pinned])).toEqual([["odd", true]]);
});
