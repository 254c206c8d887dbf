// How does what is shown become frames with doors, and which edges of theirs carry which tensors?
import { frames, widthOf, type Bundle, type Shown } from "./showing";
import { TOP } from "./model";
import type { Direction, DrawingTask, FrameTask } from "./compound";

/** One drawn line: an edge of a frame, with all tensors that run on it. */
export interface Line {
  frame: number;
  /** Its place among the frame's edges. */
  place: number;
  from: number | string;
  to: number | string;
  bundles: Bundle[];
  /** Those whose ends meet in this frame; each bundle is counted once over all lines. */
  own: Bundle[];
  width: number;
}

export interface Plan {
  task: DrawingTask;
  lines: Line[];
}

export function plan(
  shown: Shown,
  sizes: DrawingTask["sizes"],
  cells: DrawingTask["cells"],
  titles: DrawingTask["titles"],
  direction: Direction,
): Plan {
  const tasks = new Map<number, FrameTask>();
  for (const [frame, level] of shown.levels)
    tasks.set(frame, { frame, boxes: level.boxes, aside: level.aside, entries: [], exits: [], edges: [] });
  const lines: Line[] = [];
  const known = new Map<string, Line>();
  const doors = new Set<string>();
  const put = (frame: number, from: number | string, to: number | string, bundle: Bundle, own: boolean) => {
    const key = `${frame}|${from}|${to}`;
    let line = known.get(key);
    if (!line) {
      const edges = (tasks.get(frame) as FrameTask).edges;
      line = { frame, place: edges.length, from, to, bundles: [], own: [], width: 0 };
      edges.push({ from, to });
      lines.push(line);
      known.set(key, line);
    }
    line.bundles.push(bundle);
    if (own) line.own.push(bundle);
    line.width = Math.max(line.width, widthOf(bundle.size));
  };
  const door = (frame: number, side: "entries" | "exits", key: string) => {
    const name = `${frame}|${side}|${key}`;
    if (doors.has(name)) return;
    doors.add(name);
    (tasks.get(frame) as FrameTask)[side].push(key);
  };
  for (const bundle of shown.bundles) {
    const [up, down] = [frames(shown, bundle.from), frames(shown, bundle.to)];
    const among = new Map(down.map((frame, i) => [frame, i]));
    const met = up.findIndex((frame) => among.has(frame));
    const meets = up[met] ?? TOP;
    const chain = [bundle.from, ...up.slice(0, met)];
    const other = [bundle.to, ...down.slice(0, among.get(meets))];
    const [a, b] = [chain[chain.length - 1], other[other.length - 1]];
    const key = `${a}>${b}`;
    put(meets, a, b, bundle, true);
    for (let i = 0; i + 1 < chain.length; i++) {
      door(chain[i + 1], "exits", key);
      put(chain[i + 1], chain[i], key, bundle, false);
    }
    for (let i = 0; i + 1 < other.length; i++) {
      door(other[i + 1], "entries", key);
      put(other[i + 1], key, other[i], bundle, false);
    }
  }
  return { task: { frames: [...tasks.values()], sizes, cells, titles, direction }, lines };
}
