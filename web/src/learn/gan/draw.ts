// How is each layer painted? Onto a square canvas that shows the plane from −1 to 1; every function says what it painted.
import { CELLS } from "./divergence";
import { GRID } from "./pictures";

export interface Colours {
  real: string;
  fake: string;
  surface: string;
  ink: string;
  heatReal: string[];
}
type Context = CanvasRenderingContext2D;

/** From data to pixels: x to the right, y up. */
export const place = (value: number, size: number) => ((value + 1) / 2) * size;
export const placeY = (value: number, size: number) => ((1 - value) / 2) * size;

/** Colour of D: purple at 0, the surface at ½, green at 1; never fully, so that dots stay legible on it. */
export function heatRamp(colours: Colours, strength = 0.55): string[] {
  const [r, f, s] = [colours.real, colours.fake, colours.surface].map(channels);
  return Array.from({ length: 101 }, (_, i) => {
    const d = i / 100;
    const end = d >= 0.5 ? r : f;
    const share = Math.abs(2 * d - 1) ** 0.8 * strength;
    return `rgb(${s.map((from, j) => Math.round(from + (end[j] - from) * share)).join(" ")})`;
  });
}

function channels(colour: string): number[] {
  const hex = colour.replace("#", "");
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
}

export function paintHeat(context: Context, size: number, heat: ArrayLike<number>, colours: Colours): number {
  const cell = size / CELLS;
  for (let i = 0; i < CELLS * CELLS; i += 1) {
    const [column, row] = [i % CELLS, CELLS - 1 - Math.floor(i / CELLS)];
    const [x, y] = [Math.round(column * cell), Math.round(row * cell)];
    context.fillStyle = colours.heatReal[Math.round(heat[i] * 100)];
    context.fillRect(x, y, Math.round((column + 1) * cell) - x, Math.round((row + 1) * cell) - y);
  }
  return CELLS * CELLS;
}

/** Dots at (n, 2); `hollow` dots have a rim and a light heart. */
export function paintDots(
  context: Context,
  size: number,
  points: ArrayLike<number>,
  colour: string,
  { radius = 2, alpha = 1, rim }: { radius?: number; alpha?: number; rim?: string } = {},
): number {
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  const n = points.length / 2;
  context.beginPath();
  for (let i = 0; i < n; i += 1) {
    const [x, y] = [place(points[2 * i], size), placeY(points[2 * i + 1], size)];
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
  if (rim) {
    context.strokeStyle = rim;
    context.lineWidth = 1;
    context.stroke();
  }
  context.globalAlpha = 1;
  return n;
}

/** Dots coloured by D of each. */
export function paintScored(
  context: Context,
  size: number,
  points: ArrayLike<number>,
  scores: ArrayLike<number>,
  ramp: string[],
  rim: string,
): number {
  const n = points.length / 2;
  context.strokeStyle = rim;
  context.lineWidth = 0.5;
  for (let i = 0; i < n; i += 1) {
    context.fillStyle = ramp[Math.round(scores[i] * 100)];
    context.beginPath();
    context.arc(place(points[2 * i], size), placeY(points[2 * i + 1], size), 2.2, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
  return n;
}

/** Thin triangles along the gradients, at most an eighth of the square's side, longer for larger gradients. */
export function paintArrows(
  context: Context,
  size: number,
  points: ArrayLike<number>,
  gradients: ArrayLike<number>,
  colour: string,
): number {
  const n = points.length / 2;
  context.fillStyle = colour;
  context.globalAlpha = 0.6;
  context.beginPath();
  for (let i = 0; i < n; i += 1) {
    const [gx, gy] = [gradients[2 * i], gradients[2 * i + 1]];
    const length = Math.hypot(gx, gy);
    if (length === 0) continue;
    const reach = Math.min(0.3 * length, 0.24) * (size / 2);
    const [ux, uy] = [gx / length, -gy / length];
    const [x, y] = [place(points[2 * i], size), placeY(points[2 * i + 1], size)];
    context.moveTo(x - uy * 1.5, y + ux * 1.5);
    context.lineTo(x + uy * 1.5, y - ux * 1.5);
    context.lineTo(x + ux * reach, y + uy * reach);
    context.closePath();
  }
  context.fill();
  context.globalAlpha = 1;
  return n;
}

/** Normal density's share of a grid cell, for Gaussian noise; uniform noise gives every cell the same. */
function cellShare(column: number, row: number, gaussian: boolean): number {
  if (!gaussian) return 1 / (GRID - 1) ** 2;
  const at = (i: number) => (5 * (i + 0.5)) / (GRID - 1) - 2.5;
  const step = 5 / (GRID - 1);
  return (Math.exp(-(at(column) ** 2 + at(row) ** 2) / 2) / (2 * Math.PI)) * step * step;
}

/** The bent grid (GRID, GRID, 2): a cell is the darker, the more noise is pressed into the less area. Or the bent line (n, 2). */
export function paintManifold(
  context: Context,
  size: number,
  points: ArrayLike<number>,
  colour: string,
  { gaussian, line }: { gaussian: boolean; line: boolean },
): number {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  const at = (i: number): [number, number] => [place(points[2 * i], size), placeY(points[2 * i + 1], size)];
  if (line) {
    const n = points.length / 2;
    context.lineWidth = 2;
    context.beginPath();
    for (let i = 0; i < n; i += 1) context.lineTo(...at(i));
    context.stroke();
    return n - 1;
  }
  context.lineWidth = 0.5;
  for (let row = 0; row < GRID - 1; row += 1)
    for (let column = 0; column < GRID - 1; column += 1) {
      const first = row * GRID + column;
      const corners = [first, first + 1, first + GRID + 1, first + GRID];
      let area = 0;
      corners.forEach((corner, k) => {
        const next = corners[(k + 1) % 4];
        area += (points[2 * corner] * points[2 * next + 1] - points[2 * next] * points[2 * corner + 1]) / 2;
      });
      const density = cellShare(column, row, gaussian) / Math.max(Math.abs(area) / 4, 1e-7);
      context.globalAlpha = Math.max(0.05, Math.min(0.85, 0.11 * Math.sqrt(density)));
      context.beginPath();
      for (const corner of corners) context.lineTo(...at(corner));
      context.closePath();
      context.fill();
      context.globalAlpha = Math.max(context.globalAlpha, 0.35);
      context.stroke();
    }
  context.globalAlpha = 1;
  return (GRID - 1) ** 2;
}
