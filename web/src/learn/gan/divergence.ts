// How far apart are two clouds of points? Kullback-Leibler and Jensen-Shannon divergence of their histograms, in bits.
//
// Both histograms go over the whole square and hold every sample: a point on or outside the border counts in the cell next to it.
// (The original GAN Lab built the histogram of the real samples with splice(start, end) where splice takes (start, count), so that
// it was made of a shrinking list, and left cells outside the grid uncounted.)

export const CELLS = 30;
/** Added to every cell before normalising: KL is infinite where a cell has real samples and no fakes at all. */
export const SMOOTHING = 1e-4;

/** Share of the points (n, 2) in each of CELLS × CELLS cells of the square from −1 to 1, row by row from the bottom. */
export function histogram(points: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const shares = new Float64Array(CELLS * CELLS);
  const n = points.length / 2;
  const cell = (value: number) => Math.max(0, Math.min(CELLS - 1, Math.floor(((value + 1) / 2) * CELLS)));
  for (let i = 0; i < n; i += 1) shares[cell(points[2 * i + 1]) * CELLS + cell(points[2 * i])] += 1 / n;
  return shares;
}

/** Sum of p log₂(p / q) over cells, of smoothed shares. 0 if they are the same. */
export function klDivergence(p: Float64Array, q: Float64Array): number {
  const whole = 1 + SMOOTHING * p.length;
  let sum = 0;
  for (let i = 0; i < p.length; i += 1) {
    const [a, b] = [(p[i] + SMOOTHING) / whole, (q[i] + SMOOTHING) / whole];
    sum += a * Math.log2(a / b);
  }
  return sum;
}

/** Mean of the KL divergences of both to their mean; 0 if they are the same, 1 bit if they share no cell. No smoothing needed. */
export function jsDivergence(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i += 1) {
    const mean = (p[i] + q[i]) / 2;
    if (p[i] > 0) sum += (p[i] * Math.log2(p[i] / mean)) / 2;
    if (q[i] > 0) sum += (q[i] * Math.log2(q[i] / mean)) / 2;
  }
  return sum;
}
