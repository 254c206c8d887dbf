// What is drawn for a state: which parts as boxes, which as frames around others, and the bundled edges between them.
import { isGroup, TOP, type Model } from "./model";

export interface State {
  opened: ReadonlySet<number>;
  /** Whether series are drawn as one. */
  folded: boolean;
  /** Series that are not, by hand. */
  unfolded: ReadonlySet<number>;
  /** Parts set aside or brought back by hand, against what the degrees say. */
  swapped: ReadonlySet<number>;
  constants: "badges" | "boxes" | "hidden";
}

/** All tensors from one drawn part to another. */
export interface Bundle {
  from: number;
  to: number;
  /** Different tensors: one that is taken twice counts once. */
  count: number;
  /** Numbers in the largest of them; null where a size may vary. */
  size: number | null;
  shapes: number[];
}

export interface Level {
  /** The open part whose inside this is, TOP for the whole. */
  frame: number;
  boxes: number[];
  /** Set aside: drawn beside, with no edges. */
  aside: number[];
}

export interface Shown {
  levels: Map<number, Level>;
  /** The drawn part that stands for each part; −1 for what is hidden. */
  seen: Int32Array;
  /** The open part around each drawn part. */
  home: Map<number, number>;
  bundles: Bundle[];
  /** Constants drawn as badges at the parts that take them. */
  badges: Map<number, number[]>;
  /** Parts set aside, by the parts they feed or take from. */
  hubs: Map<number, number[]>;
  boxes: number[];
}

const HIDDEN = -1;

export function show(model: Model, state: State): Shown {
  const { kind, flags } = model.tables.parts;
  const seen = new Int32Array(model.count).fill(HIDDEN);
  const levels = new Map<number, Level>();
  const home = new Map<number, number>();
  const boxes: number[] = [];
  const aside = new Set<number>();
  const constants = new Set<number>();
  const through = (part: number) => kind[part] === "series" && (!state.folded || state.unfolded.has(part));
  const cover = (part: number, by: number) => {
    const waiting = [part];
    while (waiting.length) {
      const at = waiting.pop() as number;
      seen[at] = by;
      waiting.push(...(model.children.get(at) ?? []));
    }
  };
  const waiting: [number, number][] = [[TOP, TOP]];
  while (waiting.length) {
    const [frame] = waiting.pop() as [number, number];
    const level: Level = { frame, boxes: [], aside: [] };
    levels.set(frame, level);
    const members = [...(model.children.get(frame) ?? [])].reverse();
    while (members.length) {
      const part = members.pop() as number;
      if (through(part)) {
        seen[part] = HIDDEN;
        members.push(...[...(model.children.get(part) ?? [])].reverse());
        continue;
      }
      if (flags[part].includes("constant") && state.constants !== "boxes") {
        constants.add(part);
        seen[part] = state.constants === "badges" ? part : HIDDEN;
        continue;
      }
      home.set(part, frame);
      if (isGroup(model, part) && state.opened.has(part)) {
        seen[part] = part;
        level.boxes.push(part);
        waiting.push([part, frame]);
      } else {
        cover(part, part);
        boxes.push(part);
        if (flags[part].includes("aside") !== state.swapped.has(part)) {
          aside.add(part);
          level.aside.push(part);
        } else level.boxes.push(part);
      }
    }
  }
  const { source, target, shape } = model.tables.edges;
  const bundles = new Map<number, Bundle>();
  const counted = new Set<string>();
  const badges = new Map<number, Set<number>>();
  const hubs = new Map<number, Set<number>>();
  const put = (to: Map<number, Set<number>>, at: number, what: number) =>
    (to.get(at) ?? to.set(at, new Set()).get(at))?.add(what);
  for (let edge = 0; edge < source.length; edge++) {
    const [a, b] = [seen[source[edge]], seen[target[edge]]];
    if (a === HIDDEN || b === HIDDEN || a === b) continue;
    if (constants.has(a)) {
      put(badges, b, a);
      continue;
    }
    if (aside.has(a)) put(hubs, b, a);
    if (aside.has(b)) put(hubs, a, b);
    if (aside.has(a) || aside.has(b)) continue;
    const key = a * model.count + b;
    const size = model.tables.sizes[shape[edge]];
    const known = bundles.get(key);
    if (!known) bundles.set(key, { from: a, to: b, count: 1, size, shapes: [shape[edge]] });
    else {
      if (!counted.has(`${key} ${source[edge]}`)) known.count += 1;
      known.size = known.size === null || size === null ? (known.size ?? size) : Math.max(known.size, size);
      if (!known.shapes.includes(shape[edge])) known.shapes.push(shape[edge]);
    }
    counted.add(`${key} ${source[edge]}`);
  }
  const lists = (sets: Map<number, Set<number>>) => new Map([...sets].map(([at, set]) => [at, [...set]]));
  return { levels, seen, home, bundles: [...bundles.values()], badges: lists(badges), hubs: lists(hubs), boxes };
}

/** The open parts around a drawn part, innermost first, TOP last. */
export function frames(shown: Shown, part: number): number[] {
  const found = [];
  for (let at = shown.home.get(part); at !== undefined; at = shown.home.get(at)) {
    found.push(at);
    if (at === TOP) break;
  }
  return found;
}

/** Pixels: from a hairline to 7 with the logarithm of the tensor's size. */
export function widthOf(size: number | null): number {
  if (size === null) return 1.5;
  return 1 + Math.min(6, Math.max(0, (Math.log10(Math.max(size, 1)) - 1) * 1.1));
}
