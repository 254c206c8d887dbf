// Who answers the page's queries? The small engine over typed arrays, at once; DuckDB once it has started, where the page has it.
import { HostError } from "../../runtime/host";
import { writeAnswer } from "./arrow";
import { parse } from "./sql/parse";
import { answer, type Table } from "./sql/select";
import { Unanswerable } from "./sql/tokens";

/** Milliseconds without a query after which DuckDB is started. */
const REST = 150;

export interface Engine {
  /** An Arrow IPC stream. */
  query(sql: string): Promise<Uint8Array>;
  /** Put a table, or put another in its place. */
  put(name: string, table: Table): Promise<void>;
  drop(name: string): Promise<void>;
}

/**
 * The engine of a page. DuckDB needs seconds to start, so it starts when the first picture has its answers; until then typed
 * arrays answer. Both are held to the same answers by one conformance suite.
 */
export class PageEngine implements Engine {
  readonly #tables = new Map<string, Table>();
  #duckdb: Engine | null = null;
  #starting: Promise<Engine> | null = null;
  /** Tables that DuckDB does not have as they are now. */
  readonly #behind = new Set<string>();
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** @param start starts DuckDB with no table but the instances as they were exported; null where it is not in the page. */
  constructor(readonly start: (() => Promise<Engine>) | null) {}

  /** Which of the two answers. */
  get name(): "small" | "duckdb" {
    return this.#duckdb ? "duckdb" : "small";
  }

  /** Start DuckDB, if it is in the page, and give it all tables; from then on it answers. While it fails, typed arrays go on. */
  begin(): Promise<Engine> {
    clearTimeout(this.#rest);
    return (this.#starting ??= this.#begin());
  }

  async query(sql: string): Promise<Uint8Array> {
    if (this.#duckdb) return this.#duckdb.query(sql);
    try {
      const found = writeAnswer(answer(parse(sql), (name) => this.#tables.get(name)));
      this.#beginAtRest();
      return found;
    } catch (error) {
      if (!(error instanceof Unanswerable)) throw error;
      if (this.start) return (await this.begin()).query(sql);
      throw new HostError(`${error.message}. Export the page with engine="duckdb" to have it answered.`);
    }
  }

  async put(name: string, table: Table): Promise<void> {
    this.#tables.set(name, table);
    if (this.#duckdb) await this.#duckdb.put(name, table);
    else this.#behind.add(name);
  }

  async drop(name: string): Promise<void> {
    this.#tables.delete(name);
    if (this.#duckdb) await this.#duckdb.drop(name);
    else this.#behind.add(name);
  }

  #beginAtRest(): void {
    if (!this.start || this.#starting) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.begin().catch((error: unknown) => console.warn(`DuckDB could not be started: ${String(error)}`));
    }, REST);
  }

  async #begin(): Promise<Engine> {
    if (!this.start) throw new HostError('DuckDB is not in this page: export it with engine="duckdb"');
    const engine = await this.start();
    for (const name of this.#behind) {
      this.#behind.delete(name); // what is put meanwhile comes again at the end
      const table = this.#tables.get(name);
      await (table ? engine.put(name, table) : engine.drop(name));
    }
    return (this.#duckdb = engine);
  }
}
