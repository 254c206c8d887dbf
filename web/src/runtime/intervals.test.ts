import { expect, test } from "vitest";
import { wilson } from "./intervals";

test("Wilson's interval solves (p̂ − p)² = z² p (1 − p) / n at both ends", () => {
  const z = 1.959963984540054;
  for (const [part, whole] of [
    [1, 10],
    [88, 89],
    [500, 1000],
  ]) {
    const ends = wilson(part, whole)!;
    for (const p of ends) expect((part / whole - p) ** 2).toBeCloseTo((z * z * p * (1 - p)) / whole, 10);
  }
});

test("no whole, no interval; none of some is not certain", () => {
  expect(wilson(0, 0)).toBeNull();
  expect(wilson(0, 10)![0]).toBe(0);
  expect(wilson(0, 10)![1]).toBeGreaterThan(0.2);
});
