import { describe, expect, it } from "vitest";
import { labelsInside, lassoOf, readLasso } from "./lasso";

const places = { x: Float32Array.of(-2, 0, 2, NaN), y: Float32Array.of(10, 11, 12, NaN) };

describe("lasso", () => {
  it("holds the labels inside it, whatever the map's extent", () => {
    const left = lassoOf([
      [-0.1, -0.1],
      [0.6, -0.1],
      [0.6, 0.6],
      [-0.1, 0.6],
    ]);

    expect([...labelsInside(left, places)!]).toEqual([1, 1, 0, 0]);
    expect([...labelsInside(readLasso(JSON.parse(JSON.stringify(left)))!, places)!]).toEqual([1, 1, 0, 0]);
  });

  it("is none where no label is inside", () => {
    expect(labelsInside([100, 100, 200, 100, 200, 200], places)).toBeNull();
    expect(labelsInside([0, 0, 1000, 0, 500, 1000], { x: Float32Array.of(NaN), y: Float32Array.of(NaN) })).toBeNull();
  });

  it("is short enough for an address however long the line", () => {
    const circle = Array.from({ length: 5000 }, (_, i): [number, number] => {
      const angle = (2 * Math.PI * i) / 5000;
      return [0.5 + 0.7 * Math.cos(angle), 0.5 + 0.7 * Math.sin(angle)];
    });
    const lasso = lassoOf(circle);

    expect(JSON.stringify(lasso).length).toBeLessThan(1600);
    expect(readLasso(lasso)).toEqual(lasso);
    expect([...labelsInside(lasso, places)!]).toEqual([0, 1, 0, 0]);
  });

  it("is not read from what is none", () => {
    for (const given of [
      null,
      "1,2",
      [1, 2, 3, 4],
      [1, 2, 3, 4, 5],
      [0, 0, 1, 1, 2, 0.5],
      [0, 0, 1, 1, 2, null],
      Array(400).fill(1),
    ])
      expect(readLasso(given)).toBeNull();
  });
});
