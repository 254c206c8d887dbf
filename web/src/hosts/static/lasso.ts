// Which points lie in a lasso? By the even-odd rule, as the server does it.
import { HostError } from "../../runtime/host";
import type { Table } from "./sql/select";
import { has } from "./sql/vectors";

export function rowsInside(table: Table, layer: string, polygon: [number, number][]): number[] {
  const [x, y] = [table.columns.get(`x.${layer}`), table.columns.get(`y.${layer}`)];
  if (!x || !y) throw new HostError(`${layer} has no projection in this page`);
  if (polygon.length < 3 || !polygon.flat().every(Number.isFinite))
    throw new HostError("a lasso needs at least 3 corners, each of two numbers");
  const rows: number[] = [];
  for (let row = 0; row < table.n; row++) {
    if (!has(x, row) || !has(y, row)) continue;
    const [px, py] = [x.values[row] as number, y.values[row] as number];
    let inside = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
      const [[ax, ay], [bx, by]] = [polygon[j], polygon[i]];
      if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) inside = !inside;
    }
    if (inside) rows.push(row);
  }
  return rows;
}
