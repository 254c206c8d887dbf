// One level of a drawing for a layout: boxes of known size, doors in its frame, edges between them; and what comes back.

export interface LevelTask {
  /** Pixels between ranks. */
  gap: number;
  /** Width and height of each box, in reading direction downwards. */
  boxes: [number, number][];
  /** Doors through which edges come in at the top and leave at the bottom. */
  entries: number;
  exits: number;
  /** From and to: a box by its place; an entry or an exit by its place after the boxes (entries first). */
  edges: [number, number][];
}

export interface LevelPlaces {
  width: number;
  height: number;
  /** Left and top of each box. */
  boxes: [number, number][];
  /** x of each door. */
  entries: number[];
  exits: number[];
  /** Points of each edge, from its start to its end. */
  edges: [number, number][][];
  /** Which layout made it. */
  by: "dagre" | "ranks";
}

export const BETWEEN_BOXES = 22;
export const DOOR = 10;
