// A question about the active model, asked of another: bare names such as `prediction` become `prediction@other`.
// What the filter brings along already says which model it means, and stays as it is.
import { column, isColumnRef, rewrite, walk, type ExprNode, type SQLNode } from "@uwdata/mosaic-sql";
import type { Tree } from "../runtime/filter";

/** The column of the other model, by the bare name. */
export type Names = ReadonlyMap<string, string>;

/** The same names the other way round. */
export function reversed(names: Names): Names {
  return new Map([...names].map(([seen, real]) => [real, seen]));
}

/** A query with other names, but for the nodes of its filter. */
export function renamed<T>(query: T, names: Names, filter: unknown): T {
  const map = new Map<SQLNode, SQLNode>();
  for (const node of [filter].flat(4)) if (node && typeof node === "object") map.set(node as SQLNode, node as SQLNode);
  walk(query as SQLNode, (node) => {
    if (map.has(node)) return undefined;
    const other = isColumnRef(node) ? names.get(node.column) : undefined;
    if (other !== undefined && isColumnRef(node)) map.set(node, column(other, node.table as string | undefined) as ExprNode);
    return undefined;
  });
  return rewrite(query as SQLNode, map) as T;
}

/** A filter's tree with other names. */
export function renamedTree(tree: Tree, names: Names): Tree {
  switch (tree.op) {
    case "and":
    case "or":
      return { op: tree.op, terms: tree.terms.map((term) => renamedTree(term, names)) };
    case "not":
      return { op: "not", term: renamedTree(tree.term, names) };
    case "subset":
    case "pick":
      return tree;
    default: {
      const other = "other" in tree ? { other: names.get(tree.other) ?? tree.other } : {};
      return { ...tree, ...other, column: names.get(tree.column) ?? tree.column } as Tree;
    }
  }
}
