// How does one frame of the scatter come about? Places on the screen, then points, quiet ones first, the picked ones ringed on top.
import type { Camera, Size } from "./camera";
import type { Colouring } from "./colouring";
import type { Density, Points } from "./points";
import { cross, disc, pixel, stamp, type Picture, type Pixel, type Sprite } from "./raster";

/** Colours of the theme, by token. */
export type Palette = (token: string) => Pixel;

export interface Look {
  ground: Pixel;
  sprites: Sprite[];
  /** Of what is outside the selection: a disc, and a cross for no value. */
  quiet: Sprite[];
  ring: Sprite;
  gap: Sprite;
  /** Picked points in place of their ring, where nothing is coloured by a column. */
  plain: Sprite;
}

/** Above so many points their rims are not blended: they are too small for it to be seen, and it costs most of the time. */
export const SMOOTH = 30_000;
/** Above so many picked points their rings are thin. */
const MANY_PICKED = 5_000;

/** Up to how many points on the screen each radius is drawn, in CSS pixels. */
const RADII: readonly [number, number][] = [
  [300, 4.5],
  [3_000, 3.5],
  [12_000, 2.5],
  [SMOOTH, 1.8],
  [Infinity, 1.3],
];

/** How crowded the screen is: the place of its radius, 0 for few points. */
export function crowding(n: number): number {
  return RADII.findIndex(([most]) => n <= most);
}

export const radiusAt = (crowd: number): number => RADII[crowd][1];

/**
 * The sprites of a colouring.
 *
 * @param ratio pixels of the picture per CSS pixel
 * @param crowd how crowded the screen is: where it is most, points are drawn without blending
 * @param picked how many points are picked: many rings are thin
 */
export function lookOf(colouring: Colouring, crowd: number, picked: number, ratio: number, palette: Palette): Look {
  const radius = radiusAt(crowd);
  const r = radius * ratio;
  const smooth = crowd < RADII.length - 1;
  const [gap, ring] = picked <= MANY_PICKED ? [1.5, 3.5] : [0.8, 1.8];
  const edge = colouring.kind !== "none" && radius >= 2.2 ? { colour: palette("--control"), width: ratio } : null;
  return {
    ground: palette("--surface"),
    sprites: colouring.entries.map(({ token, sign }) =>
      sign === "cross" ? cross(r, palette(token), smooth) : disc(r, palette(token), smooth, edge),
    ),
    quiet: [disc(r, palette("--mark-quiet"), smooth), cross(r, palette("--mark-quiet"), smooth)],
    ring: disc(r + ring * ratio, palette("--selection"), smooth),
    gap: disc(r + gap * ratio, palette("--surface"), smooth),
    plain: disc(r, palette("--selection"), smooth),
  };
}

/** "#1f5fd0", "#fff" or "rgb(31 95 208)" as a pixel. */
export function parseColour(text: string): Pixel {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(text.trim())?.[1];
  if (hex) {
    const [r, g, b] = hex.length < 6 ? [...hex].map((one) => one + one) : [hex.slice(0, 2), hex.slice(2, 4), hex.slice(4, 6)];
    return pixel(parseInt(r, 16), parseInt(g, 16), parseInt(b, 16));
  }
  const numbers = text.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0];
  return pixel(numbers[0], numbers[1], numbers[2]);
}

/** Places of the points in pixels of the picture. */
export function places(points: Points, camera: Camera, size: Size, ratio: number, sx: Float32Array, sy: Float32Array): void {
  const scale = camera.scale * ratio;
  const left = (size.width / 2) * ratio - camera.x * scale;
  const top = (size.height / 2) * ratio + camera.y * scale;
  const { x, y, n } = points;
  for (let i = 0; i < n; i++) {
    sx[i] = x[i] * scale + left;
    sy[i] = top - y[i] * scale;
  }
}

/** Points parted into those that are picked and those that are not, each in the order of drawing. */
export interface Parted {
  inside: Int32Array;
  outside: Int32Array;
  /** For those outside: 1 where the sign is a cross. */
  quiet: Uint8Array;
}

/** Part the points by what is picked; done once a selection, not once a frame. */
export function part(points: Points, rows: Int32Array, byRow: Int32Array): Parted {
  const picked = new Uint8Array(points.n);
  for (const row of rows) {
    const point = row < byRow.length ? byRow[row] : -1;
    if (point >= 0) picked[point] = 1;
  }
  const isCross = points.colouring.entries.map((entry) => (entry.sign === "cross" ? 1 : 0));
  return {
    inside: points.order.filter((point) => picked[point]),
    outside: points.order.filter((point) => !picked[point]),
    quiet: points.code.map((code) => isCross[code]),
  };
}

/** Draw all points; how many of each entry lie within the picture (of the picked ones, while any are). */
export function drawPoints(
  picture: Picture,
  points: Points,
  look: Look,
  sx: Float32Array,
  sy: Float32Array,
  parted: Parted | null,
): Int32Array {
  picture.pixels.fill(look.ground);
  if (!parted) return stamp(picture, points.order, sx, sy, points.code, look.sprites);
  const { inside, outside, quiet } = parted;
  stamp(picture, outside, sx, sy, quiet, look.quiet);
  if (points.colouring.kind === "none") return stamp(picture, inside, sx, sy, null, [look.plain]);
  stamp(picture, inside, sx, sy, null, [look.ring]);
  stamp(picture, inside, sx, sy, null, [look.gap]);
  return stamp(picture, inside, sx, sy, points.code, look.sprites);
}

/** How many points of each entry lie within a picture. */
export function countInside({ width, height }: Picture, points: Points, sx: Float32Array, sy: Float32Array): number[] {
  const all = new Array<number>(points.colouring.entries.length).fill(0);
  for (let i = 0; i < points.n; i++)
    if (sx[i] >= -0.5 && sy[i] >= -0.5 && sx[i] < width - 0.5 && sy[i] < height - 0.5) all[points.code[i]] += 1;
  return all;
}

/**
 * Draw a density: darker is more, on a logarithmic scale. Coloured by a column, a bin has the colour of its commonest value,
 * paler where it holds less, or the step of its mean. What is picked is blue by its share of the bin.
 */
export function drawDensity(
  picture: Picture,
  density: Density,
  picked: Density | null,
  camera: Camera,
  size: Size,
  ratio: number,
  palette: Palette,
): void {
  const { width, height, pixels } = picture;
  pixels.fill(palette("--surface"));
  const steps = [1, 2, 3, 4, 5, 6].map((step) => palette(`--seq-${step}`));
  const [quiet, blue] = [palette("--mark-quiet"), palette("--selection")];
  const scale = camera.scale * ratio;
  const left = (size.width / 2) * ratio + (density.x - camera.x) * scale;
  const bottom = (size.height / 2) * ratio + (camera.y - density.y) * scale;
  const edge = density.step * scale;
  const full = Math.log1p(density.most);
  const ground = palette("--surface");
  const { kind, entries } = density.colouring;
  const tokens = kind === "none" ? [] : entries.map((entry) => palette(entry.token));
  for (let by = 0; by < density.down; by++) {
    const y1 = Math.min(height, Math.round(bottom - by * edge));
    const y0 = Math.max(0, Math.round(bottom - (by + 1) * edge));
    if (y1 <= 0 || y0 >= height) continue;
    for (let bx = 0; bx < density.across; bx++) {
      const bin = by * density.across + bx;
      const n = density.counts[bin];
      if (!n) continue;
      const x0 = Math.max(0, Math.round(left + bx * edge));
      const x1 = Math.min(width, Math.round(left + (bx + 1) * edge));
      if (x1 <= 0 || x0 >= width) continue;
      const depth = Math.log1p(n) / full;
      let colour = steps[Math.min(5, Math.floor(6 * depth))];
      if (kind === "categories") colour = blend(ground, tokens[density.code[bin]], 0.3 + 0.7 * depth);
      else if (kind === "amounts") colour = tokens[density.code[bin]];
      if (picked) colour = picked.counts[bin] ? blend(quiet, blue, 0.35 + 0.65 * (picked.counts[bin] / n)) : quiet;
      for (let y = y0; y < y1; y++) pixels.fill(colour, y * width + x0, y * width + x1);
    }
  }
}

function blend(a: Pixel, b: Pixel, share: number): Pixel {
  const channel = (shift: number) => Math.round(((a >>> shift) & 255) * (1 - share) + ((b >>> shift) & 255) * share);
  return pixel(channel(0), channel(8), channel(16));
}

/** The point of each row, −1 where there is none. */
export function indexRows(points: Points): Int32Array {
  let most = -1;
  for (const row of points.row) if (row > most) most = row;
  const byRow = new Int32Array(most + 1).fill(-1);
  for (let i = 0; i < points.n; i++) byRow[points.row[i]] = i;
  return byRow;
}
