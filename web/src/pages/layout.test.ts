import { describe, expect, it } from "vitest";
import { COLUMNS, add, inWords, move, overlap, remove, resize, step, type Place } from "./layout";

type Tile = Place & { id: string };
const tile = (id: string, x: number, y: number, width: number, height: number): Tile => ({ id, x, y, width, height });
const at = (tiles: Tile[], id: string) => {
  const { x, y, width, height } = tiles.find((one) => one.id === id)!;
  return [x, y, width, height];
};
const PAIR = [tile("a", 0, 0, 6, 4), tile("b", 0, 4, 6, 6)];

describe("moving", () => {
  it("goes past the next tile at each step down or up, and back", () => {
    const down = step(PAIR, "a", 0, 1);
    expect([at(down, "a"), at(down, "b")]).toEqual([
      [0, 6, 6, 4],
      [0, 0, 6, 6],
    ]);
    expect(step(down, "a", 0, -1)).toEqual(PAIR);
    expect(step(PAIR, "b", 0, 1)).toEqual(PAIR);
  });

  it("pushes down what lies where it goes", () => {
    const row = [tile("a", 0, 0, 6, 4), tile("b", 6, 0, 6, 4)];
    const moved = move(row, "a", { x: 4, y: 0 });
    expect([at(moved, "a"), at(moved, "b")]).toEqual([
      [4, 0, 6, 4],
      [6, 4, 6, 4],
    ]);
  });

  it("takes the place of another when dragged past its middle, not before", () => {
    expect(move(PAIR, "a", { x: 0, y: 2 })).toEqual(PAIR);
    expect(at(move(PAIR, "a", { x: 0, y: 4 }), "a")).toEqual([0, 6, 6, 4]);
    expect(at(move(PAIR, "b", { x: 0, y: 1 }), "b")).toEqual([0, 0, 6, 6]);
  });

  it("stays on the twelve columns", () => {
    expect(at(move(PAIR, "a", { x: 40, y: 0 }), "a")[0]).toBe(6);
    expect(at(step(PAIR, "a", -1, 0), "a")[0]).toBe(0);
  });
});

describe("resizing", () => {
  it("never exceeds the columns, nor falls below one cell", () => {
    expect(at(resize([tile("a", 8, 0, 4, 2)], "a", { width: 9, height: 0 }), "a")).toEqual([8, 0, 4, 1]);
  });

  it("moves what is below further down and up again", () => {
    const larger = resize(PAIR, "a", { width: 6, height: 9 });
    expect(at(larger, "b")).toEqual([0, 9, 6, 6]);
    expect(resize(larger, "a", { width: 6, height: 4 })).toEqual(PAIR);
  });
});

describe("adding and removing", () => {
  it("uses the first free place from above", () => {
    const tiles = [tile("a", 0, 0, 8, 4), tile("b", 0, 4, 12, 2)];
    expect(at(add(tiles, tile("c", 0, 0, 4, 4)), "c")).toEqual([8, 0, 4, 4]);
    expect(at(add(tiles, tile("c", 0, 0, 5, 4)), "c")).toEqual([0, 6, 5, 4]);
    expect(at(add([], tile("c", 3, 9, 5, 4)), "c")).toEqual([0, 0, 5, 4]);
  });

  it("closes the gap", () => {
    expect(remove(PAIR, "a")).toEqual([tile("b", 0, 0, 6, 6)]);
  });
});

it("says a place in words", () => {
  expect(inWords(tile("a", 0, 0, 1, 1))).toBe("column 1, row 1");
  expect(inWords(tile("a", 2, 3, 4, 5))).toBe("columns 3 to 6, rows 4 to 8");
});

it("keeps every tile inside and free of others, whatever is done", () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  let tiles: Tile[] = [];
  for (let turn = 0; turn < 600; turn++) {
    const id = tiles.length ? tiles[random(tiles.length)].id : "";
    const what = random(6);
    if (what === 0 && tiles.length < 14) tiles = add(tiles, tile(`n${turn}`, 0, 0, 1 + random(12), 1 + random(9)));
    else if (what === 1) tiles = move(tiles, id, { x: random(16) - 2, y: random(40) - 2 });
    else if (what === 2) tiles = resize(tiles, id, { width: random(15), height: random(12) });
    else if (what === 3) tiles = step(tiles, id, random(3) - 1, 0);
    else if (what === 4) tiles = step(tiles, id, 0, random(2) ? 1 : -1);
    else if (tiles.length > 10) tiles = remove(tiles, id);
    for (const [i, one] of tiles.entries()) {
      expect(one.x >= 0 && one.y >= 0 && one.width >= 1 && one.height >= 1 && one.x + one.width <= COLUMNS).toBe(true);
      for (const other of tiles.slice(i + 1)) expect(overlap(one, other)).toBe(false);
      // nothing hangs in the air
      const above = tiles.filter((other) => other.x < one.x + one.width && one.x < other.x + other.width && other.y < one.y);
      expect(one.y).toBe(Math.max(0, ...above.map((other) => other.y + other.height)));
    }
  }
});
