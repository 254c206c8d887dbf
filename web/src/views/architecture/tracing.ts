// What does a part rest on, and what rests on it? Over the operations, whatever is folded.
import { operationsIn, type Model } from "./model";

export type Way = "up" | "down";

/** Operations reached against (up) or along (down) the edges, those of the part itself left out. */
export function trace(model: Model, part: number, way: Way): Set<number> {
  const { source, target } = model.tables.edges;
  const own = operationsIn(model, part);
  const seen = new Set(own);
  const waiting = [...own];
  while (waiting.length) {
    const at = waiting.pop() as number;
    for (const edge of way === "up" ? model.into[at] : model.from[at]) {
      const next = way === "up" ? source[edge] : target[edge];
      if (!seen.has(next)) {
        seen.add(next);
        waiting.push(next);
      }
    }
  }
  for (const at of own) seen.delete(at);
  return seen;
}
