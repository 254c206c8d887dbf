// Sorting, filtering and binning of labels, against the language's own sort and counts by hand.
import { describe, expect, it } from "vitest";
import { readCounts, readNames, readValues } from "./answers";
import { everyMeasure, nameOf, measure, signed } from "./measures";
import { readMeasures, readSort, readSources, tellMeasures } from "./remembering";
import { ascending, kept, matching, orderBy, roundStep, shapeOf, sortKey, together, within } from "./ordering";

function side(values: (number | null)[]) {
  return {
    value: Float64Array.from(values, (value) => value ?? NaN),
    low: new Float32Array(values.length),
    high: new Float32Array(values.length),
    reason: Uint8Array.from(values, (value) => (value === null ? 1 : 0)),
  };
}

describe("sorting", () => {
  it("is the stable sort of the language, with missing values last", () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const values = Float64Array.from({ length: 5000 }, (_, i) =>
      i % 17 === 0
        ? NaN
        : i % 19 === 0
          ? 0
          : i % 23 === 0
            ? -0
            : i % 29 === 0
              ? -Infinity
              : Math.round((random() - 0.5) * 1e4) / 1e3,
    );
    const rank = (x: number) => (Number.isNaN(x) ? Infinity : x);
    const expected = Array.from(values, (_, i) => i).sort((i, j) => {
      const [x, y] = [rank(values[i]), rank(values[j])];
      return x === y ? i - j : x < y ? -1 : 1;
    });
    expect(Array.from(ascending(values))).toEqual(expected);
  });
  it("takes the largest of the sources downwards and the least upwards", () => {
    const sides = [side([1, null, 3]), side([2, null, -1])];
    expect(Array.from(orderBy(sortKey(sides, true), true))).toEqual([2, 0, 1]);
    expect(Array.from(orderBy(sortKey(sides, false), false))).toEqual([2, 0, 1]);
  });
});

describe("filtering", () => {
  it("keeps a label if some source is within the range, and missing ones only when asked", () => {
    const sides = [side([0.5, -0.5, null]), side([-1, 0.1, null])];
    expect(Array.from(within(sides, [0, 1], false))).toEqual([1, 1, 0]);
    expect(Array.from(within(sides, [0.4, 1], true))).toEqual([1, 0, 1]);
  });
  it("binds not before and before or", () => {
    const of = (bits: number[], not = false, join: "and" | "or" = "and") => ({ holds: Uint8Array.from(bits), not, join });
    const all = together([of([1, 1, 0, 0]), of([0, 1, 0, 1], true), of([0, 0, 1, 0], false, "or")], 4);
    expect(Array.from(all)).toEqual([1, 0, 1, 0]);
    expect(Array.from(kept(Uint32Array.from([3, 2, 1, 0]), all))).toEqual([2, 0]);
    expect(Array.from(together([], 2))).toEqual([1, 1]);
  });
  it("reads patterns without regard to case, and knows a broken one", () => {
    expect(Array.from(matching(["Dog", "cat", "hot dog 🌭"], "dog")!)).toEqual([1, 0, 1]);
    expect(matching(["a"], "(")).toBeNull();
  });
});

describe("shapes", () => {
  it("counts every label once, in a bin or under its reason", () => {
    const shape = shapeOf([side([-1, 0, 0.5, 1, null])]);
    expect(shape.bins[0].reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(shape.nulls[0].get(1)).toBe(1);
    expect(shape.low).toBeLessThanOrEqual(-1);
  });
  it("has round steps, and something to show when all values are equal or missing", () => {
    expect([0.013, 0.2, 3, 0.05].map(roundStep)).toEqual([0.02, 0.2, 5, 0.05]);
    expect(shapeOf([side([2, 2])]).bins[0].reduce((sum, n) => sum + n, 0)).toBe(2);
    expect(shapeOf([side([null])]).bins[0].length).toBe(1);
  });
});

describe("words and bytes", () => {
  it("offers every metric of every pair, identity and rest", () => {
    expect(everyMeasure(["dp", "npmi_xy"], 3)).toHaveLength(2 * (3 + 3 + 3));
    expect(nameOf(measure("npmi_xy", 0, 1), ["man", "woman"])).toBe("nPMI gap, man less woman");
    expect([0.0001, -0.25, 1.234, 0].map(signed)).toEqual(["0", "−.250", "+1.23", "0"]);
  });
  it("reads names, counts and values as they were written", () => {
    const text = new TextEncoder().encode("añb");
    const bytes = new ArrayBuffer(12 + text.length);
    new Uint32Array(bytes, 0, 3).set([2, 3, 4]);
    new Uint8Array(bytes, 12).set(text);
    expect(readNames(bytes)).toEqual(["añ", "b"]);
    expect(Array.from(readCounts(Int32Array.from([1, 2, 3, 4]).buffer, 2, 1, 1)[0].joint[0])).toEqual([3, 4]);
    const both = new ArrayBuffer(34);
    new Float64Array(both, 0, 2).set([1, 2]);
    new Uint8Array(both, 32).set([0, 7]);
    expect(readValues(both, 2).reason[1]).toBe(7);
  });
});

describe("what stands in the address", () => {
  const METRICS = ["npmi_xy", "dp"];
  const narrowed = { ...measure("dp", 1, "rest"), range: [-0.5, 0.25] as [number, number], nulls: true, not: true };
  it("comes back as it was", () => {
    const measures = [measure("npmi_xy", 0, 1), narrowed, { ...measure("npmi_xy", 2, null), join: "or" as const }];
    expect(readMeasures(JSON.parse(JSON.stringify(tellMeasures(measures))), METRICS, 3)).toEqual(measures);
    expect(tellMeasures([measure("dp", 0, null)])).toEqual([{ metric: "dp", a: 0 }]);
  });
  it("leaves out what cannot be asked, and what is there twice", () => {
    const given = [
      { metric: "dq", a: 0 },
      { metric: "dp", a: 3 },
      { metric: "dp", a: 0, b: 0 },
      { metric: "dp", a: 0, b: 7 },
      null,
      { metric: "dp", a: 0, range: [2, 1], nulls: true },
      { metric: "dp", a: 0 },
    ];
    expect(readMeasures(given, METRICS, 3)).toEqual([measure("dp", 0, null)]);
    expect(readMeasures([given[0]], METRICS, 3)).toBeNull();
    expect(readMeasures("npmi", METRICS, 3)).toBeNull();
  });
  it("sorts by columns that are there", () => {
    expect(readSort({ key: "dp@1|rest", down: false }, [narrowed])).toEqual({ key: "dp@1|rest", down: false });
    expect(readSort({ key: "count" }, [])).toEqual({ key: "count", down: true });
    expect(readSort({ key: "dp@0" }, [narrowed])).toBeNull();
    expect(readSort(undefined, [narrowed])).toBeNull();
  });
  it("keeps what makes a class a label, of sources that are there", () => {
    const cnn = { kind: "model" as const, name: "cnn", threshold: null, top: 5 };
    const offer = { sources: [cnn], labels: [], columns: [], subsets: [], begin: [], chosen: false, metrics: [], reasons: [] };
    expect(readSources([{ kind: "model", name: "cnn", threshold: 0.3, top: null }], offer)).toEqual([
      { ...cnn, threshold: 0.3, top: null },
    ]);
    expect(
      readSources(
        [
          { kind: "model", name: "cnn", top: 0 },
          { kind: "table", name: "gone" },
        ],
        offer,
      ),
    ).toEqual([cnn]);
    expect(readSources([{ kind: "table", name: "gone" }], offer)).toBeNull();
  });
});
