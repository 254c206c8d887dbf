// In which order do the classes stand in the list, and how is one fitted into the plane?
import type { ClassStanding } from "./answers";

export type Order = "alike" | "worst" | "best";

export function rate(one: ClassStanding): number | null {
  return one.n && one.correct !== null ? one.correct / one.n : null;
}

/** The classes that fit a search, ordered; the picked one first, those without instances last. */
export function ordered(
  classes: ClassStanding[],
  order: Order,
  alike: (number | null)[] | null,
  picked: number | null,
  search: string,
): ClassStanding[] {
  const wanted = search.trim().toLowerCase();
  const value = (one: ClassStanding): number => {
    if (order === "alike") return -(alike?.[one.code] ?? -1);
    const share = rate(one);
    return share === null ? Infinity : order === "worst" ? share : -share;
  };
  return classes
    .filter((one) => !wanted || one.label.toLowerCase().includes(wanted))
    .sort(
      (a, b) =>
        Number(b.code === picked) - Number(a.code === picked) ||
        Number(a.n === 0) - Number(b.n === 0) ||
        value(a) - value(b) ||
        a.code - b.code,
    );
}

export interface Fit {
  x: (value: number) => number;
  y: (value: number) => number;
}

/** One scale for all layers, so that what stays stands still. */
export function fitted(places: ([number, number] | null)[][], width: number, height: number, pad: number): Fit {
  const all = places.flat().filter((one) => one !== null);
  const xs = all.map((one) => one[0]);
  const ys = all.map((one) => one[1]);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const k = Math.min((width - 2 * pad) / (right - left || 1), (height - 2 * pad) / (high - low || 1));
  return {
    x: (value) => width / 2 + (value - (left + right) / 2) * k,
    y: (value) => height / 2 - (value - (low + high) / 2) * k,
  };
}

/** Which labels can be written without lying over another, the picked and pointed first; boxes of 11 px text. */
export function labelled(
  dots: { code: number; x: number; y: number; label: string }[],
  first: (number | null)[],
  all: boolean,
): Map<number, { x: number; y: number; anchor: "start" | "end" | "middle" }> {
  const placed = new Map<number, { x: number; y: number; anchor: "start" | "end" | "middle" }>();
  const taken: [number, number, number, number][] = dots.map((dot) => [dot.x - 4, dot.y - 4, dot.x + 4, dot.y + 4]);
  const order = [...dots].sort((a, b) => Number(first.includes(b.code)) - Number(first.includes(a.code)));
  for (const dot of order) {
    if (!all && !first.includes(dot.code)) continue;
    const w = 6.2 * dot.label.length;
    const tries = [
      { x: 12, y: 4, anchor: "start" as const, left: 12 },
      { x: -12, y: 4, anchor: "end" as const, left: -12 - w },
      { x: 0, y: -12, anchor: "middle" as const, left: -w / 2 },
      { x: 0, y: 20, anchor: "middle" as const, left: -w / 2 },
    ];
    for (const at of tries) {
      const box: [number, number, number, number] = [dot.x + at.left, dot.y + at.y - 10, dot.x + at.left + w, dot.y + at.y + 3];
      const free = !taken.some((one) => box[0] < one[2] && box[2] > one[0] && box[1] < one[3] && box[3] > one[1]);
      if (!free && !first.includes(dot.code)) continue;
      taken.push(box);
      placed.set(dot.code, { x: dot.x + at.x, y: dot.y + at.y, anchor: at.anchor });
      break;
    }
  }
  return placed;
}
