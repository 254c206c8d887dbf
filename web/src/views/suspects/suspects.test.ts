import { describe, expect, it } from "vitest";
import { darkness } from "./answers";

describe("how dark a cell is", () => {
  it("is nothing below a tenth of the largest score", () => {
    expect(darkness(0.99, 10)).toBe(0);
    expect(darkness(0, 0)).toBe(0);
  });
  it("rises with the logarithm of the score", () => {
    expect(darkness(1, 10)).toBe(1);
    expect(darkness(Math.sqrt(10), 10)).toBe(3);
    expect(darkness(10, 10)).toBe(6);
  });
});
