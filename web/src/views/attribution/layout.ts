// Where does each unit of a graph stand? Layers in rows, the output on top; in a comparison only A | shared | only B.
import type { GraphEdge, GraphNode, LayerPlace, Side } from "./answers";

export interface Placed {
  node: GraphNode;
  x: number;
  y: number;
  size: number;
}

export interface Row {
  layer: LayerPlace;
  y: number;
  height: number;
  nodes: Placed[];
}

export interface Zone {
  side: Side;
  x: number;
  width: number;
}

export interface Layout {
  width: number;
  height: number;
  rows: Row[];
  zones: Zone[];
  at: Map<string, Placed>;
}

export interface Spread {
  /** Between tiles of a row, in pixels. */
  across: number;
  /** Between rows, in pixels. */
  down: number;
}

export const MARGIN = 92;
export const TOP = 76;
export const LABEL = 15;
export const BARS = 12;
export const LARGEST = 52;
export const SMALLEST = 28;
const ZONE_LEAST = 92;
const PAD = 14;

/** The larger share of A's and B's instances in which a unit is among the most active. */
export function strength(node: GraphNode, sizes: (number | null)[], most: number): number {
  return Math.max(...node.sides.map((side, i) => side.count / (sizes[i] || most || 1)));
}

/** Nodes whose share reaches what is asked, with the edges between them. */
export function filtered(
  nodes: GraphNode[],
  edges: GraphEdge[],
  sizes: (number | null)[],
  least: number,
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const most = mostOf(nodes);
  const kept = nodes.filter((node) => strength(node, sizes, most) >= least);
  const ids = new Set(kept.map((node) => node.id));
  return { nodes: kept, edges: edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)) };
}

/** How many units of each layer both graphs have, only A, only B. */
export function overlapOf(layers: LayerPlace[], nodes: GraphNode[]): Record<string, [number, number, number]> {
  const of = (layer: string, side: Side) => nodes.filter((node) => node.layer === layer && node.side === side).length;
  return Object.fromEntries(layers.map(({ name }) => [name, [of(name, "both"), of(name, "a"), of(name, "b")]]));
}

export function mostOf(nodes: GraphNode[]): number {
  return Math.max(1, ...nodes.flatMap((node) => node.sides.map((side) => side.count)));
}

/** Place the nodes: sizes are linear in the share of instances, the largest first, wrapped where a row is full. */
export function arrange(
  layers: LayerPlace[],
  nodes: GraphNode[],
  sizes: (number | null)[],
  width: number,
  spread: Spread,
  compared: boolean,
): Layout {
  const most = mostOf(nodes);
  const share = (node: GraphNode) => strength(node, sizes, most);
  const sized = (node: GraphNode) => Math.round(SMALLEST + (LARGEST - SMALLEST) * Math.min(1, share(node)));
  const sides: Side[] = compared ? ["a", "both", "b"] : ["a"];
  const counts = sides.map((side) =>
    Math.max(0, ...layers.map((layer) => nodes.filter((node) => node.layer === layer.name && node.side === side).length)),
  );
  const cell = LARGEST + spread.across;
  const tight = SMALLEST + 8;
  const inner = Math.max(width - MARGIN - PAD, sides.length * ZONE_LEAST);
  const wanted = counts.map((n) => Math.max(ZONE_LEAST, n * cell + spread.across));
  const sum = wanted.reduce((a, b) => a + b, 0);
  const spare = inner - sides.length * ZONE_LEAST;
  const over = sum - sides.length * ZONE_LEAST;
  const widths = wanted.map((w) => (over > 0 ? ZONE_LEAST + ((w - ZONE_LEAST) / over) * spare : inner / sides.length));
  let x = MARGIN;
  const zones = sides.map<Zone>((side, i) => {
    const zone = { side, x, width: widths[i] };
    x += widths[i];
    return zone;
  });
  const at = new Map<string, Placed>();
  const rows: Row[] = [];
  let y = TOP;
  for (const layer of [...layers].reverse()) {
    const placed: Placed[] = [];
    let lines = 1;
    for (const zone of zones) {
      const mine = nodes
        .filter((node) => node.layer === layer.name && node.side === zone.side)
        .sort((one, other) => share(other) - share(one) || one.unit - other.unit);
      const room = zone.width - 8;
      const own = Math.min(cell, Math.max(tight, room / Math.max(1, mine.length)));
      const fit = Math.max(1, Math.floor(room / own + 1e-9));
      lines = Math.max(lines, Math.ceil(mine.length / fit));
      for (let start = 0; start < mine.length; start += fit) {
        const line = mine.slice(start, start + fit);
        const left = zone.x + (zone.width - line.length * own) / 2 + own / 2;
        line.forEach((node, i) => {
          const size = Math.min(sized(node), Math.round(own) - 6);
          const one = { node, size, x: left + i * own, y: y + (start / fit) * lineHeight() + LABEL + LARGEST / 2 };
          placed.push(one);
          at.set(node.id, one);
        });
      }
    }
    const height = lines * lineHeight();
    rows.push({ layer, y, height, nodes: placed });
    y += height + spread.down;
  }
  return {
    width: Math.max(width, MARGIN + widths.reduce((a, b) => a + b, 0) + PAD),
    height: y - spread.down + PAD,
    rows,
    zones,
    at,
  };
}

export function lineHeight(): number {
  return LABEL + LARGEST + BARS + 6;
}

/** A curve from below a tile's number (the source, nearer the input) up to below the target's bars. */
export function curve(source: Placed, target: Placed): string {
  const y1 = source.y - source.size / 2 - LABEL;
  const y2 = target.y + target.size / 2 + BARS;
  const reach = Math.max(18, Math.abs(y1 - y2) * 0.5);
  return `M${source.x.toFixed(1)} ${y1.toFixed(1)}C${source.x.toFixed(1)} ${(y1 - reach).toFixed(1)} ${target.x.toFixed(1)} ${(
    y2 + reach
  ).toFixed(1)} ${target.x.toFixed(1)} ${y2.toFixed(1)}`;
}

/** The unit that an arrow key leads to. */
export function neighbour(layout: Layout, edges: GraphEdge[], id: string, key: string): string | null {
  const here = layout.at.get(id);
  if (!here) return null;
  const row = layout.rows.findIndex((one) => one.layer.name === here.node.layer);
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const line = [...layout.rows[row].nodes].sort((a, b) => a.y - b.y || a.x - b.x);
    const next = line[line.findIndex((one) => one.node.id === id) + (key === "ArrowLeft" ? -1 : 1)];
    return next?.node.id ?? null;
  }
  const up = key === "ArrowUp";
  const joined = edges
    .filter((edge) => (up ? edge.source : edge.target) === id)
    .sort((a, b) => weightOf(b) - weightOf(a))
    .map((edge) => (up ? edge.target : edge.source));
  if (joined.length) return joined[0];
  for (let at = row + (up ? -1 : 1); at >= 0 && at < layout.rows.length; at += up ? -1 : 1) {
    const nodes = layout.rows[at].nodes;
    if (nodes.length) return nodes.reduce((a, b) => (Math.abs(b.x - here.x) < Math.abs(a.x - here.x) ? b : a)).node.id;
  }
  return null;
}

export function weightOf(edge: GraphEdge): number {
  return Math.max(...edge.sides.map((side) => side?.count ?? 0));
}
