import { expect, test } from "vitest";
import { drawnClasses, matrixOf, worst, type Cell } from "./matrix";

const CELLS: Cell[] = [
  { label: "a", prediction: "a", n: 5 },
  { label: "a", prediction: "b", n: 2 },
  { label: "b", prediction: "c", n: 7 },
  { label: null, prediction: "a", n: 3 },
];

test("margins and totals count every instance once, drawn or not", () => {
  const matrix = matrixOf(["a", "b"], CELLS);

  expect(matrix.n).toBe(17);
  expect(matrix.judged).toBe(14);
  expect(matrix.wrong).toBe(9);
  expect(matrix.labels).toEqual([7, 7]);
  expect(matrix.predictions).toEqual([8, 2]);
  expect(matrix.cells).toEqual([
    [5, 2],
    [0, 0],
  ]);
});

test("too many classes leave those in most errors, in the case's order", () => {
  expect(drawnClasses(["c", "d", "b", "a"], CELLS, 2)).toEqual(["c", "b"]);
});

test("few classes are all drawn", () => {
  expect(drawnClasses(["x", "a"], CELLS, 2)).toEqual(["x", "a"]);
});

test("the worst label is the one with most errors of its own", () => {
  expect(worst(CELLS)).toEqual(["b", 7]);
  expect(worst([])).toBeNull();
});
