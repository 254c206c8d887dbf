// Whose view does a tile mean? Two packages can bring views of one name; what is called by it here may be another's.
import type { Tile, ViewInfo } from "../runtime/wire";

const baseOf = (name: string) => name.split("@")[0];
const packageOf = (by: string) => by.split(" ")[0];

export interface Meant {
  name: string;
  /** Why there is nothing to draw in its place; null where there is. */
  problem: string | null;
  /** What is worth saying: that another version draws it than the one it was put here with. */
  note: string;
}

/** The view here that a tile means, as `underglass.pages.origins` finds it. */
export function viewOf(tile: Tile, views: readonly ViewInfo[]): Meant {
  const [name, by] = [tile.view ?? "", tile.by ?? ""];
  const named = views.filter((view) => baseOf(view.name) === baseOf(name));
  if (!by || !named.length) return { name, problem: null, note: "" };
  const found = named.find((view) => packageOf(view.by) === packageOf(by));
  if (!found) {
    const whose = named[0].by ? `of ${named[0].by}` : "underglass’s own";
    return {
      name,
      problem:
        `The view “${baseOf(name)}” of ${by} is not installed here; the one of that name is ${whose}. ` +
        `Install ${packageOf(by)}, or remove this tile and add that one.`,
      note: "",
    };
  }
  return { name: found.name, problem: null, note: found.by === by ? "" : `put here with ${by}, drawn by ${found.by}` };
}
