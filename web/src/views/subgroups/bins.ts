// Where a number is cut into bins.

/** Inner edges of bins of equal width; null where the numbers do not spread. */
export function equalWidths(low: number, high: number, bins: number): number[] | null {
  if (!(high > low) || bins < 2) return null;
  const step = (high - low) / bins;
  return Array.from({ length: bins - 1 }, (_, i) => Number((low + (i + 1) * step).toPrecision(12)));
}

/** Edges as typed, "25, 45, 65"; null if they are no rising numbers. */
export function readEdges(text: string): number[] | null {
  const parts = text.split(",").map((part) => part.trim());
  const edges = parts.map(Number);
  const fine =
    parts.every((part) => part !== "") && edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1]));
  return fine ? edges : null;
}
