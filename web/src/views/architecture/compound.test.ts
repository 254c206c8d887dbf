// Do lines between open modules run straight where they can, and past the titles?
import { describe, expect, it } from "vitest";
import { place, type DrawingTask } from "./compound";
import { placeLevel } from "./placing";

/** Two open modules in a row, each with a line past its one wide box, so that its doors stand beside the middle of its frame. */
const task = (direction: "down" | "right"): DrawingTask => {
  const inside = (frame: number, first: number) => ({
    frame,
    boxes: [first, first + 1],
    aside: [],
    entries: ["in"],
    exits: ["out"],
    edges: [
      { from: "in", to: first },
      { from: first, to: first + 1 },
      { from: "in", to: first + 1 },
      { from: first + 1, to: "out" },
    ],
  });
  return {
    frames: [
      { frame: -1, boxes: [10, 20], aside: [], entries: [], exits: [], edges: [{ from: 10, to: 20 }] },
      {
        ...inside(10, 0),
        entries: ["in"],
        exits: ["10>20"],
        edges: inside(10, 0).edges.map((edge) => renamed(edge, "out", "10>20")),
      },
      {
        ...inside(20, 2),
        entries: ["10>20"],
        exits: ["out"],
        edges: inside(20, 2).edges.map((edge) => renamed(edge, "in", "10>20")),
      },
    ],
    sizes: { 0: [160, 40], 1: [60, 40], 2: [160, 40], 3: [60, 40] },
    cells: {},
    titles: { 10: 90, 20: 90 },
    direction,
  };
};
const renamed = <T extends { from: number | string; to: number | string }>(edge: T, old: string, name: string): T => ({
  ...edge,
  from: edge.from === old ? name : edge.from,
  to: edge.to === old ? name : edge.to,
});

describe("lines and frames", () => {
  it("lead from door to door without a way round by the middle", () => {
    const placed = place(task("down"), placeLevel);
    const [line] = placed.edges.get(-1) ?? [];
    const [above, below] = [10, 20].map((frame) => placed.boxes.get(frame));
    expect(line).toHaveLength(2);
    expect(line[0][1]).toBe((above?.y ?? 0) + (above?.height ?? 0));
    expect(line[1][1]).toBe(below?.y);
    expect(line[0][0]).not.toBeCloseTo((above?.x ?? 0) + (above?.width ?? 0) / 2, 0);
  });
  it("go straight down past the title of the frame they come into", () => {
    const placed = place(task("down"), placeLevel);
    const frame = placed.boxes.get(20);
    for (const line of (placed.edges.get(20) ?? []).filter((_, i) => i === 0 || i === 2)) {
      expect(line[0][1]).toBe(frame?.y);
      expect(line[1][0]).toBe(line[0][0]);
      expect(line[1][1]).toBeGreaterThanOrEqual((frame?.y ?? 0) + 24);
    }
  });
  it("begin at the left side where one reads to the right, beside the title", () => {
    const placed = place(task("right"), placeLevel);
    const frame = placed.boxes.get(20);
    const [line] = placed.edges.get(20) ?? [];
    expect(line[0][0]).toBe(frame?.x);
    expect(line[0][1]).toBeGreaterThanOrEqual((frame?.y ?? 0) + 24);
  });
});
