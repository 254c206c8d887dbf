// Camera, colours, points and pixels of the projection.
import { describe, expect, it } from "vitest";
import type { ColumnInfo } from "../../runtime/wire";
import { fit, pan, seen, toPlane, toScreen, zoom } from "./camera";
import { colourable, colouringOf } from "./colouring";
import { countInside, crowding, drawDensity, drawPoints, indexRows, lookOf, parseColour, part, places } from "./frame";
import { density, nearest, nearestTowards, points, readDensity, readPoints, shuffled, type Points } from "./points";
import { cross, disc, pixel, stamp, type Picture } from "./raster";

const SIZE = { width: 400, height: 300 };
const WHITE = pixel(255, 255, 255);
const RED = pixel(255, 0, 0);
const picture = (width: number, height: number): Picture => ({
  width,
  height,
  pixels: new Uint32Array(width * height).fill(WHITE),
});
const info = (column: Partial<ColumnInfo>): ColumnInfo => ({
  name: "label",
  type: "category",
  nulls: 0,
  categories: null,
  min: null,
  max: null,
  ...column,
});
const LABEL = info({ categories: ["a", "b", "c"] });

describe("camera", () => {
  it("shows all of an extent, on one scale for both axes", () => {
    const camera = fit([0, 0, 10, 2], SIZE);
    const [left, low] = toScreen(camera, SIZE, 0, 0);
    const [right, high] = toScreen(camera, SIZE, 10, 2);
    expect(left).toBeCloseTo(28);
    expect(right).toBeCloseTo(400 - 28);
    expect((right - left) / 10).toBeCloseTo((low - high) / 2);
  });

  it("shows a single point in the middle", () => {
    expect(toScreen(fit([3, 4, 3, 4], SIZE), SIZE, 3, 4)).toEqual([200, 150]);
  });

  it("keeps what is under the pointer there while zooming", () => {
    const camera = fit([0, 0, 10, 10], SIZE);
    const before = toPlane(camera, SIZE, 90, 40);
    const nearer = zoom(camera, SIZE, 3, 90, 40, camera.scale);
    expect(toPlane(nearer, SIZE, 90, 40)[0]).toBeCloseTo(before[0]);
    expect(toPlane(nearer, SIZE, 90, 40)[1]).toBeCloseTo(before[1]);
    expect(nearer.scale).toBeCloseTo(3 * camera.scale);
  });

  it("moves with the hand, and goes no nearer and no farther than it may", () => {
    const camera = fit([0, 0, 10, 10], SIZE);
    const [x, y] = toScreen(pan(camera, 12, -7), SIZE, 5, 5);
    expect([x, y]).toEqual([212, 143]);
    expect(zoom(camera, SIZE, 1e9, 0, 0, camera.scale).scale).toBeCloseTo(400 * camera.scale);
    expect(zoom(camera, SIZE, 1e-9, 0, 0, camera.scale).scale).toBeCloseTo(0.4 * camera.scale);
  });

  it("knows what part of the plane is seen", () => {
    const [x0, y0, x1, y1] = seen({ x: 1, y: 2, scale: 100 }, SIZE);
    expect([x0, y0, x1, y1]).toEqual([-1, 0.5, 3, 3.5]);
  });
});

describe("colouring", () => {
  it("gives categories the case's order, and nulls a sign of their own", () => {
    const colouring = colouringOf(LABEL);
    expect(colouring.entries.map((entry) => [entry.name, entry.token, entry.sign])).toEqual([
      ["a", "--cat-1", "disc"],
      ["b", "--cat-2", "disc"],
      ["c", "--cat-3", "disc"],
      ["no value", "--control", "cross"],
    ]);
    expect(["b", null, undefined].map(colouring.code)).toEqual([1, 3, 3]);
  });

  it("makes one grey of the 13th category and on", () => {
    const colouring = colouringOf(info({ categories: Array.from({ length: 15 }, (_, i) => `c${i}`) }));
    expect(colouring.entries).toHaveLength(14);
    expect(colouring.entries[12]).toMatchObject({ name: "3 others", token: "--mark" });
    expect(["c11", "c12", "c14"].map(colouring.code)).toEqual([11, 12, 12]);
  });

  it("ramps numbers from their least to their greatest", () => {
    const colouring = colouringOf(info({ name: "age", type: "integer", min: 10, max: 80 }));
    expect([10, 19.9, 20, 80, null, NaN].map(colouring.code)).toEqual([0, 0, 1, 6, 7, 7]);
  });

  it("holds for a column with one value, or with none", () => {
    expect(colouringOf(info({ name: "age", type: "number", min: 4, max: 4 })).code(4)).toBe(0);
    expect(colouringOf(info({ name: "age", type: "number" })).code(null)).toBe(7);
  });

  it("treats patterns as categories, and none as quiet", () => {
    const colouring = colouringOf(info({ name: "pattern.conv2", type: "integer", min: -1, max: 1 }));
    expect(colouring.entries.map((entry) => entry.name)).toEqual(["Pattern 0", "Pattern 1", "in no pattern", "no value"]);
    expect([0, -1, null].map(colouring.code)).toEqual([0, 2, 3]);
  });

  it("colours errors, not successes", () => {
    const colouring = colouringOf(info({ name: "correct", type: "boolean" }));
    expect(colouring.entries.slice(0, 2).map((entry) => entry.token)).toEqual(["--mark", "--wrong"]);
    expect([true, false, null].map(colouring.code)).toEqual([0, 1, 2]);
  });

  it("offers no coordinates, ids or texts", () => {
    const columns = ["row", "id", "x.fc", "outlier.fc", "note"].map((name) => info({ name, type: "number" }));
    expect(colourable([...columns, info({ name: "words", type: "text" }), LABEL]).map((column) => column.name)).toEqual([
      "label",
    ]);
  });
});

describe("points", () => {
  const column = (values: unknown[]) => ({
    toArray: () => values,
    [Symbol.iterator]: () => values[Symbol.iterator](),
    at: (i: number) => values[i],
  });
  const table = (columns: Record<string, unknown[]>) =>
    ({
      numRows: Object.values(columns)[0].length,
      getChild: (name: string) => (columns[name] ? column(columns[name]) : null),
    }) as never;

  it("become typed arrays with counts by entry", () => {
    const read = readPoints(table({ row: [4, 9], x: [0.5, 1], y: [2, 3], colour: ["b", null] }), colouringOf(LABEL));
    expect([...read.row, ...read.x, ...read.y]).toEqual([4, 9, 0.5, 1, 2, 3]);
    expect([...read.code]).toEqual([1, 3]);
    expect([...read.counts]).toEqual([0, 1, 0, 1]);
  });

  it("are asked for by columns, within a part of the plane", () => {
    const text = String(points({ x: "x.fc", y: "y.fc", within: [0, 1, 2, 3] }, "label", "true"));
    expect(text).toMatch(/"x\.fc" BETWEEN 0 AND 2/);
    expect(text).toMatch(/"y\.fc" BETWEEN 1 AND 3/);
  });

  it("are drawn in an order that is mixed and the same each time", () => {
    const order = shuffled(1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([...order]).toEqual([...shuffled(1000)]);
    expect(order[0] === 0 && order[1] === 1).toBe(false);
  });

  it("are counted by bin where there are too many, with the bin's commonest value", () => {
    const grid = { x: 0, y: 0, step: 0.5, across: 3, down: 2 };
    const text = String(density({ x: "x.fc", y: "y.fc", within: [0, 0, 1, 1] }, grid, colouringOf(LABEL), "true"));
    expect(text).toContain("GROUP BY");
    expect(text.toLowerCase()).toContain('mode("label")');
    const read = readDensity(
      table({ bx: [0, 2, 9], by: [0, 1, 0], n: [5n, 7n, 1n], colour: ["b", "c", "a"] }),
      grid,
      colouringOf(LABEL),
    );
    expect([...read.counts]).toEqual([5, 0, 0, 0, 0, 7]);
    expect([read.code[0], read.code[5], read.n, read.most]).toEqual([1, 2, 12, 7]);
  });

  it("are found under the pointer and in a direction", () => {
    const [sx, sy] = [Float32Array.of(10, 50, 10), Float32Array.of(10, 12, 90)];
    expect(nearest(sx, sy, 14, 10, 12)).toBe(0);
    expect(nearest(sx, sy, 30, 40, 12)).toBe(-1);
    expect(nearestTowards(sx, sy, 10, 10, 1, 0, { width: 100, height: 100 })).toBe(1);
    expect(nearestTowards(sx, sy, 10, 10, 0, 1, { width: 100, height: 100 })).toBe(2);
    expect(nearestTowards(sx, sy, 10, 10, -1, 0, { width: 100, height: 100 })).toBe(-1);
  });
});

describe("raster", () => {
  const stampOne = (on: Picture, x: number, y: number, sprite = disc(3, RED, true)) =>
    stamp(on, Int32Array.of(0), Float32Array.of(x), Float32Array.of(y), Uint8Array.of(0), [sprite]);

  it("covers the area of a disc", () => {
    const on = picture(21, 21);
    stampOne(on, 10, 10);
    let covered = 0;
    for (const one of on.pixels) covered += 1 - ((one >>> 8) & 255) / 255;
    expect(covered).toBeCloseTo(Math.PI * 9, 0);
  });

  it("writes no pixel outside the picture, and counts only middles within", () => {
    const on = picture(10, 10);
    expect([...stampOne(on, -1, 5)]).toEqual([0]);
    expect(on.pixels[5 * 10]).not.toBe(WHITE);
    expect([...stampOne(on, -40, 5)]).toEqual([0]);
    expect([...stampOne(on, 0, 0)]).toEqual([1]);
    expect(on.pixels).toHaveLength(100);
  });

  it("lays later points over earlier ones", () => {
    const on = picture(21, 21);
    const blue = pixel(0, 0, 255);
    stamp(on, Int32Array.of(1, 0), Float32Array.of(10, 10), Float32Array.of(10, 10), Uint8Array.of(0, 1), [
      disc(3, RED, true),
      disc(3, blue, true),
    ]);
    expect(on.pixels[10 * 21 + 10]).toBe(RED);
  });

  it("rims a disc and crosses out a missing value", () => {
    const edge = pixel(1, 2, 3);
    const rimmed = disc(4, RED, true, { colour: edge, width: 1 });
    const at = (x: number, y: number) => rimmed.colour[rimmed.dx.findIndex((dx, i) => dx === x && rimmed.dy[i] === y)];
    expect(at(0, 0)).toBe(RED);
    expect(at(4, 0)).toBe(edge);
    const sign = cross(4, RED, false);
    const has = (x: number, y: number) => sign.dx.some((dx, i) => dx === x && sign.dy[i] === y);
    expect([has(0, 0), has(2, 2), has(2, -2), has(0, 3), has(3, 0)]).toEqual([true, true, true, false, false]);
  });

  it("reads the theme's colours however they are written", () => {
    expect(parseColour("#ff0000")).toBe(RED);
    expect(parseColour(" #fff")).toBe(WHITE);
    expect(parseColour("rgb(255 0 0)")).toBe(RED);
  });
});

describe("frame", () => {
  const palette = (token: string) =>
    ({ "--surface": WHITE, "--mark-quiet": pixel(200, 200, 200), "--selection": pixel(0, 0, 255) })[token] ?? RED;
  const three: Points = {
    n: 3,
    row: Int32Array.of(10, 20, 30),
    x: Float32Array.of(-1, 0, 1),
    y: Float32Array.of(0, 0, 0),
    colouring: colouringOf(LABEL),
    code: Uint8Array.of(0, 1, 1),
    counts: Int32Array.of(1, 2, 0, 0),
    order: Int32Array.of(2, 0, 1),
  };
  const camera = { x: 0, y: 0, scale: 40 };
  const size = { width: 120, height: 60 };

  it("draws every point within, and says how many of each colour", () => {
    const on = picture(120, 60);
    const [sx, sy] = [new Float32Array(3), new Float32Array(3)];
    places(three, camera, size, 1, sx, sy);
    const drawn = drawPoints(on, three, lookOf(three.colouring, 0, 0, 1, palette), sx, sy, null);
    expect([...sx]).toEqual([20, 60, 100]);
    expect([...drawn]).toEqual([1, 2, 0, 0]);
    expect(on.pixels[30 * 120 + 60]).toBe(RED);
  });

  it("keeps picked points in colour with a ring and a gap, and greys the rest", () => {
    const on = picture(120, 60);
    const [sx, sy] = [new Float32Array(3), new Float32Array(3)];
    places(three, camera, size, 1, sx, sy);
    const parted = part(three, Int32Array.of(20, 999), indexRows(three));
    drawPoints(on, three, lookOf(three.colouring, 0, 1, 1, palette), sx, sy, parted);
    const at = (x: number) => on.pixels[30 * 120 + x];
    expect([...parted.inside]).toEqual([1]);
    expect([at(60), at(60 + 5), at(60 + 7), at(20)]).toEqual([RED, WHITE, pixel(0, 0, 255), pixel(200, 200, 200)]);
  });

  it("fills picked points with the selection where nothing is coloured", () => {
    const plain: Points = { ...three, colouring: colouringOf(undefined), code: new Uint8Array(3) };
    const on = picture(120, 60);
    const [sx, sy] = [new Float32Array(3), new Float32Array(3)];
    places(plain, camera, size, 1, sx, sy);
    drawPoints(on, plain, lookOf(plain.colouring, 0, 1, 1, palette), sx, sy, part(plain, Int32Array.of(20), indexRows(plain)));
    expect(on.pixels[30 * 120 + 60]).toBe(pixel(0, 0, 255));
    expect(countInside(on, plain, sx, sy)).toEqual([3]);
  });

  it("draws smaller the more points there are on the screen", () => {
    expect([10, 1_000, 10_000, 20_000, 100_000].map(crowding)).toEqual([0, 1, 2, 3, 4]);
  });

  it("draws a density, blue where it is picked", () => {
    const grid = { x: -1, y: -1, step: 1, across: 2, down: 2 };
    const all = {
      ...grid,
      counts: Uint32Array.of(9, 0, 1, 0),
      colouring: colouringOf(undefined),
      code: new Uint8Array(4),
      most: 9,
      n: 10,
    };
    const on = picture(80, 80);
    drawDensity(on, all, null, { x: 0, y: 0, scale: 40 }, { width: 80, height: 80 }, 1, palette);
    expect([on.pixels[60 * 80 + 20], on.pixels[60 * 80 + 60], on.pixels[20 * 80 + 20]]).toEqual([RED, WHITE, RED]);
    drawDensity(
      on,
      all,
      { ...all, counts: Uint32Array.of(9, 0, 0, 0) },
      { x: 0, y: 0, scale: 40 },
      { width: 80, height: 80 },
      1,
      palette,
    );
    expect([on.pixels[60 * 80 + 20], on.pixels[20 * 80 + 20]]).toEqual([pixel(0, 0, 255), pixel(200, 200, 200)]);
  });
});
