// Does the order of a table agree with what the database itself calls that order?
import { createRequire } from "node:module";
import { Query, column, count, type ExprNode } from "@uwdata/mosaic-sql";
import { beforeAll, describe, expect, test } from "vitest";
import { beyond, nextOrder, orderBy, readOrder, type Order } from "./table-order";

interface Connection {
  query(sql: string): { toArray(): Record<string, unknown>[] };
}
let connection: Connection;

beforeAll(async () => {
  const require = createRequire(import.meta.url);
  const duckdb = require("@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs");
  const file = (name: string) => require.resolve(`@duckdb/duckdb-wasm/dist/${name}`);
  const bundle = { mainModule: file("duckdb-eh.wasm"), mainWorker: file("duckdb-node-eh.worker.cjs") };
  const database = await duckdb.createDuckDB({ mvp: bundle, eh: bundle }, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
  await database.instantiate(() => undefined);
  connection = database.connect();
  connection.query(`CREATE TABLE instances AS SELECT
    i::INTEGER AS "row",
    CASE WHEN i % 5 = 0 THEN NULL ELSE (i * 7 % 4)::FLOAT / 3 END AS confidence,
    ['Trouser', 'Bag', 'Shirt'][1 + i % 3]::ENUM ('Trouser', 'Bag', 'Shirt') AS label,
    CASE WHEN i % 4 = 1 THEN NULL ELSE TIMESTAMP '2024-01-01' + INTERVAL (i * 3 % 5) DAY END AS taken,
    CASE WHEN i % 6 = 0 THEN 'NaN'::DOUBLE ELSE i % 2 END AS odd
  FROM range(24) t(i)`);
});

const rows = (query: Query) =>
  connection
    .query(String(query))
    .toArray()
    .map((found) => Number(found.row));
const all = (order: Order, reversed = false) =>
  rows(
    Query.from("instances")
      .select({ row: column("row") })
      .orderby(orderBy(order, reversed)),
  );

const ORDERS: [string, Order][] = [
  ["the order of the data", []],
  ["a float with gaps, ascending", [["confidence", "asc"]]],
  ["a float with gaps, descending", [["confidence", "desc"]]],
  ["a category, in the case's order", [["label", "asc"]]],
  ["a time, descending", [["taken", "desc"]]],
  ["numbers among which some are none", [["odd", "asc"]]],
  ["three keys", [["label", "desc"], ["confidence", "asc"], ["taken", "desc"]]], // prettier-ignore
];

describe.each(ORDERS)("%s", (_name, order) => {
  test("what is beyond a row is the rest of the list", () => {
    const listed = all(order);

    for (const [place, row] of listed.entries()) {
      const after = rows(
        Query.from("instances").select({ row: column("row") }).where(beyond(order, row)).orderby(orderBy(order)), // prettier-ignore
      );
      expect(after).toEqual(listed.slice(place + 1));
    }
  });

  test("as many rows are before a row as its place says", () => {
    const before = (filter: ExprNode) =>
      connection.query(String(Query.from("instances").select({ n: count() }).where(filter))).toArray();

    for (const [place, row] of all(order).entries()) {
      expect(Number(before(beyond(order, row, true))[0].n)).toBe(place);
    }
  });

  test("the reversed order is the list from its end", () => {
    expect(all(order, true)).toEqual(all(order).reverse());
  });
});

test("rows without a value stand last in either direction", () => {
  const gaps = [0, 5, 10, 15, 20];

  expect(all([["confidence", "asc"]]).slice(-5)).toEqual(gaps);
  expect(all([["confidence", "desc"]]).slice(-5)).toEqual(gaps);
});

test("a head sorts ascending, then descending, then not at all", () => {
  const first = nextOrder([], "label", false);
  const second = nextOrder(first, "label", false);

  expect(first).toEqual([["label", "asc"]]);
  expect(second).toEqual([["label", "desc"]]);
  expect(nextOrder(second, "label", false)).toEqual([]);
});

test("with shift a head becomes a further key and keeps its rank while it turns", () => {
  const two = nextOrder([["label", "asc"]], "confidence", true);
  const turned = nextOrder(two, "label", true);

  expect(two).toEqual([["label", "asc"], ["confidence", "asc"]]); // prettier-ignore
  expect(turned).toEqual([["label", "desc"], ["confidence", "asc"]]); // prettier-ignore
});

test("what an address names and the case does not have is left out of the order", () => {
  const known = (name: string) => ["label", "confidence"].includes(name);

  expect(readOrder([["gone", "asc"], ["label", "sideways"], ["label", "desc"], 7], known)).toEqual([["label", "asc"]]);
  expect(readOrder("label", known)).toBeNull();
});
