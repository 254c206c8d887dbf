// Are values written as the style asks, and heads cut where a person would cut them?
import { expect, test } from "vitest";
import type { ColumnInfo } from "../runtime/wire";
import { digitsOf, edge, niceBins, tableColumn, written } from "./table-columns";

const column = (
  name: string,
  type: ColumnInfo["type"],
  min: ColumnInfo["min"] = null,
  max: ColumnInfo["max"] = null,
): ColumnInfo => ({
  name,
  type,
  nulls: 0,
  categories: null,
  min,
  max,
});

test("no value stays no value, and is not zero", () => {
  for (const type of ["number", "integer", "text", "category", "boolean", "time", "list"] as const) {
    expect(written(column("x", type), null)).toBeNull();
  }
  expect(written(column("x", "integer"), 0)).toBe("0");
  expect(written(column("tags", "list"), [])).toBeNull();
});

test("a probability says when it is nearly none or nearly all", () => {
  const confidence = column("confidence", "number", 0.1, 1);

  expect([0.514, 0.001, 0.999, 1].map((value) => written(confidence, value))).toEqual([".51", "< .01", "> .99", "1"]);
});

test("numbers of one column end at the same place", () => {
  const values = (min: number, max: number, some: number[]) =>
    some.map((value) => written(column("x", "number", min, max), value));

  expect(values(0.05, 0.9, [0.6, 0.83])).toEqual([".60", ".83"]);
  expect(values(-3.5, 3, [0.035, -1.1])).toEqual([".04", "−1.10"]);
  expect(values(0, 98_000, [31_793.4, 5])).toEqual(["31,793", "5"]);
  expect(values(0.001, 0.009, [0.002])).toEqual([".0020"]);
});

test("a small number in a wide column is not written as nothing", () => {
  expect(written(column("x", "number", 0, 98_000), 0.003)).toBe("3.0e-3");
  expect(written(column("x", "number", 0, 1), Number.NEGATIVE_INFINITY)).toBe("−∞");
  expect(written(column("x", "number", 0, 1), Number.NaN)).toBe("not a number");
});

test("years keep their digits together, large counts do not", () => {
  expect(written(column("year", "integer", 1900, 2024), 1994)).toBe("1994");
  expect(written(column("n", "integer", 0, 1e6), 123_456)).toBe("123,456");
});

test("bins cover all values with a width people read", () => {
  for (const [low, high] of [
    [0, 1],
    [-3.49, 2.97],
    [18, 90],
    [1e-9, 3e-9],
    [-12_345, 987_654],
    [5, 5],
  ]) {
    const bins = niceBins(column("x", "number", low, high));
    if (!bins) throw new Error("no bins");
    expect(bins.low).toBeLessThanOrEqual(low);
    expect(bins.low + bins.bins * bins.step).toBeGreaterThanOrEqual(high);
    expect(bins.bins).toBeLessThanOrEqual(21);
    const mantissa = bins.step / 10 ** Math.floor(Math.log10(bins.step) + 1e-9);
    expect([1, 2, 5]).toContain(Math.round(mantissa * 1e6) / 1e6);
  }
});

test("whole numbers are never cut between two of them", () => {
  expect(niceBins(column("x", "integer", 1, 6))).toMatchObject({ step: 1 });
});

test("a time is cut by its milliseconds", () => {
  const bins = niceBins(column("day", "time", "2025-01-01 00:00:00", "2025-12-31 00:00:00"));

  expect(bins?.bins).toBeGreaterThan(10);
  expect(edge(column("day", "time"), Date.UTC(2025, 0, 2))).toBe("2025-01-02");
});

test("ids and columns without a range have no bins", () => {
  expect(niceBins(column("id", "integer", 0, 9))).toBeNull();
  expect(niceBins(column("x", "number"))).toBeNull();
});

test("numbers stand right and words left, an id is a word", () => {
  expect(tableColumn(column("age", "integer", 0, 9)).right).toBe(true);
  expect(tableColumn(column("id", "integer", 0, 9)).right).toBe(false);
  expect(tableColumn(column("label", "category")).right).toBe(false);
});

test("digits follow the spread, not the size", () => {
  expect(digitsOf(column("x", "number", 1_000.1, 1_000.9))).toBe(2);
});
