// What is a side of a comparison shown for, and is a tile drawn by the view that it means?
import { expect, test } from "vitest";
import { filterWords, toldOf, wordsOf, type Side } from "./sides";
import { viewOf } from "./origins";
import type { Tile, ViewInfo } from "../runtime/wire";

const side = (chosen: string, filter = ""): Side => ({ chosen, filter });

test("a side is everything, a subset, a model, a filter, or all but the other side", () => {
  const all = side("all");
  expect(toldOf(all, all)).toEqual({});
  expect(toldOf(side("subset:it's"), all)).toEqual({ filter: "in subset 'it''s'" });
  expect(toldOf(side("model:a:b"), all)).toEqual({ model: "a:b" });
  expect(toldOf(side("filter", "  age > 3 "), all)).toEqual({ filter: "age > 3" });
  expect(toldOf(side("filter", " "), all)).toEqual({});
  expect(toldOf(side("rest"), side("filter", "a = 1 or b = 2"))).toEqual({ filter: "not (a = 1 or b = 2)" });
  expect(toldOf(side("rest"), all)).toEqual({});
  expect(toldOf(side("rest"), side("rest")), "each but the other is nothing").toEqual({});
});

test("a side says itself in words that end", () => {
  expect(wordsOf(side("rest"), side("subset:old"))).toBe("All but old");
  expect(wordsOf(side("rest"), side("rest"))).toBe("All but everything");
  expect(wordsOf(side("filter", "age > 3"), side("all"))).toBe("age > 3");
  expect(filterWords("in subset 'it''s'")).toBe("the subset it's");
  expect(filterWords("in subset 'a' and b = 'c'")).toBe("in subset 'a' and b = 'c'");
});

const view = (name: string, by: string) => ({ name, by }) as ViewInfo;
const tile = (name: string, by?: string) => ({ view: name, ...(by && { by }) }) as Tile;

test("a tile means the view of the package it was made with, under whatever name it has here", () => {
  const views = [view("column", ""), view("bar", "ann 1.0"), view("bar@ben", "ben 2.0")];
  expect(viewOf(tile("bar", "ann 1.0"), views)).toEqual({ name: "bar", problem: null, note: "" });
  expect(viewOf(tile("bar", "ben 2.0"), views).name).toBe("bar@ben");
  expect(viewOf(tile("bar@ann", "ann 0.9"), views)).toEqual({
    name: "bar",
    problem: null,
    note: "put here with ann 0.9, drawn by ann 1.0",
  });
  expect(viewOf(tile("bar", "cho 1.0"), views).problem).toContain("of cho 1.0 is not installed here");
  expect(viewOf(tile("column", "cho 1.0"), views).problem).toContain("the one of that name is underglass’s own");
  expect(viewOf(tile("column"), views)).toEqual({ name: "column", problem: null, note: "" });
  expect(viewOf(tile("gone", "cho 1.0"), views).name, "what nobody brings is said where it is drawn").toBe("gone");
});
