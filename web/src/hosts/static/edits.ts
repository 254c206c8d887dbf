// What has been changed in this page? Edits on top of what was exported, with undo, kept in the browser, saved as a patch.
import { HostError } from "../../runtime/host";
import { subsetsNamed, unknown, type Tree } from "../../runtime/filter";
import { count, plural } from "../../runtime/format";
import type { EditInfo, EditRequest } from "../../runtime/wire";
import type { Head, SubsetDefinition } from "./payload";
import type { Table } from "./sql/select";
import { compareText, plain, vector, type Vector } from "./sql/vectors";

export interface PageEdit {
  time: string;
  author: string;
  op: string;
  rows: number[] | null;
  value: unknown;
  /** Of a label what it was before, row by row. */
  seen: (string | null)[] | null;
  filter: Tree | null;
}

const MARKS: Record<string, string> = { confirm: "confirmed", flag: "flagged", exclude: "excluded" };
const WITH_ROWS = new Set(["label", "confirm", "tag", "untag", "note", "exclude", "include", "flag"]);
const LONGEST_NAME = 200;

/** The instances and subsets after some edits. */
export interface Standing {
  table: Table;
  subsets: SubsetDefinition[];
}

export class PageEdits {
  edits: PageEdit[] = [];
  undone: PageEdit[] = [];

  constructor(
    readonly head: Head,
    readonly base: Table,
  ) {
    this.#restore();
  }

  get #key(): string {
    return `underglass.page.${this.head.data_fingerprint}.${this.head.exported}`;
  }

  #restore(): void {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#key) ?? "[]") as PageEdit[];
      if (Array.isArray(kept)) this.edits = kept;
    } catch {
      this.edits = []; // storage may be refused: the edits then last as long as the page
    }
  }

  #keep(): void {
    try {
      if (this.edits.length) localStorage.setItem(this.#key, JSON.stringify(this.edits));
      else localStorage.removeItem(this.#key);
    } catch {
      // as above; the page says how to save them
    }
  }

  /** A request as an edit; refuses what the case would refuse. */
  make(request: EditRequest, rows: number[] | null, now: Standing, author: string): PageEdit {
    const { op } = request;
    let value: unknown = request.value ?? null;
    const filter = (request.where ?? null) as Tree | null;
    if (op === "subset") return this.#subset(value, filter, request.rows ?? null, rows, author);
    if (op === "drop_subset" || op === "rename_subset") {
      const { name, to } = value as { name: string; to?: string };
      if (!now.subsets.some((one) => one.name === name))
        throw new HostError(
          unknown(
            "subset",
            name,
            now.subsets.map((one) => one.name),
          ),
        );
      if (to !== undefined && now.subsets.some((one) => one.name === to))
        throw new HostError(`there is a subset '${to}' already`);
      const user = now.subsets.find((one) => one.filter && subsetsNamed(one.filter).has(name));
      if (user) throw new HostError(`the subset '${name}' is used by '${user.name}': change or drop that one first`);
      return edit(author, op, null, value, null, null);
    }
    if (!WITH_ROWS.has(op)) throw new HostError(`the edit '${op}' cannot be made in an exported page`);
    if (!rows?.length) throw new HostError("no instances are selected: there is nothing to do");
    if (op === "tag" || op === "untag") value = named("tag", value);
    if (op === "confirm" || op === "flag") value ??= true;
    let seen: (string | null)[] | null = null;
    if (op === "label") {
      const labels = now.table.columns.get("label")!;
      for (const label of Array.isArray(value) ? value : [value]) {
        const names = labels.names ?? [];
        if (label !== null && !names.includes(label as string)) throw new HostError(unknown("label", String(label), [...names]));
      }
      seen = rows.map((row) => plain(labels, row) as string | null);
      const given = Array.isArray(request.seen) ? request.seen : null;
      const changed = given ? rows.filter((_, i) => given[i] !== seen![i]).length : 0;
      if (changed)
        throw new HostError(
          `${count(changed)} of ${count(rows.length)} instances have changed since you looked: look again, then edit`,
        );
    }
    return edit(author, op, rows, value, seen, null);
  }

  #subset(value: unknown, filter: Tree | null, given: number[] | null, rows: number[] | null, author: string): PageEdit {
    const { name, kind = filter ? "live" : "frozen", note = "" } = value as { name?: string; kind?: string; note?: string };
    const definition = { name: named("subset", name), kind, note };
    if (kind === "live") {
      if (!filter) throw new HostError("a live subset needs a filter; give rows for a frozen one");
      if (JSON.stringify(filter).includes('"pick"'))
        throw new HostError("what was picked instance by instance can be kept as a frozen subset only");
      return edit(author, "subset", null, definition, null, filter);
    }
    return edit(author, "subset", given ?? rows ?? [], definition, null, null);
  }

  add(one: PageEdit): void {
    this.edits = [...this.edits, one];
    this.undone = [];
    this.#keep();
  }

  undo(): PageEdit {
    const last = this.edits.at(-1);
    if (!last)
      throw new HostError(
        this.head.sequence
          ? "there is nothing to undo in this page; edits made before the export are undone in the case"
          : "there is nothing to undo",
      );
    this.edits = this.edits.slice(0, -1);
    this.undone = [...this.undone, last];
    this.#keep();
    return last;
  }

  redo(): PageEdit {
    const last = this.undone.at(-1);
    if (!last) throw new HostError("there is nothing to redo");
    this.undone = this.undone.slice(0, -1);
    this.edits = [...this.edits, last];
    this.#keep();
    return last;
  }

  /** What was exported with all edits made upon it. */
  standing(): Standing {
    const columns = new Map(this.base.columns);
    let subsets = this.head.subsets;
    const own = new Map<string, Vector>();
    const writable = (name: string): Vector => {
      const known = own.get(name);
      if (known) return known;
      const fresh = copied(columns.get(name)!, this.base.n);
      own.set(name, fresh);
      columns.set(name, fresh);
      return fresh;
    };
    for (const one of this.edits) {
      if (one.rows && one.op !== "subset") change(one, one.rows, writable);
      else subsets = defined(one, subsets);
    }
    if (own.has("label")) this.#judge(columns);
    return { table: { columns, n: this.base.n }, subsets };
  }

  /** Compare the labels with every model's predictions again. */
  #judge(columns: Map<string, Vector>): void {
    const label = columns.get("label")!;
    for (const [name, prediction] of columns) {
      if (!/^prediction(@|$)/.test(name)) continue;
      const values = new Uint8Array(this.base.n);
      const valid = new Uint8Array(this.base.n);
      for (let i = 0; i < values.length; i++) {
        const [a, b] = [plain(label, i), plain(prediction, i)];
        if (a === null || b === null) continue;
        valid[i] = 1;
        values[i] = a === b ? 1 : 0;
      }
      columns.set(name.replace("prediction", "correct"), vector("boolean", values, valid));
    }
  }

  /** The edits as the text of a patch, which `underglass apply` makes in the case. */
  patch(): string {
    const { head } = this;
    return JSON.stringify(
      {
        kind: "underglass page edits",
        schema: 1,
        underglass: head.underglass,
        case: head.info.name,
        exported: head.exported,
        data_fingerprint: head.data_fingerprint,
        instances: head.instances,
        classes: head.info.classes,
        sequence: head.sequence,
        edits: this.edits.map((one) => ({
          ...one,
          rows: head.rows && one.rows ? one.rows.map((row) => head.rows![row]) : one.rows,
        })),
      },
      null,
      1,
    );
  }

  /** The edits in words, newest first. */
  infos(): EditInfo[] {
    return this.edits
      .map((one, i) => ({
        sequence: this.head.sequence + i + 1,
        time: one.time,
        author: one.author,
        op: one.op,
        summary: summary(one),
        count: one.rows?.length ?? 1,
        undoes: null,
        undone: false,
      }))
      .reverse();
  }
}

function edit(
  author: string,
  op: string,
  rows: number[] | null,
  value: unknown,
  seen: PageEdit["seen"],
  filter: Tree | null,
): PageEdit {
  const sorted = rows && !Array.isArray(value) && !seen ? [...new Set(rows)].sort((a, b) => a - b) : rows;
  return { time: new Date().toISOString().replace("Z", "+00:00"), author, op, rows: sorted, value, seen, filter };
}

function named(kind: string, given: unknown): string {
  const name = typeof given === "string" ? given.trim() : "";
  if (!name) throw new HostError(`a ${kind} needs a name`);
  if (name.length > LONGEST_NAME)
    throw new HostError(`the ${kind}'s name has ${name.length} characters; at most ${LONGEST_NAME} are kept`);
  return name;
}

function copied(one: Vector, n: number): Vector {
  const values = ArrayBuffer.isView(one.values)
    ? (one.values as Float64Array).slice()
    : one.constant
      ? new Array(n).fill(one.values[0])
      : Array.from(one.values);
  return { ...one, values, valid: one.valid?.slice() ?? new Uint8Array(n).fill(1), constant: false };
}

function change(one: PageEdit, rows: number[], column: (name: string) => Vector): void {
  const put = (name: string, write: (old: unknown, i: number) => unknown) => {
    const found = column(name);
    const values = found.values as unknown[];
    rows.forEach((row, i) => {
      const value = write(found.valid![row] ? values[row] : null, i);
      found.valid![row] = value === null ? 0 : 1;
      if (value !== null) values[row] = value;
    });
  };
  const { op, value } = one;
  if (op === "label") {
    const { names } = column("label");
    const code = (label: unknown) => (label === null ? null : names!.indexOf(label as string));
    put("label", (_, i) => code(Array.isArray(value) ? value[i] : value));
  } else if (op === "tag") {
    put("tags", (old) => [...new Set([...((old as string[] | null) ?? []), value as string])].sort(compareText));
  } else if (op === "untag") put("tags", (old) => ((old as string[] | null) ?? []).filter((tag) => tag !== value));
  else if (op === "note") put("note", () => (value ? (value as string) : null));
  else if (op === "include") put("excluded", () => 0);
  else put(MARKS[op], () => (value === false ? 0 : 1));
}

function defined(one: PageEdit, subsets: SubsetDefinition[]): SubsetDefinition[] {
  const { name, to, kind, note } = one.value as { name: string; to?: string; kind: "live" | "frozen"; note: string };
  if (one.op === "drop_subset") return subsets.filter((other) => other.name !== name);
  if (one.op === "rename_subset") return subsets.map((other) => (other.name === name ? { ...other, name: to! } : other));
  const made = { name, kind, filter: one.filter, rows: one.rows, note, author: one.author, time: one.time };
  return [...subsets.filter((other) => other.name !== name), made];
}

/** An edit in words, as the case's journal says it. */
export function summary({ op, rows, value }: PageEdit): string {
  const things = plural(rows?.length ?? 0, "instance");
  const quoted = (text: unknown) => `'${String(text)}'`;
  switch (op) {
    case "label":
      if (Array.isArray(value)) return `labelled ${things} one by one`;
      return value === null ? `took the label off ${things}` : `labelled ${things} ${String(value)}`;
    case "tag":
      return `tagged ${things} ${quoted(value)}`;
    case "untag":
      return `untagged ${things} ${quoted(value)}`;
    case "note":
      return value ? `noted on ${things}: ${String(value).slice(0, 60)}` : `took the note off ${things}`;
    case "confirm":
      return value === false ? `took back the confirmation of ${things}` : `confirmed ${things}`;
    case "flag":
      return value === false ? `unflagged ${things}` : `flagged ${things}`;
    case "subset":
      return `defined the subset ${quoted((value as { name: string }).name)}`;
    case "drop_subset":
      return `dropped the subset ${quoted((value as { name: string }).name)}`;
    case "rename_subset":
      return `renamed the subset ${quoted((value as { name: string }).name)} to ${quoted((value as { to: string }).to)}`;
    default:
      return `${op}d ${things}`;
  }
}
