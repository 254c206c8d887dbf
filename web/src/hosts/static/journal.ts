// What does the page's own journal answer to the view of edits? What holds now, the edits in words, tables to take away.
import { csvCell } from "../../parts/save";
import { HostError } from "../../runtime/host";
import type { Head } from "./payload";
import type { PageEdits, Standing } from "./edits";
import { written } from "./sql/casts";
import { plain, type Vector } from "./sql/vectors";

const DRAWN = 48;

/** Where a column of truth values is true. */
function rowsWhere(one: Vector | undefined, n: number): number[] {
  const rows: number[] = [];
  if (one) for (let row = 0; row < n; row++) if (plain(one, row) === true) rows.push(row);
  return rows;
}

export function standing(edits: PageEdits, now: Standing, labels: readonly (string | null)[]): Record<string, unknown> {
  const { table } = now;
  const label = table.columns.get("label");
  const changes = new Map<string, { old: string | null; new: string | null; count: number }>();
  let relabelled = 0;
  if (label && labels.length === table.n)
    labels.forEach((old, row) => {
      const here = plain(label, row) as string | null;
      if (here === old) return;
      relabelled += 1;
      const key = JSON.stringify([old, here]);
      const known = changes.get(key) ?? { old, new: here, count: 0 };
      changes.set(key, { ...known, count: known.count + 1 });
    });
  const [flagged, excluded] = [
    rowsWhere(table.columns.get("flagged"), table.n),
    rowsWhere(table.columns.get("excluded"), table.n),
  ];
  const notes: { row: number; id: string; text: string }[] = [];
  const [note, id] = [table.columns.get("note"), table.columns.get("id")!];
  if (note)
    for (let row = 0; row < table.n; row++) {
      const text = plain(note, row) as string | null;
      if (text !== null) notes.push({ row, id: String(plain(id, row)), text });
    }
  const authors = new Map<string, number>();
  for (const { author } of edits.edits) authors.set(author, (authors.get(author) ?? 0) + 1);
  return {
    relabelled,
    changes: [...changes.values()].sort((a, b) => b.count - a.count).slice(0, 100),
    confirmed: rowsWhere(table.columns.get("confirmed"), table.n).length,
    flagged: flagged.length,
    flagged_rows: flagged.slice(0, DRAWN),
    excluded: excluded.length,
    excluded_rows: excluded.slice(0, DRAWN),
    noted: notes.length,
    notes: notes.slice(0, 50),
    authors: [...authors].map(([name, count]) => ({ name, edits: count })),
    stands: edits.edits.length,
    undone: edits.undone.length,
    writable: true,
  };
}

/** Rows of an edit, or of a change of label. */
export function rowsOf(
  edits: PageEdits,
  now: Standing,
  head: Head,
  labels: readonly (string | null)[],
  what: unknown,
  value: unknown,
): number[] {
  if (what === "edit") {
    const found = edits.edits[(value as number) - head.sequence - 1];
    if (!found?.rows) throw new HostError("this edit is not about instances");
    return found.rows;
  }
  const { old, new: now_ } = value as { old: string | null; new: string | null };
  const label = now.table.columns.get("label")!;
  return labels.flatMap((source, row) => (source === old && plain(label, row) === now_ ? [row] : []));
}

/** Some rows as a file. */
export function tableFile(now: Standing, rows: readonly number[], format: string): ArrayBuffer {
  if (format !== "csv" && format !== "jsonl")
    throw new HostError("This page writes CSV and JSON lines; Parquet needs Python: open the case with underglass.");
  const columns = [...now.table.columns];
  const value = (one: Vector, row: number) => {
    const found = plain(one, row);
    return one.kind === "time" && found !== null ? written(found, "time") : typeof found === "bigint" ? String(found) : found;
  };
  const text =
    format === "jsonl"
      ? rows.map((row) => JSON.stringify(Object.fromEntries(columns.map(([name, one]) => [name, value(one, row)])))).join("\n") +
        "\n"
      : [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, one]) => value(one, row)))]
          .map((line) => line.map(cell).join(",") + "\r\n")
          .join("");
  return new TextEncoder().encode(text).buffer;
}

function cell(value: unknown): string {
  if (value === null || typeof value === "number" || typeof value === "string") return csvCell(value);
  return csvCell(Array.isArray(value) ? JSON.stringify(value) : String(value));
}
