// What comes into a part and what goes out of it, over its border: the operations on the other side, and the tensors.
import { operationsIn, type Model } from "./model";

export interface Neighbour {
  part: number;
  shapes: string[];
}

export function neighbours(model: Model, part: number, way: "in" | "out"): Neighbour[] {
  const { source, target, shape } = model.tables.edges;
  const inside = new Set(operationsIn(model, part));
  const found = new Map<number, Set<string>>();
  for (const at of inside)
    for (const edge of way === "in" ? model.into[at] : model.from[at]) {
      const other = way === "in" ? source[edge] : target[edge];
      if (inside.has(other)) continue;
      const shapes = found.get(other) ?? new Set<string>();
      shapes.add(model.tables.shapes[shape[edge]]);
      found.set(other, shapes);
    }
  return [...found]
    .sort((a, b) => model.rank[a[0]] - model.rank[b[0]])
    .map(([other, shapes]) => ({ part: other, shapes: [...shapes] }));
}

/** Modules that are built as this one: all of them, and those with the same shapes too; itself among them. */
export function alike(model: Model, part: number): { structure: number[]; form: number[] } {
  const { structure, form, kind } = model.tables.parts;
  if (kind[part] !== "module") return { structure: [], form: [] };
  const modules = model.tables.order.filter((one) => kind[one] === "module");
  return {
    structure: modules.filter((one) => structure[one] === structure[part]),
    form: modules.filter((one) => form[one] === form[part]),
  };
}
