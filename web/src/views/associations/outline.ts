// The outline of a violin: how wide it is at each bin, drawn as one smooth path.

/** Half widths grow with the root of the count, so that few labels are seen beside many. */
export interface Lane {
  left: number;
  step: number;
  middle: number;
  /** Largest half width, and the smoothed count that has it. */
  half: number;
  most: number;
}

/** Each bin with a half of its neighbours; the ends keep their own. */
export function smooth(bins: Uint32Array): number[] {
  return Array.from(bins, (n, i) => (2 * n + (bins[i - 1] ?? n) + (bins[i + 1] ?? n)) / 4);
}

export function outline(bins: Uint32Array, { left, step, middle, half, most }: Lane): string {
  const width = (n: number) => (n === 0 ? 0 : Math.max(0.75, (half * Math.sqrt(n)) / Math.sqrt(most)));
  const points = smooth(bins).map((n, i): [number, number] => [left + (i + 0.5) * step, width(n)]);
  const edge: [number, number][] = [[left, points[0]?.[1] ?? 0], ...points, [left + bins.length * step, points.at(-1)?.[1] ?? 0]];
  const upper = curve(edge.map(([x, w]) => [x, middle - w]));
  const lower = curve(edge.map(([x, w]): [number, number] => [x, middle + w]).reverse());
  return `M${edge[0][0]},${middle}${upper}${lower}Z`;
}

/** Through the middles between points, so that the outline is smooth and never overshoots. */
function curve(points: [number, number][]): string {
  let text = `L${points[0][0]},${points[0][1].toFixed(2)}`;
  for (let i = 1; i < points.length; i += 1) {
    const [px, py] = points[i - 1];
    const [qx, qy] = points[i];
    text += `Q${px},${py.toFixed(2)} ${((px + qx) / 2).toFixed(2)},${((py + qy) / 2).toFixed(2)}`;
  }
  const [x, y] = points[points.length - 1];
  return `${text}L${x},${y.toFixed(2)}`;
}
