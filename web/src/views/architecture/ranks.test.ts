// Does every graph get places, however long or dense, with no box on another and every edge downwards?
import { describe, expect, it } from "vitest";
import { placeLevel } from "./placing";
import { placeInRanks } from "./ranks";
import type { LevelPlaces, LevelTask } from "./levels";

const chain = (n: number): LevelTask => ({
  gap: 30,
  boxes: Array.from({ length: n }, () => [120, 28]),
  entries: 0,
  exits: 0,
  edges: Array.from({ length: n - 1 }, (_, i) => [i, i + 1]),
});

/** A fixed sequence that looks random. */
function dice(seed: number) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function random(n: number, seed: number): LevelTask {
  const next = dice(seed);
  const edges: [number, number][] = [];
  for (let to = 1; to < n; to++)
    for (let k = 0; k < 1 + 2 * next(); k++) edges.push([Math.max(0, to - 1 - Math.floor(next() ** 3 * to)), to]);
  const boxes = Array.from({ length: n }, (): [number, number] => [60 + Math.floor(120 * next()), 26 + Math.floor(60 * next())]);
  const entries = 2;
  const exits = 1;
  edges.push([n, 0], [n + 1, Math.floor(n / 2)], [n - 1, n + 2]);
  return { gap: 30, boxes, entries, exits, edges };
}

function check(task: LevelTask, places: LevelPlaces) {
  const boxes = places.boxes.map(([x, y], i) => ({ x, y, right: x + task.boxes[i][0], bottom: y + task.boxes[i][1], i }));
  const byTop = [...boxes].sort((a, b) => a.y - b.y);
  for (let i = 0; i < byTop.length; i++)
    for (let k = i + 1; k < byTop.length && byTop[k].y < byTop[i].bottom - 0.01; k++)
      expect(byTop[k].x >= byTop[i].right - 0.01 || byTop[i].x >= byTop[k].right - 0.01).toBe(true);
  const n = task.boxes.length;
  task.edges.forEach(([from, to], i) => {
    const line = places.edges[i];
    expect(line.length).toBeGreaterThanOrEqual(2);
    const [start, end] = [line[0], line[line.length - 1]];
    expect(end[1]).toBeGreaterThan(start[1] - 0.01);
    if (from < n && places.by === "ranks")
      expect(Math.abs(start[0] - (boxes[from].x + boxes[from].right) / 2)).toBeLessThan(0.01);
    if (to < n) expect(end[0] >= boxes[to].x - 0.5 && end[0] <= boxes[to].right + 0.5).toBe(true);
    if (to < n) expect(end[1]).toBeLessThanOrEqual(boxes[to].bottom);
  });
  for (const box of boxes) {
    expect(box.x).toBeGreaterThanOrEqual(-0.01);
    expect(box.right).toBeLessThanOrEqual(places.width + 0.01);
    expect(box.y).toBeGreaterThanOrEqual(-0.01);
    expect(box.bottom).toBeLessThanOrEqual(places.height + 0.01);
  }
}

describe("the guard around dagre", () => {
  it("places a chain of 3,000 boxes, on which dagre's stack ends, and one of 20,000", () => {
    for (const n of [3_000, 20_000]) {
      const places = placeLevel(chain(n));
      expect(places.by).toBe("ranks");
      const tops = places.boxes.map(([, y]) => y);
      expect(tops.every((y, i) => i === 0 || y >= tops[i - 1] + 28)).toBe(true);
      expect(new Set(places.boxes.map(([x]) => Math.round(x))).size).toBe(1);
    }
  });
  it("leaves small levels to dagre", () => {
    for (const seed of [1, 2, 3]) {
      const task = random(24, seed);
      const places = placeLevel(task);
      expect(places.by).toBe("dagre");
      check(task, places);
    }
  });
  it("draws a circle rather than failing", () => {
    const task: LevelTask = {
      gap: 30,
      boxes: [
        [50, 20],
        [50, 20],
        [50, 20],
      ],
      entries: 0,
      exits: 0,
      edges: [
        [0, 1],
        [1, 2],
        [2, 0],
      ],
    };
    for (const places of [placeLevel(task), placeInRanks(task)]) {
      expect(places.boxes.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
      expect(places.edges.every((line) => line.length >= 2)).toBe(true);
    }
  });
});

describe("ranks", () => {
  it("keep boxes apart and edges downwards on random graphs with doors", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const task = random(10 + 15 * seed, seed);
      check(task, placeInRanks(task));
    }
  });
  it("put entries before and exits behind everything", () => {
    const task = random(60, 5);
    for (const places of [placeInRanks(task), placeLevel(task)]) {
      const [first, second] = [places.edges[task.edges.length - 3], places.edges[task.edges.length - 2]];
      expect(first[0][1]).toBeCloseTo(0, 0);
      expect(second[0][1]).toBeCloseTo(0, 0);
      const last = places.edges[task.edges.length - 1];
      expect(last[last.length - 1][1]).toBeCloseTo(places.height, 0);
    }
  });
  it("put two parallel branches symmetrically below their source", () => {
    const task: LevelTask = {
      gap: 30,
      boxes: [
        [100, 30],
        [100, 30],
        [100, 30],
        [100, 30],
      ],
      entries: 0,
      exits: 0,
      edges: [
        [0, 1],
        [0, 2],
        [1, 3],
        [2, 3],
      ],
    };
    const places = placeInRanks(task);
    const middle = places.boxes.map(([x]) => x + 50);
    expect(middle[0]).toBeCloseTo((middle[1] + middle[2]) / 2, 3);
    expect(middle[3]).toBeCloseTo(middle[0], 3);
  });
  it("place 20,000 boxes with branches within seconds", () => {
    const task = random(20_000, 9);
    const began = performance.now();
    const places = placeInRanks(task);
    expect(places.boxes.length).toBe(20_000);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
  it("place an empty level", () => {
    const places = placeInRanks({ gap: 30, boxes: [], entries: 0, exits: 0, edges: [] });
    expect([places.boxes.length, places.height]).toEqual([0, 0]);
  });
});
