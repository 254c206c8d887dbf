// What does a person want to see of the instances? Read from the view's props, with defaults from the case.
import type { CaseInfo, ColumnInfo } from "../../runtime/wire";
import type { Props } from "../../runtime/view";
import { readOrder, type Order } from "../../parts/table-order";

export type Mode = "table" | "grid" | "classes";
export type Only = "shown" | "selected";
export const SIZES = [28, 56, 112] as const;
const MOST_OWN = 4;
/** Columns of results and of other models are there for the asking, not at first sight. */
const RESULT = /[.@]/;
const FIRST = ["id", "label", "prediction", "confidence"];
const LATER = new Set(["row", "excluded", "confirmed", "flagged", "tags", "note", "split", "correct"]);

export interface Settings {
  order: Order;
  columns: string[];
  mode: Mode;
  only: Only;
  size: number;
  search: string;
}

/** Least confident first where there is a model, else the order of the data. */
export function defaultOrder(columns: readonly ColumnInfo[]): Order {
  return columns.some(({ name }) => name === "confidence") ? [["confidence", "asc"]] : [];
}

/** What one wants to see first: names, the model's answer, what people wrote, and a few of the data's own columns. */
export function defaultColumns({
  columns,
  tags,
  instances,
  kind,
}: Pick<CaseInfo, "columns" | "tags" | "instances" | "kind">): string[] {
  const column = (name: string) => columns.find((candidate) => candidate.name === name);
  const first = FIRST.filter((name) => column(name));
  const note = column("note");
  const written = [...(tags.length ? ["tags"] : []), ...(note && note.nulls < instances ? ["note"] : [])];
  const own = columns.map(({ name }) => name).filter((name) => !FIRST.includes(name) && !LATER.has(name) && !RESULT.test(name));
  const parts = column("split")?.categories?.length ?? 0;
  return [...first, ...written, ...own.slice(0, kind === "row" ? 2 * MOST_OWN : MOST_OWN), ...(parts > 1 ? ["split"] : [])];
}

/** Settings from props; what this case does not have is left out. */
export function readSettings(props: Props, info: CaseInfo): Settings {
  const known = (name: string) => info.columns.some((column) => column.name === name);
  const given = Array.isArray(props.columns)
    ? (props.columns as unknown[]).filter((name): name is string => typeof name === "string" && known(name))
    : null;
  return {
    order: readOrder(props.sort, known) ?? defaultOrder(info.columns),
    columns: given?.length ? [...new Set(given)] : defaultColumns(info),
    mode: props.mode === "grid" || props.mode === "classes" ? props.mode : "table",
    only: props.only === "selected" ? "selected" : "shown",
    size: SIZES.find((size) => size === props.size) ?? 56,
    search: typeof props.search === "string" ? props.search : "",
  };
}

/** An order in words: "sorted by confidence, least first". */
export function orderWords(order: Order, columns: readonly ColumnInfo[]): string {
  if (!order.length) return "in the order of the data";
  const words = order.map(([name, direction]) => {
    const type = columns.find((column) => column.name === name)?.type;
    const ends: Record<string, [string, string]> = {
      number: ["least first", "most first"],
      integer: ["least first", "most first"],
      time: ["earliest first", "latest first"],
      text: ["A to Z", "Z to A"],
      category: ["in the order of the case", "in the reverse order of the case"],
      boolean: name === "correct" ? ["wrong first", "correct first"] : ["no first", "yes first"],
    };
    return `${name}, ${(ends[type ?? "text"] ?? ends.text)[direction === "asc" ? 0 : 1]}`;
  });
  return `sorted by ${words.join(", then ")}`;
}
