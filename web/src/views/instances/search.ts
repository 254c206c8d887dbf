// Which instances contain what a person searches? The id, the labels and every column of words.
import type { ColumnInfo } from "../../runtime/wire";
import type { Tree } from "../../runtime/filter";

/** A filter tree for the words searched, or null for none; `pick` names the instances whose own text contains them. */
export function searchTree(text: string, columns: readonly ColumnInfo[], pick: string | null = null): Tree | null {
  const words = text.trim();
  if (!words) return null;
  const terms = columns.flatMap<Tree>(({ name, type }) => {
    if (type === "text" || type === "category") return [{ op: "contains", column: name, text: words }];
    if (name === "id" && type === "integer" && /^-?\d{1,15}$/.test(words))
      return [{ op: "compare", column: "id", is: "=", value: Number(words) }];
    return [];
  });
  if (pick) terms.push({ op: "pick", name: pick });
  if (!terms.length) return { op: "not", term: { op: "and", terms: [] } };
  return terms.length === 1 ? terms[0] : { op: "or", terms };
}
