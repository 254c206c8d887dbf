// The graph as the browser walks through it: who stands in whom, who feeds whom.
import type { Tables } from "./answers";

export const TOP = -1;

export interface Model {
  tables: Tables;
  count: number;
  /** Parts standing in each part, sources before targets; those of the top under TOP. */
  children: Map<number, number[]>;
  /** Places of the edges that come to, and go from, each operation. */
  into: number[][];
  from: number[][];
  /** Place of each part in the order, for sorting. */
  rank: Int32Array;
  byId: Map<string, number>;
}

export function modelOf(tables: Tables): Model {
  const count = tables.parts.id.length;
  const children = new Map<number, number[]>();
  const rank = new Int32Array(count);
  tables.order.forEach((part, i) => {
    rank[part] = i;
    const parent = tables.parts.parent[part];
    const among = children.get(parent);
    if (among) among.push(part);
    else children.set(parent, [part]);
  });
  const into: number[][] = Array.from({ length: count }, () => []);
  const from: number[][] = Array.from({ length: count }, () => []);
  tables.edges.source.forEach((source, edge) => {
    from[source].push(edge);
    into[tables.edges.target[edge]].push(edge);
  });
  return { tables, count, children, into, from, rank, byId: new Map(tables.parts.id.map((id, part) => [id, part])) };
}

export const isGroup = (model: Model, part: number) => model.tables.parts.kind[part] !== "operation";

/** The parts around a part, innermost first. */
export function around(model: Model, part: number): number[] {
  const found = [];
  for (let at = model.tables.parts.parent[part]; at !== TOP; at = model.tables.parts.parent[at]) found.push(at);
  return found;
}

/** The operations in a part, in order; an operation is in itself. */
export function operationsIn(model: Model, part: number): number[] {
  const found: number[] = [];
  const waiting = [part];
  while (waiting.length) {
    const at = waiting.pop() as number;
    if (!isGroup(model, at)) found.push(at);
    else waiting.push(...[...(model.children.get(at) ?? [])].reverse());
  }
  return found;
}

/** How many modules stand around each part; a series is none. */
export function depths(model: Model): Int32Array {
  const { kind, parent } = model.tables.parts;
  const found = new Int32Array(model.count);
  for (const part of model.tables.order) {
    const above = parent[part];
    found[part] = above === TOP ? 0 : found[above] + (kind[above] === "module" ? 1 : 0);
  }
  return found;
}

/** Modules open when everything down to a depth is shown. */
export function openTo(model: Model, depth: number): Set<number> {
  const at = depths(model);
  const { kind } = model.tables.parts;
  return new Set(model.tables.order.filter((part) => kind[part] === "module" && at[part] < depth));
}

/** A name short enough for a box: what the surrounding part does not say already. */
export function shortName(model: Model, part: number): string {
  const { id, parent, kind, type } = model.tables.parts;
  let above = parent[part];
  while (above !== TOP && kind[above] === "series") above = parent[above];
  const path = above === TOP ? "" : model.tables.parts.path[above];
  const prefixes = path ? [`${path}.`, `${path.replaceAll(".", "/")}/`] : []; // names of ONNX operations part with strokes
  const cut = (text: string) => text.slice(prefixes.find((prefix) => text.startsWith(prefix))?.length ?? 0);
  if (kind[part] === "series") {
    const [first, last] = id[part].split(" … ");
    const [a, b] = [cut(first), cut(last)];
    return `${a} … ${b.slice(Math.max(b.lastIndexOf("."), b.lastIndexOf("/")) + 1)}`;
  }
  return cut(id[part]) || type[part];
}
