import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Random } from "../engine/random";
import { fromWords, toWords } from "./address";
import { DEFAULT } from "./config";
import { parsePoints, sample, SHAPES } from "./data";
import { CELLS, histogram, jsDivergence, klDivergence, SMOOTHING } from "./divergence";
import { PRESETS, presetConfig } from "./presets";
import { mistake } from "./config";

describe("divergences", () => {
  const point = (x: number, y: number) => histogram([x, y]);

  it("are 0 between equal histograms, and JS is 1 bit between those that share no cell", () => {
    const [a, b] = [point(-0.5, 0), point(0.5, 0)];
    expect(klDivergence(a, a)).toBe(0);
    expect(jsDivergence(a, a)).toBe(0);
    expect(jsDivergence(a, b)).toBeCloseTo(1, 12);
  });

  it("are in bits: KL of a fair against a biased coin is as by hand", () => {
    const [p, q] = [new Float64Array(2), new Float64Array(2)];
    p.set([0.5, 0.5]);
    q.set([0.25, 0.75]);
    const s = (share: number) => (share + SMOOTHING) / (1 + 2 * SMOOTHING);
    expect(klDivergence(p, q)).toBeCloseTo(s(0.5) * Math.log2(s(0.5) / s(0.25)) + s(0.5) * Math.log2(s(0.5) / s(0.75)), 12);
  });

  it("count every point, also on and beyond the border", () => {
    const shares = histogram([-1, -1, 1, 1, 5, 5, 0, 0]);
    expect(shares.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 12);
    expect(shares[0]).toBe(0.25);
    expect(shares[CELLS * CELLS - 1]).toBe(0.5);
  });
});

describe("shapes", () => {
  it("lie within the square and differ", () => {
    const histograms = SHAPES.filter(({ name }) => name !== "own").map(({ name }) => {
      const points = sample(name, 2000, new Random(1));
      expect(points.every((value) => Math.abs(value) < 1)).toBe(true);
      return histogram(points);
    });
    histograms.forEach((one, i) =>
      histograms.slice(i + 1).forEach((other) => expect(jsDivergence(one, other)).toBeGreaterThan(0.3)),
    );
  });

  it("of a drawing lie around its points", () => {
    const points = sample("own", 500, new Random(1), [0.5, 0.5, -0.5, -0.5, 0.5, -0.5]);
    for (let i = 0; i < 500; i += 1)
      expect(Math.abs(Math.abs(points[2 * i]) - 0.5) + Math.abs(Math.abs(points[2 * i + 1]) - 0.5)).toBeLessThan(0.3);
  });
});

describe("pasted points", () => {
  it("are read with commas, tabs and semicolons, heads left out", () => {
    expect(parsePoints("x,y\n0.1, 0.2\n0.3\t0.4\n-0.5;0.6\n").points).toEqual([0.1, 0.2, 0.3, 0.4, -0.5, 0.6]);
  });
  it("are refused in words when there are too few or all are the same", () => {
    expect(() => parsePoints("")).toThrow("No points found: write one point a line");
    expect(() => parsePoints("1,2\n3,4")).toThrow("Two points found");
    expect(() => parsePoints("1,2\n1,2\n1,2")).toThrow("All 3 points are the same");
  });
});

describe("addresses", () => {
  it("write what differs and read it back", () => {
    const config = {
      ...structuredClone(DEFAULT),
      seed: 7,
      shape: "two" as const,
      noiseSize: 1 as const,
      loss: "least squares" as const,
    };
    expect(toWords(config)).toEqual({ seed: "7", shape: "two", noise: "uniform1", loss: "squares" });
    expect(fromWords(toWords(config)).config).toEqual(config);
  });
  it("name what is wrong and take the usual instead", () => {
    const { config, wrong } = fromWords({ rateG: "99", seed: "3" });
    expect(config).toEqual({ ...DEFAULT, seed: 3 });
    expect(wrong[0]).toContain("rateG=99 (a learning rate is between 0 and 10, not 99)");
  });
});

describe("what is written about it", () => {
  it("has presets that can be trained", () => {
    for (const preset of PRESETS) expect(mistake(presetConfig(preset))).toBeNull();
  });

  it("lists each objective and question of the tour in the docs", () => {
    const tour = readFileSync("src/learn/gan/texts.ts", "utf8");
    const docs = readFileSync("../docs/learn.md", "utf8");
    const objectives = [...tour.matchAll(/objective: "([^"]+)"/g)].map((match) => match[1]);
    const questions = [...tour.matchAll(/ask: "([^"]+)"/g)].map((match) => match[1]);
    expect(objectives.length).toBe(9);
    for (const words of [...objectives, ...questions]) expect(docs).toContain(words);
  });
});
