// Does a long list that is scrolled to its end stand at the right places once another filter has made it shorter?
import { Coordinator } from "@uwdata/mosaic-core";
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { expect, test } from "vitest";
import { Picks } from "../runtime/selection.svelte";
import { PAGE, TableRows } from "./table-rows.svelte";

const arrived = () => new Promise((resolve) => setTimeout(resolve, 5));
const counted = (n: number) => tableToIPC(tableFromArrays({ n: [n], found: [n] }), {})!;
const page = (rows: number[]) => tableToIPC(tableFromArrays({ "~row": rows, "~picked": rows.map(() => false), "~0": rows }), {})!;

test("pages from the end of a changed list are reckoned from its own count", async () => {
  const asked: [sql: string, answer: (bytes: Uint8Array) => void][] = [];
  const connector = { query: ({ sql }: { sql: string }) => new Promise((resolve) => asked.push([sql, resolve])) };
  const picks = new Picks(() => ({ columns: new Map([["age", { kind: "number" }]]) as never, subsets: new Map() }));
  const coordinator = new Coordinator(connector as never, { logger: null, consolidate: false, preagg: { enabled: false } });
  const study = { coordinator, picks, column: () => undefined };
  const rows = new TableRows(study as never, { columns: ["age"], order: [["age", "asc"]], only: "shown", search: null });
  const counts = () => asked.filter(([sql]) => sql.includes('AS "found"'));
  const pages = () => asked.filter(([sql]) => sql.includes('"~row"'));
  const answerCounts = async (n: number) => {
    counts().at(-1)![1](counted(n));
    await arrived();
  };
  await arrived();
  const many = 2_344 * PAGE;
  rows.want(many - PAGE, many - 1);
  await answerCounts(many);
  pages().at(-1)![1](page(Array.from({ length: PAGE }, (_, i) => i)));
  await arrived();
  expect(rows.total).toBe(many);

  const before = pages().length;
  picks.setFilter({ tree: { op: "compare", column: "age", is: ">", value: 4 } as never, text: "age > 4" });
  await arrived();
  expect([counts().length, pages().length]).toEqual([2, before]); // nothing is reckoned from the old count
  await answerCounts(250_000);
  const [sql, answer] = pages().at(-1)!;
  expect(sql).toMatch(/LIMIT 16 OFFSET 0/); // 250,000 = 1,953 pages of 128, and 16 rows
  answer(page([2, 1, 0]));
  await arrived();
  expect(rows.total).toBe(250_000);
  rows.stop();
});
