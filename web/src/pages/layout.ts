// Where do the tiles of a page lie? On 12 columns, each as high up as it can; what is moved or resized pushes others down.

export const COLUMNS = 12;
/** Pixels of one row, its hairline included. */
export const ROW = 48;
export const MOST_ROWS = 400;

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}
interface Placed extends Place {
  id: string;
}

const middle = (place: Place) => place.y + place.height / 2;
const besides = (a: Place, b: Place) => a.x < b.x + b.width && b.x < a.x + a.width;

export function overlap(a: Place, b: Place): boolean {
  return besides(a, b) && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The same place, within the columns and not smaller than one cell. */
export function within(place: Place): Place {
  const width = clamp(Math.round(place.width), 1, COLUMNS);
  const height = clamp(Math.round(place.height), 1, MOST_ROWS / 4);
  return { width, height, x: clamp(Math.round(place.x), 0, COLUMNS - width), y: Math.max(0, Math.round(place.y)) };
}

/** Put tiles, in the order given, each as high as the ones before it allow. */
function pack<T extends Placed>(ordered: T[]): T[] {
  const done: T[] = [];
  for (const tile of ordered) {
    const y = Math.max(0, ...done.filter((other) => besides(other, tile)).map((other) => other.y + other.height));
    done.push(y === tile.y ? tile : { ...tile, y });
  }
  return done;
}

/** In reading order: from above, then from the left. */
export function inOrder<T extends Place>(tiles: readonly T[]): T[] {
  return [...tiles].sort((a, b) => a.y - b.y || a.x - b.x);
}

function arranged<T extends Placed>(tiles: readonly T[], changed: T, at: number): T[] {
  const order = tiles.map((tile) =>
    tile.id === changed.id ? { tile: changed, at, first: 0 } : { tile, at: middle(tile), first: 1 },
  );
  order.sort((a, b) => a.at - b.at || a.first - b.first || a.tile.x - b.tile.x);
  const packed = new Map(pack(order.map((one) => one.tile)).map((tile) => [tile.id, tile]));
  return tiles.map((tile) => packed.get(tile.id)!);
}

/** Move a tile to a column and a row; what lies there goes below it, or above it if most of it has been passed. */
export function move<T extends Placed>(tiles: readonly T[], id: string, to: { x: number; y: number }): T[] {
  const tile = tiles.find((one) => one.id === id);
  if (!tile) return [...tiles];
  const place = within({ ...tile, ...to });
  const down = place.y > tile.y;
  const edge = down ? place.y + place.height : place.y;
  const passed = tiles.filter((one) => one.id !== id && besides(one, place)).map(middle);
  // of a tile that goes down its lower edge decides what it has passed, else its upper one
  const at = down
    ? Math.max(middle(place), ...passed.filter((one) => one < edge).map((one) => one + 0.01))
    : Math.min(middle(place), ...passed.filter((one) => one >= edge).map((one) => one - 0.01));
  return arranged(tiles, { ...tile, ...place }, at);
}

/** Move a tile by one step of an arrow key: a column to the side, past the next tile above or below. */
export function step<T extends Placed>(tiles: readonly T[], id: string, dx: number, dy: number): T[] {
  const tile = tiles.find((one) => one.id === id);
  if (!tile) return [...tiles];
  if (dx) return move(tiles, id, { x: tile.x + dx, y: tile.y });
  const others = tiles.filter((one) => one.id !== id && besides(one, tile));
  const next =
    dy > 0
      ? others.filter((one) => one.y >= tile.y + tile.height).sort((a, b) => a.y - b.y)[0]
      : others.filter((one) => one.y + one.height <= tile.y).sort((a, b) => b.y - a.y)[0];
  if (!next) return [...tiles];
  return arranged(tiles, { ...tile }, middle(next) + Math.sign(dy) * 0.01);
}

/** Give a tile another size; what no longer fits beside it goes below. */
export function resize<T extends Placed>(tiles: readonly T[], id: string, size: { width: number; height: number }): T[] {
  const tile = tiles.find((one) => one.id === id);
  if (!tile) return [...tiles];
  const width = clamp(Math.round(size.width), 1, COLUMNS - tile.x);
  const height = clamp(Math.round(size.height), 1, MOST_ROWS / 4);
  return arranged(tiles, { ...tile, width, height }, middle(tile) - 0.01);
}

/** Add a tile of a size where there is room, first below all others that it would lie on. */
export function add<T extends Placed>(tiles: readonly T[], tile: T): T[] {
  const bottom = Math.max(0, ...tiles.map((one) => one.y + one.height));
  for (let y = 0; y <= bottom; y++) {
    for (let x = 0; x + tile.width <= COLUMNS; x++) {
      const place = { ...tile, x, y };
      if (!tiles.some((one) => overlap(one, place)) && supported(tiles, place)) return [...tiles, place];
    }
  }
  return [...tiles, { ...tile, x: 0, y: bottom }];
}

/** Whether a tile would not fall any higher: it lies at the top or under another. */
function supported(tiles: readonly Placed[], place: Place): boolean {
  const above = tiles.filter((one) => besides(one, place) && one.y < place.y);
  return place.y === Math.max(0, ...above.map((one) => one.y + one.height));
}

/** Without one tile; the others go up as far as they can. */
export function remove<T extends Placed>(tiles: readonly T[], id: string): T[] {
  const rest = tiles.filter((one) => one.id !== id);
  const packed = new Map(pack([...rest].sort((a, b) => middle(a) - middle(b) || a.x - b.x)).map((tile) => [tile.id, tile]));
  return rest.map((tile) => packed.get(tile.id)!);
}

/** An id that no tile has. */
export function freeId(ids: readonly string[]): string {
  const taken = new Set(ids);
  for (let number = ids.length + 1; ; number++) if (!taken.has(`t${number}`)) return `t${number}`;
}

/** A place in words. */
export function inWords({ x, y, width, height }: Place): string {
  const span = (from: number, count: number) => (count === 1 ? `${from + 1}` : `${from + 1} to ${from + count}`);
  return `${width === 1 ? "column" : "columns"} ${span(x, width)}, ${height === 1 ? "row" : "rows"} ${span(y, height)}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
