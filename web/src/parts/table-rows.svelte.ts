// Which rows stand at which places: a window onto all that is shown (or picked), fetched in pages as it is looked at.
import { makeClient, type MosaicClient } from "@uwdata/mosaic-core";
import {
  and,
  cast,
  column,
  count as countRows,
  div,
  eq,
  floor,
  gte,
  InOpNode,
  isNotNull,
  literal,
  Query,
  ScalarSubqueryNode,
  type ExprNode,
  type FilterExpr,
} from "@uwdata/mosaic-sql";
import type { Table } from "@uwdata/flechette";
import type { Case } from "../runtime/case.svelte";
import type { ColumnInfo } from "../runtime/wire";
import { beyond, orderBy, type Order } from "./table-order";

export interface Row {
  row: number;
  picked: boolean;
  /** By column name; null is no value. */
  values: Map<string, unknown>;
}

export interface Counts {
  n: number;
  wrong: number;
  judged: number;
  /** How many of them the search finds; n when nothing is searched. */
  found: number;
}

export interface Asked {
  columns: readonly string[];
  order: Order;
  only: "shown" | "selected";
  search: ExprNode | null;
}

export const PAGE = 128;
const KEPT_PAGES = 40;
const SETTLE = 40;
const QUIET = 250;
/** Beyond it the order is found on `row` and the keys alone, and pages next to known ones start from their edge. */
const LARGE = 200_000;
const BLOCK = 65_536;
const MOST_PICKED = 200_000;

export class TableRows {
  /** All that is shown, and the part of it that is picked. */
  shown = $state.raw<Counts | null>(null);
  picked = $state.raw<Counts | null>(null);
  /** How many rows the list has; null while that is not known. */
  total = $state.raw<number | null>(null);
  failure = $state.raw<string | null>(null);
  /** Which places are in sight. */
  sight = $state.raw<[number, number]>([0, 0]);
  /** Moves whenever rows have arrived. */
  stamp = $state.raw(0);
  #asked: Asked;
  #pages = new Map<number, Row[]>();
  #generation = 0;
  #drawn = -1;
  #wanted: [number, number] = [0, PAGE - 1];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #stopped = false;
  /** Counts that are asked for and not there: those at hand are then of another list. */
  #counting = { shown: 0, picked: 0 };
  #filters: { shown: ExprNode[] | null; picked: ExprNode[] | null } = { shown: null, picked: null };
  #clients: MosaicClient[];
  /** Asks for pages, so that fetching them touches no pre-aggregate and the host knows when all is drawn. */
  #pager: MosaicClient;
  #arrived: Table | null = null;
  #blocks: Promise<Map<number, number>> | null = null;

  constructor(
    readonly study: Case,
    asked: Asked,
  ) {
    this.#asked = asked;
    this.#pager = makeClient({
      coordinator: study.coordinator,
      query: () => null,
      queryResult: (data) => (this.#arrived = data as Table),
    });
    this.#clients = [this.#count("shown"), this.#count("picked"), this.#pager];
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const client of this.#clients) client.destroy();
  }

  /** What is asked for has changed: other columns, another order, another part, other words searched. */
  ask(asked: Asked): void {
    const before = this.#asked;
    this.#asked = asked;
    if (String(before.search ?? "") !== String(asked.search ?? "")) {
      for (const [name, client] of [["shown", this.#clients[0]] as const, ["picked", this.#clients[1]] as const]) {
        const filter = this.#filters[name];
        if (filter) void this.study.coordinator.updateClient(client, this.#named(this.#countQuery(filter)));
      }
    }
    this.#again();
  }

  /** The row at a place, if it has arrived; reading it follows its arrival. */
  at(index: number): Row | undefined {
    void this.stamp;
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Places that are looked at; what is missing is fetched when the looking settles. */
  want(first: number, last: number): void {
    this.#wanted = [Math.max(0, first), Math.max(first, last)];
    this.sight = this.#wanted;
    this.#later(this.#drawn === this.#generation ? SETTLE : 0);
  }

  /** The rows at places `first` to `last`, in order. */
  async range(first: number, last: number): Promise<number[]> {
    const [from, to] = [Math.max(0, Math.min(first, last)), Math.max(first, last)];
    const known = Array.from({ length: Math.min(to - from + 1, MOST_PICKED + 1) }, (_, i) => this.at(from + i)?.row);
    if (known.every((row) => row !== undefined)) return known;
    if (to - from + 1 > MOST_PICKED) {
      throw new Error(
        `At most ${MOST_PICKED.toLocaleString("en-US")} rows can be picked one by one. Use a filter or brush a column's head for more.`,
      );
    }
    const table = await this.#query(
      Query.from("instances")
        .select({ row: column("row") })
        .where(this.#where())
        .orderby(orderBy(this.#asked.order))
        .limit(to - from + 1)
        .offset(from),
    );
    return Array.from(table.getChild("row").toArray() as ArrayLike<number>, Number);
  }

  /** The place of a row in the present order; null when it is not in the list. */
  async place(row: number): Promise<number | null> {
    const before = and(...this.#where(), beyond(this.#asked.order, row, true));
    const here = and(...this.#where(), eq(column("row"), literal(row)));
    const [there, first] = await Promise.all(
      [here, before].map(async (filter) => {
        const table = await this.#query(Query.from("instances").select({ n: countRows() }).where(filter));
        return Number(table.getChild("n").at(0));
      }),
    );
    return there ? first : null;
  }

  /** The row with an id, or failing that the row with that number. */
  async named(text: string): Promise<number | null> {
    const byId = Query.from("instances")
      .select({ row: column("row") })
      .where(eq(cast(column("id"), "VARCHAR"), literal(text)))
      .limit(1);
    const table = await this.#query(byId);
    if (table.numRows) return Number(table.getChild("row").at(0));
    return /^\d{1,9}$/.test(text) ? Number(text) : null;
  }

  #count(which: "shown" | "picked"): MosaicClient {
    return makeClient({
      coordinator: this.study.coordinator,
      selection: this.study.picks[which],
      filterStable: false, // so that `query` is asked at every change: it also tells which rows are in the list
      query: ((filter: FilterExpr) => {
        this.#filters[which] = listed(filter);
        this.#again();
        return this.#named(this.#countQuery(this.#filters[which]));
      }) as never,
      queryPending: () => (this.#counting[which] += 1),
      queryResult: (data) => {
        this.#counting[which] -= 1;
        const table = data as Table;
        const of = (name: string) => Number(table.getChild(name).at(0));
        const judged = this.study.column("correct") !== undefined;
        const found = { n: of("n"), found: of("found"), wrong: judged ? of("wrong") : 0, judged: judged ? of("judged") : 0 };
        this[which] = found;
        this.failure = null;
        if (found.found === 0) this.#settleEmpty();
        else if (this.#drawn !== this.#generation) this.#later(0);
      },
      queryError: (error) => {
        this.#counting[which] -= 1;
        this.failure = error.message;
      },
    });
  }

  #countQuery(filter: ExprNode[]): Query {
    const select: Record<string, ExprNode> = { n: countRows() };
    select.found = this.#asked.search ? countRows().where(this.#asked.search) : countRows();
    if (this.study.column("correct")) {
      select.wrong = countRows().where(eq(column("correct"), literal(false)));
      select.judged = countRows().where(isNotNull(column("correct")));
    }
    return Query.from("instances").select(select).where(filter);
  }

  get #counts(): Counts | null {
    return this.#asked.only === "selected" ? (this.study.picks.any ? this.picked : NOTHING) : this.shown;
  }

  /** The conditions of the list, without the paging. */
  #where(): ExprNode[] {
    const { only, search } = this.#asked;
    const filter = (only === "selected" ? this.#filters.picked : this.#filters.shown) ?? [];
    return search ? [...filter, search] : filter;
  }

  #again(): void {
    this.#generation += 1;
    this.#blocks = null;
    this.#later(0);
  }

  #later(wait: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    if (wait === 0) queueMicrotask(() => void this.#fetch());
    else this.#timer = setTimeout(() => void this.#fetch(), wait);
  }

  #settleEmpty(): void {
    if (this.#counts?.found !== 0) return;
    this.#pages.clear();
    this.#drawn = this.#generation;
    this.total = 0;
    this.stamp += 1;
  }

  async #fetch(ahead = false): Promise<void> {
    if (this.#busy || this.#stopped || !this.#filters.shown || !this.#filters.picked) return;
    if (this.#asked.only === "selected" && !this.study.picks.any) return this.#settleEmpty();
    this.#busy = true;
    try {
      for (let rounds = 0; rounds < 64 && !this.#stopped; rounds += 1) {
        const generation = this.#generation;
        const counts = this.#counts;
        // the counts come first and start this again; in a large list, places are reckoned from them
        const counting = this.#counting[this.#asked.only === "selected" ? "picked" : "shown"];
        if (counts === null || (counts.found > LARGE && counting)) break;
        const missing = this.#missing(counts.found, ahead);
        if (missing === null) break;
        await this.#load(missing, counts.found, generation);
      }
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    } finally {
      this.#busy = false;
    }
    if (!ahead && !this.#stopped && this.failure === null) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#fetch(true), QUIET);
    }
  }

  /** The next page to fetch: those in sight first, and when all is quiet one either side of them. */
  #missing(n: number, ahead: boolean): number | null {
    if (n === 0) return null;
    const stale = this.#drawn !== this.#generation;
    const last = Math.ceil(n / PAGE) - 1;
    const [from, to] = this.#wanted.map((index) => Math.min(last, Math.floor(index / PAGE)));
    if (stale) return from;
    for (let page = from; page <= to; page += 1) if (!this.#pages.has(page)) return page;
    if (!ahead) return null;
    return [to + 1, from - 1].find((page) => page >= 0 && page <= last && !this.#pages.has(page)) ?? null;
  }

  async #load(page: number, n: number, generation: number): Promise<void> {
    const { columns } = this.#asked;
    const { query, reversed } = await this.#pageQuery(page, n);
    const answer: unknown = await this.study.coordinator.updateClient(this.#pager, this.#named(query));
    if (answer instanceof Error) throw answer;
    const table = this.#arrived as Table;
    if (generation !== this.#generation || this.#stopped) return;
    const rows = readRows(table, columns);
    if (this.#drawn !== generation) this.#pages.clear();
    this.#drawn = generation;
    this.total = this.#counts?.found ?? n;
    this.failure = null;
    this.#pages.set(page, reversed ? rows.reverse() : rows);
    for (const old of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break;
      if (Math.abs(old - page) > 4) this.#pages.delete(old);
    }
    this.stamp += 1;
  }

  #query(query: Query): Promise<Table> {
    return this.study.coordinator.query(this.#named(query)) as unknown as Promise<Table>;
  }

  /** With the columns of another model, where the list is shown for that; what the filters name stays. */
  #named(query: Query): Query {
    const { rename } = this.study;
    return rename ? rename(query, [this.#filters.shown, this.#filters.picked]) : query;
  }

  /**
   * The query of one page. Small lists skip to it. In large ones only the order's own columns are sorted, and a page is
   * found from the page before it; failing that from the count of rows in blocks, or from the nearer end of the list.
   */
  async #pageQuery(page: number, n: number): Promise<{ query: Query; reversed: boolean }> {
    const { columns, order } = this.#asked;
    const start = page * PAGE;
    const select: Record<string, ExprNode> = { "~row": column("row"), "~picked": this.#pickedFlag() };
    columns.forEach((name, i) => (select[`~${i}`] = readable(this.study.column(name), name)));
    const from = Query.from("instances").select(select);
    const where = this.#where();
    if (n <= LARGE) {
      return { query: from.where(where).orderby(orderBy(order)).limit(PAGE).offset(start), reversed: false };
    }
    const edge = this.#drawn === this.#generation ? this.#pages.get(page - 1)?.at(-1)?.row : undefined;
    const reversed = edge === undefined && order.length > 0 && start > n / 2;
    const only = Query.from("instances")
      .select({ row: column("row") })
      .orderby(orderBy(order, reversed));
    if (edge !== undefined) {
      only.where([...where, beyond(order, edge)]).limit(PAGE);
    } else if (order.length === 0) {
      const { row, skip } = await this.#block(where, start);
      only
        .where([...where, gte(column("row"), literal(row))])
        .limit(PAGE)
        .offset(skip);
    } else if (reversed) {
      const end = Math.min(n, start + PAGE);
      only
        .where(where)
        .limit(end - start)
        .offset(n - end);
    } else {
      only.where(where).limit(PAGE).offset(start);
    }
    const query = from.where(new InOpNode(column("row"), new ScalarSubqueryNode(only))).orderby(orderBy(order, reversed));
    return { query, reversed };
  }

  /** Where to start in the order of rows: the block of rows that holds a place, and how many of it to skip. */
  async #block(where: ExprNode[], start: number): Promise<{ row: number; skip: number }> {
    this.#blocks ??= this.#query(
      Query.from("instances")
        .select({ block: cast(floor(div(column("row"), literal(BLOCK))), "INTEGER"), n: countRows() })
        .where(where)
        .groupby("block"),
    ).then((table) => {
      const [block, n] = [table.getChild("block"), table.getChild("n")];
      return new Map(Array.from({ length: table.numRows }, (_, i) => [Number(block.at(i)), Number(n.at(i))]));
    });
    let skip = start;
    for (const [block, n] of [...(await this.#blocks)].sort((a, b) => a[0] - b[0])) {
      if (skip < n) return { row: block * BLOCK, skip };
      skip -= n;
    }
    return { row: 0, skip: start };
  }

  #pickedFlag(): ExprNode {
    if (!this.study.picks.any) return literal(false);
    if (this.#asked.only === "selected") return literal(true);
    const filter = this.#filters.picked ?? [];
    return filter.length ? and(...filter) : literal(true);
  }
}

const NOTHING: Counts = { n: 0, wrong: 0, judged: 0, found: 0 };

/** A selection's predicate as a list of conditions. */
function listed(filter: FilterExpr | undefined): ExprNode[] {
  return ([filter].flat(3) as (ExprNode | null | undefined)[]).filter((term): term is ExprNode => term != null);
}

/** Ids, times and whole numbers beyond 2^53 are read as text, so that no digit is lost on the way. */
function readable(info: ColumnInfo | undefined, name: string): ExprNode {
  const large = (value: unknown) =>
    typeof value === "string" || (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER);
  const asText = info?.type === "time" || name === "id" || (info?.type === "integer" && (large(info.min) || large(info.max)));
  return asText ? cast(column(name), "VARCHAR") : column(name);
}

function readRows(table: Table, columns: readonly string[]): Row[] {
  const [row, picked] = [table.getChild("~row"), table.getChild("~picked")];
  const given = columns.map((_, i) => table.getChild(`~${i}`));
  return Array.from({ length: table.numRows }, (_, i) => ({
    row: Number(row.at(i)),
    picked: Boolean(picked.at(i)),
    values: new Map(columns.map((name, c) => [name, plain(given[c].at(i))])),
  }));
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value !== null && typeof value === "object" && Symbol.iterator in value)
    return Array.from(value as Iterable<unknown>, plain);
  return value;
}
