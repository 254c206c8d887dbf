// Do columns sort by value, and does nothing stay apart from zero?
import { describe, expect, it } from "vitest";
import { cellWidth, labelEvery, orderOf, endsOf, stepOf, anyNegative, visible, type Line } from "./matrix";

const line = (key: string, values: number[]): Line => ({
  key,
  name: key,
  n: 3,
  problem: null,
  values: Float32Array.from(values),
  kind: "subset",
});

describe("the order of columns", () => {
  const lines = [line("a", [1, 5, 3, 5]), line("b", [4, 1, NaN, 0])];
  it("is by a row, largest first, equal ones by number", () => {
    expect([...orderOf(4, { by: "row", row: "a" }, lines, null)]).toEqual([1, 3, 2, 0]);
  });
  it("is by a difference, without a value last", () => {
    expect([...orderOf(4, { by: "difference", row: "a", other: "b" }, lines, null)]).toEqual([3, 1, 0, 2]);
  });
  it("is by number where the row is gone or the clustering is of another layer", () => {
    expect([...orderOf(4, { by: "row", row: "x" }, lines, null)]).toEqual([0, 1, 2, 3]);
    expect([...orderOf(4, { by: "cluster" }, lines, [1, 0])]).toEqual([0, 1, 2, 3]);
    expect([...orderOf(4, { by: "cluster" }, lines, [3, 1, 0, 2])]).toEqual([3, 1, 0, 2]);
  });
});

describe("how dark a cell is", () => {
  it("starts at nothing and ends at the unit's largest", () => {
    expect([0, 0.001, 0.5, 1, 2].map((value) => stepOf(value, 0, 1, false))).toEqual([0, 1, 3, 6, 6]);
    expect(stepOf(-1, 0, 1, false)).toBe(0);
  });
  it("has two sides where values are negative", () => {
    expect([-1, -0.4, 0, 0.1, 0.9].map((value) => stepOf(value, 0, 1, true) ?? 9)).toEqual([-3, -1, 0, 0, 3]);
    expect(anyNegative([line("a", [-1, 4])])).toBe(true);
    expect(anyNegative([line("a", [0, 4])])).toBe(false);
  });
  it("is not zero where there is no value", () => {
    expect(stepOf(NaN, 0, 1, false)).toBeNull();
  });
  it("is for each unit alone or for all", () => {
    const lines = [line("a", [1, -8]), line("b", [2, NaN])];
    expect([...endsOf(2, lines, "unit", true).top]).toEqual([2, 8]);
    expect([...endsOf(2, lines, "one", true).top]).toEqual([8, 8]);
    expect([...endsOf(2, lines, "unit", false).top]).toEqual([2, 0]);
    const range = endsOf(2, lines, "range", false);
    expect([[...range.bottom], [...range.top]]).toEqual([
      [1, -8],
      [2, -8],
    ]);
    expect(stepOf(-8, -8, -8, false)).toBe(0);
    expect(stepOf(1.5, 1, 2, false)).toBe(3);
  });
});

describe("what is seen", () => {
  it("is a window of whole columns", () => {
    expect(visible(13, 100, 6, 2048)).toEqual([2, 19]);
    expect(visible(0, 1000, 20, 32)).toEqual([0, 32]);
    expect(cellWidth(800, 32)).toBe(22);
    expect(cellWidth(800, 2048)).toBe(6);
    expect(labelEvery(22, 32)).toBe(1);
    expect(labelEvery(6, 2048)).toBe(10);
  });
});
