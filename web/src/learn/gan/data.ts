// What should the generator learn to make? Points in the square from −1 to 1: four shapes, a drawing, or a person's own.
import { Random } from "../engine/random";

export type ShapeName = "line" | "two" | "ring" | "three" | "own";
export const SHAPES: readonly { name: ShapeName; title: string }[] = [
  { name: "line", title: "Line" },
  { name: "two", title: "Two clouds" },
  { name: "ring", title: "Ring" },
  { name: "three", title: "Three islands" },
  { name: "own", title: "Your own" },
];

/** Samples of a drawing are drawn points with a little spread, so that a few strokes make a distribution. */
export const DRAWING_SPREAD = 0.03;
export const LEAST_POINTS = 3;
export const MOST_POINTS = 600;

const clamp = (value: number) => Math.max(-0.999, Math.min(0.999, value));

/**
 * n samples of a shape.
 *
 * @param own (points, 2) of a drawing or a paste, in the square; for "own" only
 * @returns (n, 2), every number between −1 and 1
 */
export function sample(shape: ShapeName, n: number, random: Random, own: readonly number[] = []): Float32Array<ArrayBuffer> {
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i += 1) {
    const [x, y] = one(shape, random, own);
    points[2 * i] = clamp(x);
    points[2 * i + 1] = clamp(y);
  }
  return points;
}

function one(shape: ShapeName, random: Random, own: readonly number[]): [number, number] {
  if (shape === "line") {
    const t = random.uniform(-0.62, 0.62);
    return [t + 0.03 * random.normal(), -0.75 * t + 0.1 + 0.03 * random.normal()];
  }
  if (shape === "two") {
    const side = random.below(2) ? 1 : -1;
    return [side * 0.36 + 0.14 * random.normal(), side * 0.36 + 0.14 * random.normal()];
  }
  if (shape === "ring") {
    const angle = random.uniform(0, 2 * Math.PI);
    const radius = 0.6 + 0.03 * random.normal();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }
  if (shape === "three") {
    const [x, y] = [
      [-0.55, 0.45],
      [0.55, 0.5],
      [0, -0.55],
    ][random.below(3)];
    return [x + random.uniform(-0.14, 0.14), y + random.uniform(-0.14, 0.14)];
  }
  const at = 2 * random.below(own.length / 2);
  return [own[at] + DRAWING_SPREAD * random.normal(), own[at + 1] + DRAWING_SPREAD * random.normal()];
}

/** What became of a paste: points that fit the square, and a sentence about what was done to them. */
export interface Pasted {
  points: number[];
  said: string;
}

/**
 * Points from text: two numbers a line, parted by comma, semicolon, tab or space; a head and lines without two numbers are counted
 * and left out. Points outside the square are shifted and scaled into it, both axes alike.
 *
 * @throws Error in words for people, if fewer than three points are found or all are the same
 */
export function parsePoints(text: string): Pasted {
  const found: number[] = [];
  let left = 0;
  for (const line of text.split(/\r?\n/)) {
    if (!line.trim()) continue;
    const cells = line
      .trim()
      .split(/[\s,;]+/)
      .map(Number);
    if (cells.length >= 2 && Number.isFinite(cells[0]) && Number.isFinite(cells[1])) found.push(cells[0], cells[1]);
    else left += 1;
  }
  const n = found.length / 2;
  if (n < LEAST_POINTS)
    throw new Error(
      `${n === 0 ? "No points" : n === 1 ? "One point" : "Two points"} found: write one point a line, as in 0.2, 0.5. At least ${LEAST_POINTS} are needed.`,
    );
  const xs = found.filter((_, i) => i % 2 === 0);
  const ys = found.filter((_, i) => i % 2 === 1);
  const [lowX, highX, lowY, highY] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  if (lowX === highX && lowY === highY) throw new Error(`All ${n} points are the same: a generator would have nothing to learn.`);
  const inside = Math.max(-lowX, highX, -lowY, highY) <= 0.95;
  const scale = inside ? 1 : 1.6 / Math.max(highX - lowX, highY - lowY);
  const [midX, midY] = inside ? [0, 0] : [(lowX + highX) / 2, (lowY + highY) / 2];
  let points = found.map((value, i) => scale * (value - (i % 2 === 0 ? midX : midY)));
  const said = [`${n} points`];
  if (!inside) said.push("shifted and scaled into the square");
  if (left) said.push(`${left} ${left === 1 ? "line" : "lines"} without two numbers left out`);
  if (n > MOST_POINTS) {
    const every = n / MOST_POINTS;
    points = Array.from({ length: MOST_POINTS }, (_, i) => Math.floor(i * every)).flatMap((i) => [
      points[2 * i],
      points[2 * i + 1],
    ]);
    said.push(`${MOST_POINTS} of them kept`);
  }
  return { points: points.map((value) => Math.round(value * 1000) / 1000), said: said.join(", ") + "." };
}
