// Counts, words, picks, rows, boxes and pins of the patterns view.
import { describe, expect, it } from "vitest";
import type { Found } from "./answers";
import { boxPaths, heightOf, place, rangeOf, unitAt } from "./boxes";
import { byValue, members, readGroups, totals, type Groups } from "./counts";
import { isPinned, placeOf, readPins, togglePin, type Pin } from "./pins";
import { pointsOf } from "./picking";
import { divide, drawnValues, foldedWords, ordered } from "./rows";
import { barWords, finding, pickWords } from "./words";

const COLUMNS = { pattern: "pattern.conv2", stability: "stability.conv2", outlier: "outlier.conv2" };
const table = (rows: Record<string, unknown>[]) => ({ toArray: () => rows }) as never;
const group = (n: number, values: [string | null, number][] = [], correct = 0, judged = 0) => ({
  n,
  judged,
  correct,
  values: new Map(values),
});
const found = (size: number[], n: number): Found =>
  ({ size, count: size.length, n, none: n - size.reduce((a, b) => a + b, 0) }) as never;

describe("counts", () => {
  it("sums the labels of a pattern, and keeps apart what is in none and what was not clustered", () => {
    const groups = readGroups(
      table([
        { pattern: 0, value: "Boot", n: 35n, correct: 34n, judged: 35n },
        { pattern: 0, value: null, n: 2n, correct: 0n, judged: 0n },
        { pattern: -1, value: "Boot", n: 60n, correct: 50n, judged: 60n },
        { pattern: null, value: "Boot", n: 3n, correct: 3n, judged: 3n },
      ]),
    );
    expect(groups.get(0)).toEqual({
      n: 37,
      judged: 35,
      correct: 34,
      values: new Map<string | null, number>([
        ["Boot", 35],
        [null, 2],
      ]),
    });
    expect(totals(groups)).toEqual({ all: 100, clustered: 97, inside: 37, none: 60, judged: 95, correct: 84 });
  });

  it("asks by the pattern's column and never for single instances", () => {
    const text = String(byValue(COLUMNS, "label", true, "NOT excluded"));
    expect(text).toContain('GROUP BY "pattern.conv2", "label"');
    expect(text).not.toMatch(/"row"|"id"/);
  });

  it("asks for a few members of every pattern, by how typical they are, and of none by how far out", () => {
    const text = String(members(COLUMNS, (name) => name === "label", 4, 1, "true"));
    expect(text).toContain('PARTITION BY "pattern.conv2"');
    expect(text).toMatch(/CASE WHEN \("?pattern.conv2"? >= 0\) THEN "stability.conv2" ELSE "outlier.conv2" END/);
    expect(text).toMatch(/"first" <= 4\)? OR \(?"last" <= 1/);
    expect(text).not.toContain('"prediction"');
  });
});

describe("words", () => {
  const all = { all: 2000, clustered: 2000, inside: 254, none: 1746, judged: 2000, correct: 1780 };

  it("says the part without a pattern first of all", () => {
    expect(finding("conv2", 13, all, null, null)).toBe(
      "13 patterns hold 254 of 2,000 instances. The other 87 % are in no pattern: conv2 has dense spots, not clean groups.",
    );
  });

  it("says where the selection lies", () => {
    const picked = { all: 52, clustered: 52, inside: 40, none: 12, judged: 52, correct: 50 };
    expect(finding("conv2", 13, all, picked, [5, 28])).toContain(
      "Of the 52 selected, 28 are in pattern 5, 12 in other patterns and 12 in none.",
    );
    expect(finding("conv2", 13, all, { ...picked, all: 28, inside: 28, none: 0 }, [5, 28])).toContain(
      "The selection is all in pattern 5.",
    );
    expect(finding("conv2", 13, all, { ...picked, all: 0, inside: 0, none: 0 }, null)).toContain("Nothing of it is selected.");
  });

  it("does not speak of shares where there is nothing", () => {
    const nothing = { all: 0, clustered: 0, inside: 0, none: 0, judged: 0, correct: 0 };
    expect(finding("conv2", 13, nothing, null, null)).toBe("No instance is shown.");
    expect(finding("conv2", 0, { ...all, inside: 0, none: 2000 }, null, null)).toContain(
      "None of 2,000 instances is in a pattern.",
    );
  });

  it("says the labels under the bars", () => {
    const ten = [..."abcdefghij"];
    expect(
      barWords(
        group(37, [
          ["Boot", 35],
          ["Sneaker", 2],
        ]),
        ten,
      ),
    ).toBe("Boot 35, Sneaker 2");
    expect(
      barWords(
        group(89, [
          ["Sneaker", 86],
          ["Boot", 2],
          ["Sandal", 1],
        ]),
        ten,
      ),
    ).toBe("Sneaker 86, then 2 labels");
    expect(
      barWords(
        group(
          1746,
          ten.map((name, i) => [name, 113 + i]),
        ),
        ten,
      ),
    ).toBe("all ten, 113 to 122");
    expect(barWords(group(3, [[null, 3]]), ten)).toBe("no label 3");
    expect(barWords(group(0), ten)).toBe("none shown");
  });

  it("names a selection of patterns", () => {
    expect(pickWords([3], "conv2")).toBe("pattern 3 of conv2");
    expect(pickWords([-1], "conv2")).toBe("in no pattern of conv2");
    expect(pickWords([9, 5, -1], "conv2")).toBe("patterns 5, 9 or none of conv2");
    expect(pickWords([1, 2, 3, 4, 5], "conv2")).toBe("5 patterns of conv2");
  });
});

describe("picks", () => {
  it("reads the values of one column back from a tree, whoever made it", () => {
    const one = { op: "compare", column: "label", is: "=", value: "Boot" } as const;
    expect(pointsOf({ op: "and", terms: [one] }, "label")).toEqual(["Boot"]);
    expect(pointsOf({ op: "or", terms: [one, { op: "null", column: "label" }] }, "label")).toEqual(["Boot", null]);
    expect(pointsOf({ op: "in", column: "label", values: ["a", "b"] }, "label")).toEqual(["a", "b"]);
  });

  it("takes nothing for a pick of a column that speaks of more", () => {
    const one = { op: "compare", column: "label", is: "=", value: "Boot" } as const;
    const other = { op: "compare", column: "prediction", is: "=", value: "Boot" } as const;
    expect(pointsOf({ op: "and", terms: [one, other] }, "label")).toBeNull();
    expect(pointsOf({ op: "or", terms: [one, other] }, "label")).toBeNull();
    expect(pointsOf({ op: "not", term: one }, "label")).toBeNull();
    expect(pointsOf({ ...one, is: "!=" }, "label")).toBeNull();
  });
});

describe("rows", () => {
  it("folds small patterns, in the order of the rows", () => {
    const size = [78, 9, 10, 18, 21, 28, 9, 8, 24, 5];
    const { rows, folded } = divide(ordered(found(size, 400), null, "persistence"), size, 24);
    expect(rows).toEqual([0, 2, 3, 4, 5, 8]);
    expect(folded).toEqual([1, 6, 7, 9]);
    expect(foldedWords(folded, size)).toBe("4 more patterns, n = 5 to 9");
  });

  it("shows a few patterns all, and some even when all are small", () => {
    expect(divide([0, 1, 2], [5, 5, 5], 24)).toEqual({ rows: [0, 1, 2], folded: [] });
    const small = Array.from({ length: 12 }, () => 5);
    expect(
      divide(
        small.map((_, i) => i),
        small,
        24,
      ).rows,
    ).toEqual([0, 1, 2, 3, 4]);
  });

  it("draws no more rows than asked for and folds the rest", () => {
    const size = Array.from({ length: 300 }, () => 20);
    const { rows, folded } = divide(
      size.map((_, i) => i),
      size,
      24,
    );
    expect([rows.length, folded.length]).toEqual([24, 276]);
  });

  it("orders by size or by the share that is wrong, ties by persistence", () => {
    const groups: Groups = new Map([
      [0, group(10, [], 9, 10)],
      [1, group(20, [], 10, 20)],
      [2, group(20, [], 0, 0)],
    ]);
    expect(ordered(found([10, 20, 20], 50), groups, "size")).toEqual([1, 2, 0]);
    expect(ordered(found([10, 20, 20], 50), groups, "wrong")).toEqual([1, 0, 2]);
  });

  it("gives every label a bar in the case's order, or the commonest of many", () => {
    const groups: Groups = new Map([
      [
        0,
        group(5, [
          ["c", 3],
          [null, 2],
        ]),
      ],
    ]);
    expect(drawnValues(["a", "b", "c"], groups)).toEqual(["a", "b", "c", null]);
    const many = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    const common: Groups = new Map([
      [
        0,
        group(5, [
          ["class 700", 3],
          ["class 20", 2],
        ]),
      ],
    ]);
    const drawn = drawnValues(many, common);
    expect(drawn).toHaveLength(16);
    expect(drawn.indexOf("class 20")).toBeLessThan(drawn.indexOf("class 700"));
  });
});

describe("boxes", () => {
  const boxes = { n: 9, mean: [0.5, 0], q1: [0.25, 0], median: [0.5, 0], q3: [0.75, 0], low: [0, 0], high: [1, 0] };
  const scale = { width: 100, height: 62, low: 0, high: 1, units: 2 };

  it("puts a unit's box between its quartiles", () => {
    const { quartiles, whiskers } = boxPaths(boxes, [0.5, 0], scale);
    const [, top] = /^M[\d.]+ ([\d.]+)h/.exec(quartiles) ?? [];
    expect(Number(top)).toBeCloseTo(heightOf(0.75, scale), 1);
    expect(whiskers.startsWith(`M25 ${heightOf(0, scale)}V${heightOf(1, scale)}`)).toBe(true);
  });

  it("leaves out a unit without values and keeps its tick", () => {
    const paths = boxPaths({ ...boxes, mean: [0.5, null as never] }, [0.5, 0.2], scale);
    expect(paths.whiskers.match(/M/g)).toHaveLength(1);
    expect(paths.ticks.match(/M/g)).toHaveLength(2);
  });

  it("finds the unit under the pointer", () => {
    expect([0, 49, 51, 99, 100, -1].map((x) => unitAt(x, scale))).toEqual([0, 0, 1, 1, null, null]);
    expect(place(1, scale).x).toBe(75);
  });

  it("has a range that holds all that is drawn, zero among it", () => {
    expect(rangeOf([{ ...boxes, low: [-0.5, 0], high: [0.25, 0] }], [0.1, 0])).toEqual([-0.5, 0.5]);
    expect(rangeOf([], [])).toEqual([0, 1]);
  });
});

describe("pins", () => {
  const pin: Pin = { model: "cnn", layer: "conv2", unit: null, pattern: 3, key: "cnn/conv2/1" };

  it("come and go", () => {
    const one = togglePin([], pin);
    expect(one).toEqual([pin]);
    expect(isPinned(one ?? [], { ...pin })).toBe(true);
    expect(togglePin(one ?? [], { ...pin })).toBeNull();
  });

  it("of another search are other pins", () => {
    expect(isPinned([pin], { ...pin, key: "cnn/conv2/2" })).toBe(false);
  });

  it("that an address made up are left out", () => {
    expect(readPins([pin, { layer: "conv2" }, 7, null, { ...pin, unit: "7" }])).toEqual([pin]);
    expect(readPins("x")).toEqual([]);
  });

  it("name their place, and the model where there are several", () => {
    expect(placeOf({ ...pin, unit: 7 }, 1)).toBe("unit 7 of conv2");
    expect(placeOf(pin, 2)).toBe("conv2 of cnn");
  });
});
