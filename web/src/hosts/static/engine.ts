// Who answers the page's queries? The small engine over typed arrays; what it does not know goes to DuckDB where that is in the page.
import { HostError } from "../../runtime/host";
import { writeAnswer } from "./arrow";
import { parse } from "./sql/parse";
import { answer, type Table } from "./sql/select";
import { Unanswerable } from "./sql/tokens";

export interface Engine {
  readonly name: "small" | "duckdb";
  /** An Arrow IPC stream. */
  query(sql: string): Promise<Uint8Array>;
  /** Put a table, or put another in its place. */
  put(name: string, table: Table): Promise<void>;
  drop(name: string): Promise<void>;
}

/** Answers over typed arrays. */
export class SmallEngine implements Engine {
  readonly name = "small";
  #tables = new Map<string, Table>();
  constructor(readonly fallback: (() => Promise<Engine | null>) | null = null) {}

  async query(sql: string): Promise<Uint8Array> {
    try {
      return writeAnswer(answer(parse(sql), (name) => this.#tables.get(name)));
    } catch (error) {
      if (!(error instanceof Unanswerable)) throw error;
      const other = await this.fallback?.();
      if (other) return other.query(sql);
      throw new HostError(`${error.message}. Export the page with engine="duckdb" to have it answered.`);
    }
  }

  put(name: string, table: Table): Promise<void> {
    this.#tables.set(name, table);
    return Promise.resolve();
  }

  drop(name: string): Promise<void> {
    this.#tables.delete(name);
    return Promise.resolve();
  }
}
