import { describe, expect, it } from "vitest";
import { formatLink, packNumbers, parseLink, unpackNumbers } from "./link";
import { mathml } from "./tex";

describe("links", () => {
  it("come back as they were written", () => {
    const values = { shape: "ring", text: "a b,c & d" };
    expect(parseLink(formatLink("gan", values))).toEqual({ name: "gan", version: 1, values });
  });
  it("say which version wrote them", () => {
    expect(parseLink("#gan?v=7&seed=2")).toEqual({ name: "gan", version: 7, values: { seed: "2" } });
    expect(parseLink("#gan")).toEqual({ name: "gan", version: null, values: {} });
  });
  it("carry points to a thousandth", () => {
    const points = [-1, -0.123, 0, 0.5, 1];
    unpackNumbers(packNumbers(points)).forEach((value, i) => expect(Math.abs(value - points[i])).toBeLessThan(0.001));
    expect(unpackNumbers("!?")).toEqual([]);
  });
});

describe("equations", () => {
  it("become MathML with scripts, fractions and words", () => {
    expect(mathml("\\frac{1}{n} \\sum_i x_i^2")).toBe(
      '<math display="block"><mrow><mfrac><mrow><mn>1</mn></mrow><mrow><mi>n</mi></mrow></mfrac><munder><mo>∑</mo><mi>i</mi></munder>' +
        "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></mrow></math>",
    );
    expect(mathml("\\text{a < b}")).toContain("<mtext>a &lt; b</mtext>");
  });
  it("refuse a command they do not know", () => {
    expect(() => mathml("\\input{x}")).toThrow("\\input is not known to the small TeX");
  });
});
