// Is a shape written where no line runs through it?
import { describe, expect, test } from "vitest";
import { beside } from "./drawing";
import type { Point } from "./compound";

const box = { x: 100, y: 50, width: 80, height: 40 };
const TEXT = "10 × 10 × 6"; // some 56 px wide
const straight: Point[] = [
  [140, 90],
  [140, 120],
];
const toTheRight: Point[] = [
  [172, 90],
  [190, 105],
  [190, 200],
];
const toTheLeft: Point[] = [
  [108, 90],
  [90, 105],
  [90, 200],
];

describe("the place of a shape", () => {
  test("right of the middle behind one straight line", () => {
    expect(beside(box, TEXT, [straight], "down")).toEqual({ x: 46, y: 55, anchor: "start" });
  });
  test("in the middle between two lines that part", () => {
    expect(beside(box, TEXT, [toTheLeft, toTheRight], "down").anchor).toBe("middle");
  });
  test("left where a line bends to the right and another runs straight on", () => {
    expect(beside(box, TEXT, [straight, toTheRight], "down")).toEqual({ x: 34, y: 55, anchor: "end" });
  });
  test("at its usual place where all are taken", () => {
    expect(beside(box, TEXT, [straight, toTheLeft, toTheRight], "down").anchor).toBe("start");
  });
  test("behind the box where one reads to the right", () => {
    expect(beside(box, TEXT, [straight], "right")).toEqual({ x: 85, y: 14, anchor: "start" });
  });
});
