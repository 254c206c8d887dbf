// Do tiles stand in their rows and zones without lying over each other, and do arrows lead along connections?
import { expect, test } from "vitest";
import type { GraphEdge, GraphNode, Side } from "./answers";
import { LABEL, BARS, arrange, filtered, neighbour } from "./layout";

const layers = ["in", "out"].map((name) => ({ name, units: 99, spatial: true, type: "Conv2d" }));
const node = (layer: string, unit: number, side: Side, a: number, b = 0): GraphNode => ({
  id: `${layer}:${unit}`,
  layer,
  unit,
  side,
  sides: [a, b].map((count) => ({ count, rank: 0.1, kept: true })),
  picture: null,
  cropped: false,
  made: [],
  rows: [],
  label: null,
  evidence: "",
  sources: [],
});
const edge = (source: string, target: string, count: number): GraphEdge => ({
  source,
  target,
  via: "",
  side: "both",
  sides: [{ count, total: count }, null],
});

test.each([1, 3, 30, 120])("%i tiles a zone do not overlap, at any width", (many) => {
  const sides: Side[] = ["a", "both", "b"];
  const nodes = sides.flatMap((side, s) => Array.from({ length: many }, (_, i) => node("in", 1000 * s + i, side, i % 100)));
  for (const width of [320, 690, 1200]) {
    const { at, zones } = arrange(layers, nodes, [100, 100], width, { across: 12, down: 74 }, true);
    const placed = [...at.values()];
    expect(placed).toHaveLength(3 * many);
    for (const [i, p] of placed.entries()) {
      const zone = zones.find((one) => one.side === p.node.side)!;
      expect(p.x - p.size / 2).toBeGreaterThanOrEqual(zone.x);
      expect(p.x + p.size / 2).toBeLessThanOrEqual(zone.x + zone.width);
      const over = placed.slice(0, i).filter((q) => {
        const room = (p.size + q.size) / 2;
        return Math.abs(p.x - q.x) < room && Math.abs(p.y - q.y) < room + LABEL;
      });
      expect(over).toHaveLength(0);
    }
  }
});

test("the output is on top and no row runs into the next", () => {
  const { rows } = arrange(layers, [node("in", 1, "a", 5), node("out", 2, "a", 5)], [10], 690, { across: 12, down: 74 }, false);
  expect(rows.map((row) => row.layer.name)).toEqual(["out", "in"]);
  expect(rows[0].nodes[0].y + rows[0].nodes[0].size / 2 + BARS).toBeLessThan(
    rows[1].nodes[0].y - rows[1].nodes[0].size / 2 - LABEL,
  );
});

test("the filter keeps what either side reaches, and edges between what is kept", () => {
  const nodes = [node("in", 1, "both", 9, 1), node("in", 2, "both", 1, 9), node("out", 3, "both", 1, 1)];
  const kept = filtered(nodes, [edge("in:1", "out:3", 5), edge("in:1", "in:2", 1)], [10, 10], 0.5);
  expect(kept.nodes.map((one) => one.id)).toEqual(["in:1", "in:2"]);
  expect(kept.edges).toHaveLength(1);
});

test("arrows lead along a row and over the strongest connection", () => {
  const nodes = [node("in", 1, "a", 9), node("in", 2, "a", 5), node("out", 3, "a", 5)];
  const layout = arrange(layers, nodes, [10], 690, { across: 12, down: 74 }, false);
  const edges = [edge("in:1", "out:3", 2), edge("in:2", "out:3", 7)];
  expect(neighbour(layout, edges, "out:3", "ArrowDown")).toBe("in:2");
  expect(neighbour(layout, edges, "in:1", "ArrowRight")).toBe("in:2");
  expect(neighbour(layout, edges, "in:1", "ArrowUp")).toBe("out:3");
  expect(neighbour(layout, edges, "in:1", "ArrowLeft")).toBeNull();
});
