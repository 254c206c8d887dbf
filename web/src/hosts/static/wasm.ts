// DuckDB in the page: its engine and worker are in the file, nothing is fetched.
import { AsyncDuckDB, VoidLogger, type AsyncDuckDBConnection } from "@duckdb/duckdb-wasm";
import { Queue } from "../../runtime/turns";
import type { ColumnInfo } from "../../runtime/wire";
import { writeAnswer } from "./arrow";
import { block } from "./blocks";
import type { Engine } from "./engine";
import type { Table } from "./sql/select";

const ADDRESS = "https://inline.invalid/engine.wasm";
/** A worker made of a Blob may not fetch even a blob: the bytes are posted to it, and its `fetch` gives them. */
const SHIM = `
let given; const waiting = new Promise((resolve) => (given = resolve));
self.addEventListener("message", (event) => {
  if (event.data && event.data.underglass === "engine") { event.stopImmediatePropagation(); given(event.data.bytes); }
});
self.fetch = async (address) => {
  if (String(address.url ?? address) !== "${ADDRESS}") throw new TypeError("an exported page asks no network");
  return new Response(await waiting, { headers: { "Content-Type": "application/wasm" } });
};
`;

/** Start the engine and load the instances, given as Arrow and as the table that was read from it. */
export async function openWasm(instances: Uint8Array, columns: readonly ColumnInfo[], table: Table): Promise<Engine> {
  const [engine, worker] = await Promise.all([block("engine"), block("worker")]);
  if (!engine || !worker) throw new Error('DuckDB is not in this page: export it with engine="duckdb"');
  const address = URL.createObjectURL(new Blob([SHIM, worker], { type: "text/javascript" }));
  const running = new Worker(address);
  running.postMessage({ underglass: "engine", bytes: engine.buffer }, [engine.buffer]);
  const database = new AsyncDuckDB(new VoidLogger(), running);
  await database.instantiate(ADDRESS);
  URL.revokeObjectURL(address);
  const connection = await database.connect();
  const made = new WasmEngine(connection, columns, table);
  await made.load(instances);
  return made;
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

class WasmEngine implements Engine {
  #before: Table;
  /** One after the other: each takes several steps through a table of one name. */
  readonly #changes = new Queue();
  constructor(
    readonly connection: AsyncDuckDBConnection,
    readonly columns: readonly ColumnInfo[],
    table: Table,
  ) {
    this.#before = table;
  }

  /** The instances as the server's table: categories are of an ENUM, in their own order. */
  async load(instances: Uint8Array): Promise<void> {
    for (const [i, { categories }] of this.columns.entries())
      if (categories) await this.connection.query(`CREATE TYPE category_${i} AS ENUM (${categories.map(text).join(", ")})`);
    await this.connection.insertArrowFromIPCStream(instances.slice(), { name: "loaded", create: true });
    await this.connection.query(`CREATE TABLE instances AS SELECT ${this.#casted("loaded")} FROM loaded`);
    await this.connection.query("DROP TABLE loaded");
    for (const setting of ["enable_external_access=false", "lock_configuration=true"])
      await this.connection.query(`SET ${setting}`);
  }

  #casted(table: string): string {
    return this.columns
      .map(({ name, categories }, i) => {
        const column = `${table}.${quoted(name)}`;
        return `${categories ? `CAST(${column} AS category_${i})` : column} AS ${quoted(name)}`;
      })
      .join(", ");
  }

  async query(sql: string): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    const id = (this.connection as unknown as { _conn: number })._conn;
    const bindings = (this.connection as unknown as { _bindings: { runQuery(id: number, sql: string): Promise<Uint8Array> } })
      ._bindings;
    parts.push(await bindings.runQuery(id, sql));
    return parts[0];
  }

  put(name: string, table: Table): Promise<void> {
    return this.#changes.do(() => (name === "instances" ? this.#edit(table) : this.#add(name, table)));
  }

  async #add(name: string, table: Table): Promise<void> {
    const bytes = writeAnswer({ names: ["row"], columns: [table.columns.get("row")!], n: table.n });
    await this.connection.query(`CREATE TABLE ${quoted(name)} ("row" INTEGER)`);
    if (!table.n) return;
    await this.connection.insertArrowFromIPCStream(bytes, { name: "arriving", create: true });
    await this.connection.query(`INSERT INTO ${quoted(name)} SELECT "row" FROM arriving`);
    await this.connection.query("DROP TABLE arriving");
  }

  drop(name: string): Promise<void> {
    return this.#changes.do(async () => void (await this.connection.query(`DROP TABLE IF EXISTS ${quoted(name)}`)));
  }

  /** Put the columns that an edit changed in place of the old ones; the rows stay in their order. */
  async #edit(table: Table): Promise<void> {
    const changed = [...table.columns].filter(([name, one]) => this.#before.columns.get(name) !== one && EDITABLE.test(name));
    if (!changed.length || !table.n) return;
    const names = changed.map(([name]) => name);
    const row = table.columns.get("row")!;
    const bytes = writeAnswer({ names: ["row", ...names], columns: [row, ...changed.map(([, one]) => one)], n: table.n });
    await this.connection.insertArrowFromIPCStream(bytes, { name: "arriving", create: true });
    const replaced = this.columns.flatMap(({ name, categories, type }, i) => {
      if (!names.includes(name)) return [];
      const column = `arriving.${quoted(name)}`;
      const value = categories ? `CAST(${column} AS category_${i})` : type === "list" ? `CAST(${column} AS VARCHAR[])` : column;
      return [`${value} AS ${quoted(name)}`];
    });
    await this.connection.query(
      `CREATE OR REPLACE TABLE instances AS SELECT instances.* REPLACE (${replaced.join(", ")}) ` +
        `FROM instances JOIN arriving ON instances."row" = arriving."row" ORDER BY instances."row"`,
    );
    await this.connection.query("DROP TABLE arriving");
    this.#before = table;
  }
}

/** Columns that edits change; others are the same in every version of the table. */
const EDITABLE = /^(label|tags|note|excluded|confirmed|flagged|correct(@.*)?)$/;
