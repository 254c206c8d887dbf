// Are a person's settings read from the address, and what the case does not have left out?
import { expect, test } from "vitest";
import type { CaseInfo, ColumnInfo } from "../../runtime/wire";
import { searchTree } from "./search";
import { defaultColumns, orderWords, readSettings } from "./settings";

const column = (name: string, type: ColumnInfo["type"], more: Partial<ColumnInfo> = {}): ColumnInfo => ({
  name,
  type,
  nulls: 0,
  categories: null,
  min: null,
  max: null,
  ...more,
});
const columns = [
  column("row", "integer"),
  column("id", "text"),
  column("label", "category", { categories: ["Bag", "Boot"] }),
  column("prediction", "category", { categories: ["Bag", "Boot"] }),
  column("confidence", "number", { min: 0, max: 1 }),
  column("correct", "boolean"),
  column("split", "category", { categories: ["test"] }),
  column("age", "integer"),
  column("x.conv2", "number"),
  column("prediction@other", "category"),
  column("excluded", "boolean"),
  column("tags", "list"),
  column("note", "text", { nulls: 10 }),
];
const info = { columns, tags: [], instances: 10, kind: "image" } as unknown as CaseInfo;

test("at first one sees names, the model's answer and the data's own columns, least confident first", () => {
  const { columns: chosen, order, mode, only } = readSettings({}, info);

  expect(chosen).toEqual(["id", "label", "prediction", "confidence", "age"]);
  expect(order).toEqual([["confidence", "asc"]]);
  expect([mode, only]).toEqual(["table", "shown"]);
});

test("tags and notes stand in the table once there are some, and a split once it parts anything", () => {
  const written = {
    ...info,
    tags: [{ name: "odd", count: 1 }],
    columns: columns.map((one) => (one.name === "note" ? { ...one, nulls: 9 } : one)),
  };
  const parted = {
    ...info,
    columns: columns.map((one) => (one.name === "split" ? { ...one, categories: ["test", "train"] } : one)),
  };

  expect(defaultColumns(written)).toContain("tags");
  expect(defaultColumns(written)).toContain("note");
  expect(defaultColumns(info)).not.toContain("split");
  expect(defaultColumns(parted)).toContain("split");
});

test("columns, sort and sizes that are not there fall back to what is", () => {
  const settings = readSettings(
    { columns: ["gone", "age", "age"], sort: [["gone", "asc"]], size: 57, mode: "cube", only: 3 },
    info,
  );

  expect(settings.columns).toEqual(["age"]);
  expect(settings.order).toEqual([]);
  expect([settings.size, settings.mode, settings.only]).toEqual([56, "table", "shown"]);
  expect(readSettings({ columns: ["gone"] }, info).columns).toEqual(defaultColumns(info));
});

test("an order is said in words that fit its columns", () => {
  const words = orderWords([["label", "asc"], ["age", "desc"], ["correct", "asc"]], columns); // prettier-ignore

  expect(words).toBe("sorted by label, in the order of the case, then age, most first, then correct, wrong first");
  expect(orderWords([], columns)).toBe("in the order of the data");
});

test("a search looks at the id, the labels and all columns of words", () => {
  const tree = searchTree(" boot ", columns);
  const searched = tree?.op === "or" ? tree.terms.map((term) => "column" in term && term.column) : [];

  expect(searched).toEqual(["id", "label", "prediction", "split", "prediction@other", "note"]);
  expect(searchTree("   ", columns)).toBeNull();
});

test("a search of digits finds a number that is an id, and one of words does not ask for it", () => {
  const numbered = [column("id", "integer"), column("age", "integer")];

  expect(searchTree("17", numbered)).toEqual({ op: "compare", column: "id", is: "=", value: 17 });
  expect(searchTree("boot", numbered)).toEqual({ op: "not", term: { op: "and", terms: [] } });
});

test("what is found in the texts themselves joins the columns", () => {
  expect(searchTree("boot", [column("label", "category")], "pick_4")).toEqual({
    op: "or",
    terms: [
      { op: "contains", column: "label", text: "boot" },
      { op: "pick", name: "pick_4" },
    ],
  });
});
