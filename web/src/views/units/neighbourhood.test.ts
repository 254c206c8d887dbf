// Are a layer's neighbours those that edges join it to, each once?
import { expect, test } from "vitest";
import type { ModelGraph } from "./answers";
import { around } from "./neighbourhood";

const node = (type: string, layer: string | null, captured = false) => ({
  type,
  layers: layer === null ? [] : [layer],
  layer,
  units: 4,
  shape: [4, 8, 8],
  captured,
  column: 0,
  row: 0,
});
const graph: ModelGraph = {
  model: "m",
  nodes: [node("input", null), node("Conv2d", "stem", true), node("Conv2d", "a"), node("add", null)],
  edges: [
    [0, 1],
    [1, 2],
    [2, 3],
    [1, 3],
    [1, 3],
  ].map(([from, to]) => ({ from, to, bends: [] })),
  columns: 4,
  rows: 2,
  reason: null,
};

test("both ends of a shortcut are neighbours, and what has no layer is named by its kind", () => {
  const found = around(graph, "stem");
  expect(found.before.map((one) => one.name)).toEqual(["input"]);
  expect(found.self).toMatchObject({ at: 1, type: "Conv2d", captured: true });
  expect(found.after.map((one) => [one.at, one.name, one.layer])).toEqual([
    [2, "a", "a"],
    [3, "add", null],
  ]);
});

test("a layer that is not in the graph has none", () => {
  expect(around(graph, "head")).toEqual({ before: [], self: null, after: [] });
  expect(around(null, "stem").self).toBeNull();
});
