// Do typed arrays answer as DuckDB does? Every query of the views' vocabulary, against answers that DuckDB in Python gave.
import { readFileSync } from "node:fs";
import { tableFromIPC } from "@uwdata/flechette";
import { expect, test } from "vitest";
import { readTable, writeAnswer } from "./arrow";
import { parse } from "./sql/parse";
import { answer, type Table } from "./sql/select";
import { Unanswerable } from "./sql/tokens";

interface Fixture {
  tables: Record<string, { arrow: string; categories: Record<string, string[]> }>;
  queries: { sql: string; names: string[]; ordered: boolean; rows: unknown[][] }[];
}
const fixture = JSON.parse(readFileSync(new URL("fixtures/conformance.json", import.meta.url), "utf-8")) as Fixture;
const tables = new Map<string, Table>(
  Object.entries(fixture.tables).map(([name, { arrow, categories }]) => [
    name,
    readTable(new Uint8Array(Buffer.from(arrow, "base64")), new Map(Object.entries(categories))),
  ]),
);

function ask(sql: string): { names: string[]; rows: unknown[][] } {
  const bytes = writeAnswer(answer(parse(sql), (name) => tables.get(name)));
  const table = tableFromIPC(bytes, { useDate: true });
  const columns = table.names.map((_, i) => table.getChildAt(i));
  return {
    names: [...table.names],
    rows: Array.from({ length: table.numRows }, (_, i) => columns.map((column) => plain(column.at(i)))),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number" && !Number.isFinite(value))
    return `$${String(value).replace("Infinity", "inf").replace("NaN", "nan")}`;
  if (value !== null && typeof value === "object") return Array.from(value as Iterable<unknown>, plain);
  return value;
}

/** Rows side by side: counts and texts exactly, other numbers to 1e-6. */
function same(found: unknown[][], expected: unknown[][], ordered: boolean): void {
  const key = (row: unknown[]) =>
    JSON.stringify(row.map((value) => (typeof value === "number" ? Math.round(value * 1e4) : value)));
  const sorted = (rows: unknown[][]) => (ordered ? rows : [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1)));
  const [left, right] = [sorted(found), sorted(expected)];
  expect(left.length).toBe(right.length);
  left.forEach((row, i) =>
    row.forEach((value, c) => {
      const wanted = right[i][c];
      if (typeof value === "number" && typeof wanted === "number")
        expect(Math.abs(value - wanted), `row ${i}, column ${c}: ${value} and ${wanted}`).toBeLessThanOrEqual(
          1e-6 * Math.max(1, Math.abs(wanted)),
        );
      else expect(value, `row ${i}, column ${c}`).toEqual(wanted);
    }),
  );
}

test.each(fixture.queries)("$sql", ({ sql, names, ordered, rows }) => {
  const found = ask(sql);

  expect(found.names).toEqual(names);
  same(found.rows, rows, ordered);
});

test.each([
  ["DELETE FROM instances", "SELECT"],
  ['SELECT "row" FROM "instances" JOIN "odd" ON TRUE', "JOIN"],
  ['SELECT nothing("row") FROM "instances"', "nothing"],
  ['SELECT "no such column" FROM "instances"', "no such column"],
  ['SELECT "row" FROM "no such table"', "no such table"],
  ['SELECT "row" FROM "instances"; SELECT 1', "SELECT"],
  ["SELECT 'open", "not closed"],
])("%s is refused by name", (sql, named) => {
  expect(() => ask(sql)).toThrow(Unanswerable);
  expect(() => ask(sql)).toThrow(named);
});
