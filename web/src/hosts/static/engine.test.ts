// Does a page answer before DuckDB has started, and does DuckDB then know all that happened meanwhile?
import { tableFromIPC } from "@uwdata/flechette";
import { beforeEach, expect, test, vi } from "vitest";
import { PageEngine, type Engine } from "./engine";
import type { Table } from "./sql/select";
import { vector } from "./sql/vectors";

const rows = (...values: number[]): Table => ({
  columns: new Map([["row", vector("integer", Float64Array.from(values))]]),
  n: values.length,
});
const ALL = 'SELECT "row" FROM "instances"';
const UNKNOWN = 'SELECT median_absolute("row") FROM "instances"';
const read = (bytes: Uint8Array): number[] => [...tableFromIPC(bytes).getChildAt(0)].map(Number);

/** A DuckDB that writes down what it is told; each step takes a while. */
class Told implements Engine {
  readonly told: string[] = [];
  readonly tables = new Map<string, number>();
  async query(sql: string) {
    this.told.push(sql);
    return new Uint8Array([7]);
  }
  async put(name: string, table: Table) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    this.tables.set(name, table.n);
  }
  async drop(name: string) {
    this.tables.delete(name);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});

async function started(start: () => Promise<Engine>): Promise<PageEngine> {
  const engine = new PageEngine(start);
  await engine.put("instances", rows(4, 5, 6));
  return engine;
}

test("typed arrays answer at once, and DuckDB starts when the queries rest", async () => {
  const duckdb = new Told();
  const start = vi.fn(() => Promise.resolve(duckdb));
  const engine = await started(start);
  for (let i = 0; i < 3; i++) {
    expect(read(await engine.query(ALL))).toEqual([4, 5, 6]);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect([start.mock.calls.length, engine.name]).toEqual([0, "small"]);
  await vi.advanceTimersByTimeAsync(1000);
  expect([start.mock.calls.length, engine.name]).toEqual([1, "duckdb"]);
  expect([...(await engine.query(ALL))]).toEqual([7]);
});

test("what is put and dropped while it starts reaches it", async () => {
  const duckdb = new Told();
  const engine = await started(() => new Promise((resolve) => setTimeout(() => resolve(duckdb), 500)));
  await engine.put("pick_1", rows(1));
  const begun = engine.begin();
  await engine.put("pick_2", rows(1, 2));
  await vi.advanceTimersByTimeAsync(520); // the instances are on their way to it
  await engine.put("instances", rows(1, 2, 3, 4));
  await engine.put("pick_3", rows(1, 2, 3));
  await engine.drop("pick_1");
  await vi.advanceTimersByTimeAsync(1000);
  await begun;
  expect(Object.fromEntries(duckdb.tables)).toEqual({ instances: 4, pick_2: 2, pick_3: 3 });
  await Promise.all([engine.put("pick_4", rows()), vi.advanceTimersByTimeAsync(100)]);
  expect(duckdb.tables.get("pick_4")).toBe(0);
});

test("a question that typed arrays do not know waits for it, or is refused where the page has none", async () => {
  const duckdb = new Told();
  const engine = await started(() => Promise.resolve(duckdb));
  const answer = engine.query(UNKNOWN);
  await vi.advanceTimersByTimeAsync(100);
  expect([...(await answer)]).toEqual([7]);
  expect(duckdb.told).toEqual([UNKNOWN]);

  const small = new PageEngine(null);
  await small.put("instances", rows(1));
  await expect(small.query(UNKNOWN)).rejects.toThrow(/median_absolute.*Export the page with engine="duckdb"/);
});

test("where it cannot start, typed arrays go on answering", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const engine = await started(() => Promise.reject(new Error("no WebAssembly here")));
  await engine.query(ALL);
  await vi.advanceTimersByTimeAsync(1000);
  expect(warned.mock.calls.join()).toContain("no WebAssembly here");
  expect(read(await engine.query(ALL))).toEqual([4, 5, 6]);
  await expect(engine.query(UNKNOWN)).rejects.toThrow("no WebAssembly here");
});
