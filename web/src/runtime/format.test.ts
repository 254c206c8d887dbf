import { expect, test } from "vitest";
import { accuracy, bytes, count, left, number, probability, share, shorten } from "./format";

test("counts have thousands separators", () => {
  expect(count(1746)).toBe("1,746");
});

test("a share of nothing is not zero", () => {
  expect(share(0, 0)).toBe("n/a (0 of 0)");
  expect(share(0, 9)).toBe("0 %");
  expect(share(1, 2000)).toBe("< 1 %");
  expect(share(1999, 2000)).toBe("> 99 %");
  expect(share(2000, 2000)).toBe("100 %");
  expect(share(24, 179)).toBe("13 %");
});

test("probabilities are 0 and 1 only when they are so", () => {
  expect(probability(0)).toBe("0");
  expect(probability(0.0001)).toBe("< .01");
  expect(probability(0.9999)).toBe("> .99");
  expect(probability(1)).toBe("1");
  expect(probability(0.514)).toBe(".51");
  expect(probability(null)).toBe("n/a");
  expect(probability(Number.NaN)).toBe("n/a");
});

test("numbers are short and have a true minus", () => {
  expect(number(-23)).toBe("−23");
  expect(number(0.5)).toBe(".5");
  expect(number(0)).toBe("0");
  expect(number(100)).toBe("100");
  expect(number(12.5)).toBe("12.5");
  expect(number(1234567)).toBe("1,234,567");
  expect(number(Number.POSITIVE_INFINITY)).toBe("∞");
});

test("accuracy keeps its digits", () => {
  expect(accuracy(0.89)).toBe(".890");
  expect(accuracy(1)).toBe("1.000");
});

test("bytes are said in the unit that fits", () => {
  expect(bytes(886_000)).toBe("886 kB");
  expect(bytes(2_300_000)).toBe("2.3 MB");
});

test("time left is said in words", () => {
  expect(left(null)).toBe("");
  expect(left(5.2)).toBe("about 6 s left");
  expect(left(130)).toBe("about 2 min left");
});

test("long names keep both ends, and emoji whole", () => {
  expect(shorten("a very long class name", 12)).toBe("a very l…ame");
  expect([...shorten("👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀", 5)].length).toBeLessThanOrEqual(5);
});
