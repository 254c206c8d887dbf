// Does the browser read, write and select as Python does? The fixtures are the same file.
import { Query, count } from "@uwdata/mosaic-sql";
import { describe, expect, it } from "vitest";
import fixtures from "../../../tests/filters/fixtures.json";
import {
  binNumber,
  check,
  columnTypes,
  FilterError,
  nearest,
  parse,
  subsetsNamed,
  toExpression,
  toText,
  unknown,
  type Column,
  type Tree,
} from "./filter";
import { writeNumber } from "./filter/writing";

const columns = columnTypes(fixtures.columns as Column[]);
const tables = new Map(fixtures.subsets.map((name, i) => [name, `subset_${i + 1}`]));
const options = { subsets: fixtures.subsets };

function refusal(read: () => unknown): FilterError {
  try {
    read();
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a typed filter", () => {
  it.each(fixtures.good)("reads $text", ({ text, tree }) => {
    expect(parse(text, columns, options)).toEqual(tree);
  });

  it.each(fixtures.good)("is written as $written and read back", ({ tree, written }) => {
    expect(toText(tree as Tree)).toBe(written);
    expect(check(tree, columns, options)).toEqual(tree);
  });

  it.each(fixtures.bad)("refuses $text", ({ text, error, position }) => {
    const refused = refusal(() => parse(text, columns, options));
    expect(refused.message).toBe(error);
    expect([...text.slice(0, refused.position)].length).toBe(position);
  });

  it("counts positions as slice does, also after an emoji", () => {
    const text = "note = '😀' and lable = 'x'";
    expect(text.slice(refusal(() => parse(text, columns)).position)).toBe("lable = 'x'");
  });

  it.each(fixtures.numbers)("writes the number %s as %s", (number, written) => {
    expect(writeNumber(number as number)).toBe(written);
  });
});

describe("a tree from elsewhere", () => {
  it("with one term is that term", () => {
    const tree = { op: "and", terms: [{ op: "or", terms: [{ op: "truth", column: "correct" }] }] };
    expect(check(tree, columns)).toEqual({ op: "truth", column: "correct" });
  });

  it.each([
    null,
    "label = 'Shirt'",
    { op: "drop" },
    { op: "and" },
    { op: "or", terms: {} },
    { op: "not" },
    { op: "compare", column: "label", is: "; drop", value: "Shirt" },
    { op: "compare", column: 3, is: "=", value: "Shirt" },
    { op: "compare", column: "label", is: "=", value: ["Shirt"] },
    { op: "in", column: "label", values: "Shirt" },
    { op: "contains", column: "note", text: 3 },
    { op: "bin", column: "confidence", low: "0", step: 1, bins: 2, first: 0, last: 1 },
    { op: "pick", name: "instances" },
  ])("is refused when malformed: %j", (tree) => {
    expect(() => check(tree, columns)).toThrow(FilterError);
  });

  it("names the subsets it rests on", () => {
    const tree = parse("not in subset 'a' or (correct and in subset 'b')", columns);
    expect(subsetsNamed(tree)).toEqual(new Set(["a", "b"]));
  });
});

describe("the expression", () => {
  it.each(fixtures.good)("of $text is the one whose rows Python compares", ({ tree, expression }) => {
    expect(String(toExpression(tree as Tree, columns, tables))).toBe(expression);
  });

  it("counts by the very number it selects by", () => {
    const tree = parse("bin(confidence, 0, .1, 10) between 2 and 3", columns);
    const number = binNumber("confidence", 0, 0.1, 10);
    expect(String(toExpression(tree, columns))).toBe(`(${String(number)} BETWEEN 2 AND 3)`);
    const query = Query.from("instances").select({ bin: number, n: count() }).where(toExpression(tree, columns)).groupby("bin");
    expect(String(query)).toContain(`WHERE (${String(number)} BETWEEN 2 AND 3)`);
  });

  it("pastes nothing that a link may hold", () => {
    const hostile = { op: "compare", column: "label", is: "=", value: ["1) OR TRUE --"] } as unknown as Tree;
    expect(() => toExpression(hostile, columns)).toThrow("is not a value a filter can hold");
    const operator = { op: "compare", column: "label", is: "= 1 OR TRUE --", value: 1 } as unknown as Tree;
    expect(() => toExpression(operator, columns)).toThrow("is not a comparison");
    const inherited = { op: "compare", column: "label", is: "constructor", value: 1 } as unknown as Tree;
    expect(() => toExpression(inherited, columns)).toThrow("is not a comparison");
    const pick = { op: "pick", name: 'x" UNION SELECT 1 --' } as Tree;
    expect(() => toExpression(pick, columns)).toThrow("a pick is named like 'pick_3'");
    const column = { op: "null", column: 'x" IS NULL OR "y' } as Tree;
    expect(() => toExpression(column, columns)).toThrow("no column named");
    const known = columnTypes([{ name: 'x" IS NULL OR "y', type: "text", categories: null }]);
    expect(String(toExpression(column, known))).toBe('("x"" IS NULL OR ""y" IS NULL)');
  });
});

describe("the nearest name", () => {
  it.each(fixtures.nearest as [string, string[], string | null][])("to %s among %j is %s", (name, known, expected) => {
    expect(nearest(name, known) ?? null).toBe(expected);
  });

  it("is said, with what is known", () => {
    expect(unknown("layer", "conv_1", ["conv1", "conv2", "fc"])).toBe(
      "no layer named 'conv_1'; did you mean 'conv1'? Known: conv1, conv2, fc.",
    );
    expect(unknown("layer", "conv1", [])).toBe("no layer named 'conv1'; there are none.");
    expect(unknown("value", "it's\n", ["x"])).toBe(`no value named "it's\\n"; Known: x.`);
  });
});
