import { expect, test } from "vitest";
import { edges, niceBins } from "./bins";

test("the bins cover the whole range with round edges", () => {
  for (const [low, high] of [
    [0, 1],
    [-3.7, 12.2],
    [1e-6, 5e-6],
    [0, 123_456],
  ]) {
    const binning = niceBins("c", low, high);
    const cut = edges(binning);

    expect(cut[0]).toBeLessThanOrEqual(low);
    expect(cut[cut.length - 1]).toBeGreaterThan(high);
    expect(binning.bins).toBeGreaterThanOrEqual(10);
    expect(binning.bins).toBeLessThanOrEqual(42);
  }
});

test("one value gets one bin", () => {
  expect(niceBins("c", 5, 5, 20, true)).toEqual({ column: "c", low: 5, step: 1, bins: 1 });
});

test("whole numbers get whole bins", () => {
  expect(niceBins("age", 17, 90, 20, true).step % 1).toBe(0);
});
