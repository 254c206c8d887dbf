// Which labels lie inside a line drawn on their map? It is kept in whole numbers, so that an address gives the same labels.
export interface Places {
  x: Float32Array;
  y: Float32Array;
}
/** Corners as x, y, x, y …, in thousandths of the extent of the map, upwards. */
export type Lasso = number[];
export interface Extent {
  x0: number;
  y0: number;
  width: number;
  height: number;
}

const UNIT = 1000;
const MOST_CORNERS = 150;

/** Where the labels with a place lie; null if there is none. */
export function extentOf({ x, y }: Places): Extent | null {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < x.length; i += 1) {
    if (Number.isNaN(x[i])) continue;
    x0 = Math.min(x0, x[i]);
    x1 = Math.max(x1, x[i]);
    y0 = Math.min(y0, y[i]);
    y1 = Math.max(y1, y[i]);
  }
  return x0 > x1 ? null : { x0, y0, width: Math.max(1e-9, x1 - x0), height: Math.max(1e-9, y1 - y0) };
}

/** A line of corners from 0 to 1, with so few of them that an address can hold it. */
export function lassoOf(line: [number, number][]): Lasso {
  const step = Math.max(1, Math.ceil(line.length / MOST_CORNERS));
  return line.filter((_, i) => i % step === 0).flatMap(([x, y]) => [Math.round(UNIT * x), Math.round(UNIT * y)]);
}

/** The lasso of an address; null if it is none. */
export function readLasso(given: unknown): Lasso | null {
  if (!Array.isArray(given) || given.length < 6 || given.length % 2 || given.length > 2 * MOST_CORNERS) return null;
  return given.every((one) => Number.isInteger(one) && Math.abs(one) <= 10 * UNIT) ? (given as Lasso) : null;
}

/** One byte a label: whether it lies inside; null if none does. */
export function labelsInside(lasso: Lasso, places: Places): Uint8Array | null {
  const extent = extentOf(places);
  if (!extent) return null;
  const found = Uint8Array.from(places.x, (x, i) =>
    holds(lasso, (UNIT * (x - extent.x0)) / extent.width, (UNIT * (places.y[i] - extent.y0)) / extent.height) ? 1 : 0,
  );
  return found.some((one) => one) ? found : null;
}

/** By how often a ray to the right crosses the line; what is no number lies outside. */
function holds(lasso: Lasso, x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = lasso.length - 2; i < lasso.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [lasso[i], lasso[i + 1], lasso[j], lasso[j + 1]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}
