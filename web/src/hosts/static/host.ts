// The exported page's host: everything from what the page holds, no server and no network.
import { column, Query } from "@uwdata/mosaic-sql";
import type { Connector } from "@uwdata/mosaic-core";
import { columnTypes, toExpression, subsetsNamed, toText, type Tree } from "../../runtime/filter";
import { HostError, type Host, type Link } from "../../runtime/host";
import { Queue } from "../../runtime/turns";
import type { CaseInfo, EditAnswer, EditInfo, EditRequest, InstanceDetail, ServerEvent, SubsetInfo } from "../../runtime/wire";
import { Answers } from "./answers";
import { readTable } from "./arrow";
import { block, run } from "./blocks";
import { Details } from "./details";
import { PageEdits, summary, type PageEdit, type Standing } from "./edits";
import { PageEngine, type Engine } from "./engine";
import * as journal from "./journal";
import { rowsInside } from "./lasso";
import type { Head } from "./payload";
import { Pictures } from "./pictures";
import { Recordings } from "./recordings";
import type { Table } from "./sql/select";
import { plain, vector } from "./sql/vectors";

const REASON =
  "This page was exported: it holds results, not the Python that makes them. Open the case with underglass to do this.";
/** Views whose answers do not rest on instances and labels: pages, and what is of the model alone. */
const APART = ["pages", "architecture", "figure"];
const BEFORE =
  "This was counted before the edits made in this page. Undo them here, or apply them to the case with underglass and export it again.";
const UNNAMED = "exported page";
const MOST_PICKS = 256;

export class PageHost implements Host {
  readonly can = { compute: false, reason: REASON } as const;
  readonly connector: Connector;
  readonly pictures: Pictures;
  readonly #recordings: Recordings | null;
  #info: CaseInfo;
  #subsets: (SubsetInfo & { tree: Tree | null; rows: number[] | null })[] = [];
  #now: Standing;
  /** One after the other, as the subsets and the engine's tables follow them. */
  readonly #inTurn = new Queue();
  #number = 0;
  #picks = 0;
  #details: Promise<Details | null> | null = null;
  #answers: Promise<Answers> | null = null;

  private constructor(
    readonly head: Head,
    readonly engine: PageEngine,
    readonly edits: PageEdits,
  ) {
    this.#info = head.info;
    this.#now = { table: edits.base, subsets: [] };
    this.pictures = new Pictures(head.media);
    this.#recordings = head.recordings ? new Recordings(head.recordings) : null;
    this.connector = {
      query: async ({ type, sql }: { type: string; sql: string }) => {
        if (type === "exec") throw new HostError("an exported page makes no pre-aggregates");
        return this.engine.query(sql);
      },
    } as unknown as Connector;
  }

  static async open(head: Head): Promise<PageHost> {
    const bytes = await block("instances");
    if (!bytes) throw new Error("the instances are missing from this page");
    const categories = new Map(head.info.columns.flatMap((one) => (one.categories ? [[one.name, one.categories] as const] : [])));
    const table = readTable(bytes, categories);
    const start = async (): Promise<Engine> => (await driver())(bytes, head.info.columns, table);
    const engine = new PageEngine(head.engine === "duckdb" ? start : null);
    await engine.put("instances", table);
    const made = new PageHost(head, engine, new PageEdits(head, table));
    await made.#renew(made.edits.edits.length > 0);
    return made;
  }

  /** Somebody else's view or renderer, from its block. */
  readonly module = async (address: string): Promise<Record<string, unknown>> => {
    const bytes = await block(`module-${address.split("/")[1]}`);
    if (!bytes) throw new Error("it was not taken along into this page");
    const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
    try {
      return (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
    } finally {
      URL.revokeObjectURL(url);
    }
  };

  // the case ------------------------------------------------------------------------------------------------------

  caseInfo(author?: string | null): Promise<CaseInfo> {
    const { edits } = this.edits;
    const [last, back] = [edits.at(-1), this.edits.undone.at(-1)];
    return Promise.resolve({
      ...this.#info,
      author: author ?? UNNAMED,
      edits: {
        count: edits.length,
        sequence: this.head.sequence + edits.length,
        undo: last ? `Undo: ${summary(last)}` : null,
        redo: back ? `Redo: ${summary(back)}` : null,
      },
    });
  }

  /** What the card says after an edit. */
  async #renew(moved: boolean): Promise<void> {
    const before = this.#now;
    this.#now = this.edits.standing();
    const { table } = this.#now;
    if (moved && table !== before.table) await this.engine.put("instances", table);
    await this.#renewSubsets();
    const { n } = table;
    const truths = (name: string) => {
      const one = table.columns.get(name);
      let total = 0;
      if (one) for (let row = 0; row < n; row++) if (plain(one, row) === true) total += 1;
      return total;
    };
    const tags = new Map<string, number>();
    const lists = table.columns.get("tags");
    if (lists)
      for (let row = 0; row < n; row++)
        for (const tag of (plain(lists, row) as string[] | null) ?? []) tags.set(tag, (tags.get(tag) ?? 0) + 1);
    this.#info = {
      ...this.head.info,
      excluded: truths("excluded"),
      subsets: this.#subsets.map(({ tree: _tree, rows: _rows, ...one }) => one),
      tags: [...tags].map(([name, count]) => ({ name, count })),
      columns: this.head.info.columns.map((one) => ({ ...one, nulls: missing(table, one.name) ?? one.nulls })),
      version: this.#info.version + (moved ? 1 : 0),
    };
  }

  /** A table for each subset, under a new name where its rows may have changed. */
  async #renewSubsets(): Promise<void> {
    for (const one of this.#subsets) if (one.table) await this.engine.drop(one.table);
    this.#subsets = [];
    for (const { name, kind, filter, rows, author, time } of inOrder(this.#now.subsets)) {
      const made = { name, kind, author, time, tree: filter, rows, table: "", count: 0, problem: null as string | null };
      try {
        const found = kind === "live" ? await this.#rowsWhere(filter!) : rows!;
        made.table = `subset_${++this.#number}`;
        made.count = found.length;
        await this.engine.put(made.table, rowTable(found));
      } catch (error) {
        made.problem = error instanceof Error ? error.message : String(error);
      }
      this.#subsets.push({ ...made, filter: kind === "live" ? toText(filter!) : null });
    }
    const place = new Map(this.#now.subsets.map((one, i) => [one.name, i]));
    this.#subsets.sort((a, b) => place.get(a.name)! - place.get(b.name)!);
  }

  async #rowsOfSubset(one: { kind: string; tree: Tree | null; rows: number[] | null }): Promise<number[]> {
    return one.kind === "live" ? this.#rowsWhere(one.tree!) : one.rows!;
  }

  /** Rows that a filter tree holds. */
  async #rowsWhere(tree: Tree): Promise<number[]> {
    const tables = new Map(this.#subsets.filter((one) => one.table).map((one) => [one.name, one.table]));
    const where = toExpression(tree, columnTypes(this.head.info.columns), tables);
    const sql = String(
      Query.from("instances")
        .select({ row: column("row") })
        .where(where),
    );
    const found = readTable(await this.engine.query(sql));
    return Array.from(found.columns.get("row")!.values as ArrayLike<number>);
  }

  useModel(name: string): Promise<void> {
    if (name === this.head.info.model) return Promise.resolve();
    return Promise.reject(
      new HostError(`This page was exported with the model ${String(this.head.info.model)} active. ${REASON}`),
    );
  }

  // edits ---------------------------------------------------------------------------------------------------------

  edit(request: EditRequest): Promise<EditAnswer> {
    return this.#inTurn.do(() => this.#make(request));
  }

  async #make(request: EditRequest): Promise<EditAnswer> {
    const where = request.where as Tree | null | undefined;
    const isLive = request.op === "subset" && (request.value as { kind?: string } | null)?.kind !== "frozen";
    const rows = request.rows ?? (where && !isLive ? await this.#rowsWhere(where) : null);
    const made = this.edits.make(request, rows, this.#now, request.author ?? UNNAMED);
    this.edits.add(made);
    await this.#renew(true);
    return this.#answer(made, "");
  }

  undo(): Promise<EditAnswer> {
    return this.#inTurn.do(async () => {
      const one = this.edits.undo();
      await this.#renew(true);
      return this.#answer(one, "undid: ");
    });
  }

  redo(): Promise<EditAnswer> {
    return this.#inTurn.do(async () => {
      const one = this.edits.redo();
      await this.#renew(true);
      return this.#answer(one, "redid: ");
    });
  }

  #answer(one: PageEdit, before: string): EditAnswer {
    const text = before + summary(one);
    return {
      version: this.#info.version,
      count: one.rows?.length ?? 1,
      summary: text.charAt(0).toUpperCase() + text.slice(1),
      sequence: this.head.sequence + this.edits.edits.length,
    };
  }

  /** The edits of this page as a file for `underglass apply`; null while there are none. */
  patch(): { name: string; text: string } | null {
    if (!this.edits.edits.length) return null;
    return { name: `${this.head.info.name}-edits.json`, text: this.edits.patch() };
  }

  // questions -----------------------------------------------------------------------------------------------------

  async call<T>(view: string, name: string, args: Record<string, unknown> = {}): Promise<T> {
    const own = await this.#own(view, name, args);
    if (own !== undefined) return own as T;
    const answers = await (this.#answers ??= Answers.read());
    const found = answers.find<T>(view, name, args);
    if (found === undefined) throw new HostError(REASON, 501);
    return this.#fresh(view, name, found);
  }

  /** A kept answer, if the edits made in this page leave it true: results of layers rest on which instances are included alone. */
  #fresh<T>(view: string, name: string, found: T): T {
    const ops = new Set(this.edits.edits.map((one) => one.op));
    const moved = ops.has("exclude") || ops.has("include");
    if (view === "patterns" || view === "projection") {
      const result = found as { changed?: string[] };
      return moved && name === "summary" && result.changed
        ? { ...found, changed: [...result.changed, "instances were excluded in this page"] }
        : found;
    }
    if (!APART.includes(view) && (moved || ops.has("label"))) throw new HostError(BEFORE, 409);
    return found;
  }

  /** What the page answers itself, because edits made in it change the answer. */
  async #own(view: string, name: string, args: Record<string, unknown>): Promise<unknown> {
    if (view === "instances" && name === "excerpts") return this.#excerpts(args.rows as number[]);
    if (view === "instances" && name === "search") return this.#search(String(args.text));
    if (view !== "edits") return undefined;
    const labels = (await this.#detail())?.kept.labels ?? [];
    switch (name) {
      case "standing": {
        const info = await this.caseInfo();
        return { ...journal.standing(this.edits, this.#now, labels), undo: info.edits.undo, redo: info.edits.redo };
      }
      case "journal":
        return { edits: this.edits.infos(), more: false };
      case "pick":
        return this.pick({ rows: journal.rowsOf(this.edits, this.#now, this.head, labels, args.what, args.value) });
      case "table": {
        const rows = args.where
          ? await this.#rowsWhere(args.where as Tree)
          : Array.from({ length: this.#now.table.n }, (_, i) => i);
        return journal.tableFile(this.#now, rows, String(args.format));
      }
      case "patch":
        return new TextEncoder().encode(this.edits.patch()).buffer;
      default:
        return undefined;
    }
  }

  async #excerpts(rows: number[]): Promise<Record<string, string>> {
    const kept = (await this.#detail())?.kept.excerpts;
    return Object.fromEntries(rows.map((row) => [String(row), kept?.[row] ?? ""]));
  }

  async #search(text: string): Promise<{ name: string; count: number }> {
    const words = text.toLowerCase();
    const texts = (await this.#detail())?.kept.text ?? [];
    return this.pick({ rows: texts.flatMap((one, row) => (one?.toLowerCase().includes(words) ? [row] : [])) });
  }

  async pick(
    request: { rows: number[] } | { polygon: [number, number][]; layer: string },
  ): Promise<{ name: string; count: number }> {
    const given = "rows" in request ? request.rows : rowsInside(this.#now.table, request.layer, request.polygon);
    const rows = [...new Set(given)].sort((a, b) => a - b);
    const name = `pick_${++this.#picks}`;
    await this.engine.put(name, rowTable(rows));
    if (this.#picks > MOST_PICKS) await this.engine.drop(`pick_${this.#picks - MOST_PICKS}`);
    return { name, count: rows.length };
  }

  #detail(): Promise<Details | null> {
    return (this.#details ??= Details.read());
  }

  async instance(row: number): Promise<InstanceDetail> {
    const details = await this.#detail();
    if (!details) throw new HostError("what is known of single instances was left out of this page");
    await this.pictures.ready(row);
    const found = details.of(row, this.#now.table);
    const inside: string[] = [];
    for (const one of this.#subsets) if ((await this.#rowsOfSubset(one)).includes(row)) inside.push(one.name);
    return { ...found, subsets: inside, history: this.#history(row) };
  }

  #history(row: number): EditInfo[] {
    const all = this.edits.infos();
    return all.filter((_, i) => this.edits.edits[all.length - 1 - i].rows?.includes(row));
  }

  absent(view: string): string | null {
    return Object.hasOwn(this.head.reasons, view) ? this.head.reasons[view] : null;
  }

  jobs(): Promise<[]> {
    return Promise.resolve([]);
  }

  cancelJob(): Promise<void> {
    return Promise.reject(new HostError(REASON));
  }

  sheet(rows: number[], size: number): Promise<ImageBitmap> {
    return this.pictures.sheet(rows, size);
  }

  imageUrl(row: number): string | Promise<string> {
    return this.#recordings?.url(row) ?? this.pictures.url(row);
  }

  listen(_onEvent: (event: ServerEvent) => void, onLink: (link: Link) => void): () => void {
    onLink("connected");
    return () => undefined;
  }
}

const rowTable = (rows: readonly number[]): Table => ({
  columns: new Map([["row", vector("integer", Float64Array.from(rows))]]),
  n: rows.length,
});

function missing(table: Table, name: string): number | null {
  const one = table.columns.get(name);
  if (!one) return null;
  if (one.valid === null) return 0;
  let total = 0;
  for (const there of one.valid) total += there ? 0 : 1;
  return total;
}

/** Subsets such that each comes after those it rests on. */
function inOrder(subsets: Standing["subsets"]): Standing["subsets"] {
  const done = new Map<string, Standing["subsets"][number]>();
  const add = (one: Standing["subsets"][number], under: Set<string>) => {
    if (done.has(one.name) || under.has(one.name)) return;
    const named = one.filter ? subsetsNamed(one.filter) : new Set<string>();
    for (const other of subsets) if (named.has(other.name)) add(other, new Set([...under, one.name]));
    done.set(one.name, one);
  };
  for (const one of subsets) add(one, new Set());
  return [...done.values()];
}

type OpenWasm = typeof import("./wasm").openWasm;
declare global {
  var underglassDuckDB: OpenWasm | undefined; // eslint-disable-line no-var
}

/** What drives DuckDB: a script of its own, which only pages with the engine carry. */
async function driver(): Promise<OpenWasm> {
  if (!globalThis.underglassDuckDB) {
    const code = await block("driver");
    if (code) run(code);
  }
  if (!globalThis.underglassDuckDB) throw new Error('DuckDB is not in this page: export it with engine="duckdb"');
  return globalThis.underglassDuckDB;
}
