// What stands where on the paper: sizes of boxes, the path of a line, where a shape is written.
import { shorten } from "../../runtime/format";
import type { Direction, Point, Rect } from "./compound";
import { isGroup, shortName, type Model } from "./model";
import type { Bundle, Shown } from "./showing";

export const LINE = 17;
const LETTER = 6.7;
const SMALL = 6.1;
const LEAST = 76;
const MOST_LETTERS = 26;

export interface Words {
  name: string;
  type: string;
  /** Drawn behind the type, such as "×12". */
  times: string;
}

/** What a closed box says: its name, and its type where that says more. */
export function wordsOf(model: Model, part: number): Words {
  const { type, kind } = model.tables.parts;
  const name = shortName(model, part);
  const members = kind[part] === "series" ? (model.children.get(part)?.length ?? 0) : 0;
  const plain = name.replace(/:\d+$/, "");
  return {
    name: shorten(name, MOST_LETTERS),
    type: plain.split(/[./]/).pop() === type[part] ? "" : shorten(type[part], MOST_LETTERS),
    times: members ? `×${members}` : "",
  };
}

/** A count in four letters at most: "9.4k", "25.6M". */
export function compact(value: number): string {
  for (const [size, word] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (value >= size) return `${value >= 100 * size ? Math.round(value / size) : Number((value / size).toPrecision(2))}${word}`;
  return String(value);
}

/** Width and height of a closed box. */
export function sizeOf(model: Model, part: number): [number, number] {
  const { name, type, times } = wordsOf(model, part);
  const room = isGroup(model, part) ? 46 : 26;
  const weights = model.tables.parts.parameters[part] ? compact(model.tables.parts.parameters[part]) : "";
  const below = (type || name).length * (type ? SMALL : LETTER) + (times || weights ? (times || weights).length * SMALL + 12 : 0);
  const width = Math.max(LEAST, Math.ceil(Math.max(name.length * LETTER, below) + room));
  return [width, type || times ? 40 : 26];
}

export function sizesOf(model: Model, shown: Shown): Record<number, [number, number]> {
  return Object.fromEntries(shown.boxes.map((part) => [part, sizeOf(model, part)]));
}

/** What is written at the tensors that leave a part: their shape without the one instance's axis. */
export function shapesGiven(model: Model, shown: Shown): Map<number, string> {
  const given = new Map<number, Bundle[]>();
  for (const bundle of shown.bundles) {
    const known = given.get(bundle.from);
    if (known) known.push(bundle);
    else given.set(bundle.from, [bundle]);
  }
  return new Map(
    [...given].map(([part, bundles]) => {
      const shapes = [...new Set(bundles.flatMap((one) => one.shapes))];
      const tensors = Math.max(...bundles.map((one) => one.count));
      const first = model.tables.shapes[shapes[0]].replace(/^1 × /, "");
      return [part, shapes.length > 1 ? `${shapes.length} shapes` : tensors > 1 ? `${tensors} of ${first}` : first];
    }),
  );
}

/** Widths of the titles of open parts, with the sign that closes them. */
export function titlesOf(model: Model, shown: Shown): Record<number, number> {
  return Object.fromEntries(
    [...shown.levels.keys()]
      .filter((frame) => frame >= 0)
      .map((frame) => {
        const { name, type } = wordsOf(model, frame);
        return [frame, name.length * LETTER + type.length * SMALL + 54];
      }),
  );
}

/** Width that a box and the shape beside its line take: the line leaves in the middle. */
export function cellsOf(words: Map<number, string>): Record<number, number> {
  return Object.fromEntries([...words].map(([part, text]) => [part, 2 * (8 + text.length * SMALL)]));
}

/** A line that leaves and arrives in the direction of reading. */
export function path(points: readonly Point[], direction: Direction): string {
  if (!points.length) return "";
  const n = (value: number) => Math.round(value * 10) / 10;
  let [x, y] = points[0];
  let line = `M${n(x)} ${n(y)}`;
  for (const [nx, ny] of points.slice(1)) {
    const along = direction === "down" ? Math.abs(nx - x) : Math.abs(ny - y);
    if (along < 0.5) line += `L${n(nx)} ${n(ny)}`;
    else if (direction === "down") line += `C${n(x)} ${n((y + ny) / 2)} ${n(nx)} ${n((y + ny) / 2)} ${n(nx)} ${n(ny)}`;
    else line += `C${n((x + nx) / 2)} ${n(y)} ${n((x + nx) / 2)} ${n(ny)} ${n(nx)} ${n(ny)}`;
    [x, y] = [nx, ny];
  }
  return line;
}

export interface WordPlace {
  /** From the left top of the box. */
  x: number;
  y: number;
  anchor: "start" | "middle" | "end";
}

const BELOW = 15;
const CAPITAL = 9;

/** Where a shape is written below its box: right of the middle, in it, or left of it, the first that no line runs through. */
export function beside(rect: Rect, text: string, lines: readonly Point[][], direction: Direction): WordPlace {
  if (direction === "right") return { x: rect.width + 5, y: rect.height / 2 - 6, anchor: "start" };
  const long = [...text].reduce((sum, letter) => sum + (letter === " " ? 3 : 6.3), 0);
  const middle = rect.width / 2;
  const y = rect.height + BELOW;
  const [top, bottom] = [rect.y + y - CAPITAL - 2, rect.y + y + 2];
  const free: [WordPlace, number][] = [
    [{ x: middle + 6, y, anchor: "start" }, middle + 6],
    [{ x: middle, y, anchor: "middle" }, middle - long / 2],
    [{ x: middle - 6, y, anchor: "end" }, middle - 6 - long],
  ];
  const through = (left: number) =>
    lines.some((points) => crossings(points, top, bottom).some((x) => x > left - 2 && x < left + long + 1));
  return (free.find(([, left]) => !through(rect.x + left)) ?? free[0])[0];
}

/** Where a line that reads downwards is between two heights: its x at a few places there. */
function crossings(points: readonly Point[], top: number, bottom: number): number[] {
  const found: number[] = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [[ax, ay], [bx, by]] = [points[i], points[i + 1]];
    if (Math.max(ay, by) < top || Math.min(ay, by) > bottom) continue;
    for (let at = 0; at <= 16; at++) {
      const t = at / 16;
      const y = ay + (by - ay) * (1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t ** 3);
      if (y >= top && y <= bottom) found.push(ax + (bx - ax) * (3 * t * t - 2 * t ** 3));
    }
  }
  return found;
}

export const overlaps = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export function extentOf(points: readonly Point[]): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left - 4, y: top - 4, width: right - left + 8, height: bottom - top + 8 };
}
