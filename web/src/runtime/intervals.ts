// The 95 % interval of a share: Wilson's, which stays within 0 and 1 and is not zero wide at 0 of n.

const Z = 1.959963984540054;

/** [low, high] of part / whole; null where there is no whole. */
export function wilson(part: number, whole: number, z = Z): [number, number] | null {
  if (whole === 0) return null;
  const p = part / whole;
  const spread = z * z;
  const centre = (p + spread / (2 * whole)) / (1 + spread / whole);
  const half = (z / (1 + spread / whole)) * Math.sqrt((p * (1 - p)) / whole + spread / (4 * whole * whole));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
