// Levels within levels: each frame is laid out for itself, inner ones first, and edges pass frames through doors.
import type { LevelPlaces, LevelTask } from "./levels";

export type Direction = "down" | "right";
export type Point = [number, number];

/** An edge of one level. A box by its part's number, a door by its key. */
export interface LevelEdge {
  from: number | string;
  to: number | string;
}

export interface FrameTask {
  /** The open part, −1 for the whole. */
  frame: number;
  boxes: number[];
  /** Beside the others, with no edges. */
  aside: number[];
  entries: string[];
  exits: string[];
  edges: LevelEdge[];
}

export interface DrawingTask {
  /** Outer before inner. */
  frames: FrameTask[];
  /** Width and height of each closed box. */
  sizes: Record<number, [number, number]>;
  /** Width kept free for a closed box and the shape written below it, the box in the middle; its own where it is not said. */
  cells: Record<number, number>;
  /** Width that the title of each open frame takes. */
  titles: Record<number, number>;
  direction: Direction;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Placed {
  width: number;
  height: number;
  boxes: Map<number, Rect>;
  /** Points of each frame's edges, in the order of its task. */
  edges: Map<number, Point[][]>;
  /** Frames laid out by our own ranks. */
  ranked: number;
}

/** Shapes are written between ranks: below a box, or behind it where one reads to the right. */
const GAP = { down: 30, right: 92 };
const TITLE = 24;
const PAD = 14;
const DOOR_PAD = 8;
const BESIDE = 36;
const ASIDE_GAP = 10;
const ASIDE_TITLE = 20;

interface Sized {
  width: number;
  height: number;
  places: LevelPlaces;
  task: FrameTask;
  inner: Point;
  aside: Map<number, Point>;
}

export type PlaceLevel = (task: LevelTask) => LevelPlaces;

/** Left, top, right and bottom margins inside a frame; the title stands at its top whichever way is forward. */
function margins(task: FrameTask, direction: Direction): [number, number, number, number] {
  if (task.frame === -1) return [0, 0, 0, 0];
  const [entry, exit] = [task.entries.length ? DOOR_PAD : PAD, task.exits.length ? DOOR_PAD : PAD];
  return direction === "down" ? [PAD, TITLE + entry, PAD, exit] : [entry, TITLE + DOOR_PAD, exit, PAD];
}

export function place(task: DrawingTask, placeLevel: PlaceLevel): Placed {
  const turned = task.direction === "right";
  const sized = new Map<number, Sized>();
  const sizeOf = (part: number): [number, number] => {
    const frame = sized.get(part);
    return frame ? [frame.width, frame.height] : task.sizes[part];
  };
  const spare = (part: number) =>
    turned || sized.has(part) ? 0 : Math.max(0, ((task.cells[part] ?? 0) - task.sizes[part][0]) / 2);
  for (const frame of [...task.frames].reverse()) {
    const number = new Map<number | string, number>();
    for (const part of frame.boxes) number.set(part, number.size);
    for (const door of frame.entries) number.set(`in ${door}`, number.size);
    for (const door of frame.exits) number.set(`out ${door}`, number.size);
    const of = (end: number | string, way: "in" | "out") => number.get(typeof end === "number" ? end : `${way} ${end}`) as number;
    const places = placeLevel({
      gap: GAP[task.direction],
      boxes: frame.boxes.map((part) => {
        const [width, height] = sizeOf(part);
        return turned ? [height, width] : [width + 2 * spare(part), height];
      }),
      entries: frame.entries.length,
      exits: frame.exits.length,
      edges: frame.edges.map(({ from, to }) => [of(from, "in"), of(to, "out")]),
    });
    const [left, top, right, bottom] = margins(frame, task.direction);
    let [width, height] = turned ? [places.height, places.width] : [places.width, places.height];
    const aside = new Map<number, Point>();
    if (frame.aside.length) {
      const beside = width ? width + BESIDE : 0;
      let [x, y, widest] = [beside, ASIDE_TITLE, 0];
      const most = Math.max(height, 400);
      for (const part of frame.aside) {
        const [w, h] = sizeOf(part);
        if (y > ASIDE_TITLE && y + h > most) [x, y, widest] = [x + widest + ASIDE_GAP, ASIDE_TITLE, 0];
        aside.set(part, [x, y]);
        y += h + ASIDE_GAP;
        widest = Math.max(widest, w);
        width = Math.max(width, x + w);
        height = Math.max(height, y - ASIDE_GAP);
      }
    }
    const spareTitle = Math.max(0, (task.titles[frame.frame] ?? 0) - width - left - right);
    sized.set(frame.frame, {
      width: width + left + right + spareTitle,
      height: height + top + bottom,
      places,
      task: frame,
      inner: [left + spareTitle / 2, top],
      aside,
    });
  }
  const boxes = new Map<number, Rect>();
  const origin = new Map<number, Point>([[-1, [0, 0]]]);
  const doors = new Map<string, Point>();
  for (const { frame } of task.frames) {
    const one = sized.get(frame) as Sized;
    const [fx, fy] = origin.get(frame) as Point;
    const at = ([x, y]: Point): Point =>
      turned ? [fx + one.inner[0] + y, fy + one.inner[1] + x] : [fx + one.inner[0] + x, fy + one.inner[1] + y];
    one.task.boxes.forEach((part, i) => {
      const [x, y] = at(one.places.boxes[i]);
      const [width, height] = sizeOf(part);
      boxes.set(part, { x: x + spare(part), y, width, height });
      origin.set(part, [x, y]);
    });
    for (const [part, [x, y]] of one.aside) {
      const [width, height] = sizeOf(part);
      boxes.set(part, { x: fx + one.inner[0] + x, y: fy + one.inner[1] + y, width, height });
    }
    one.task.entries.forEach((door, i) => {
      const [x, y] = at([one.places.entries[i], 0]);
      doors.set(`${frame} in ${door}`, turned ? [fx, y] : [x, fy]);
    });
    one.task.exits.forEach((door, i) => {
      const [x, y] = at([one.places.exits[i], 0]);
      doors.set(`${frame} out ${door}`, turned ? [fx + one.width, y] : [x, fy + one.height]);
    });
  }
  const edges = new Map<number, Point[][]>();
  for (const { frame } of task.frames) {
    const one = sized.get(frame) as Sized;
    const [fx, fy] = origin.get(frame) as Point;
    edges.set(
      frame,
      one.task.edges.map(({ from, to }, i) => {
        const key = typeof to === "string" ? to : typeof from === "string" ? from : `${from}>${to}`;
        const line = one.places.edges[i].map(([x, y]): Point =>
          turned ? [fx + one.inner[0] + y, fy + one.inner[1] + x] : [fx + one.inner[0] + x, fy + one.inner[1] + y],
        );
        const start = doors.get(typeof from === "string" ? `${frame} in ${from}` : `${from} out ${key}`);
        const end = doors.get(typeof to === "string" ? `${frame} out ${to}` : `${to} in ${key}`);
        if (start) line[0] = start;
        if (end) line[line.length - 1] = end;
        const apart = (start && typeof from === "number") || (end && typeof to === "number");
        if (apart && line.length === 3) line.splice(1, 1); // between neighbours: no way round by the middle of a frame
        if (start && typeof from === "string" && !turned) line.splice(1, 0, [start[0], fy + one.inner[1]]); // straight past the title
        return line;
      }),
    );
  }
  const whole = sized.get(-1) as Sized;
  const ranked = [...sized.values()].filter((one) => one.places.by === "ranks" && one.task.boxes.length > 0).length;
  return { width: whole.width, height: whole.height, boxes, edges, ranked };
}
