// Where does the card of what is pointed at stand, so that it hides no unit that it speaks of?

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A tile that is hidden, all of it, costs as much as so many pixels of distance from the pointer. */
const HIDDEN = 400;
const HIDDEN_LIT = 20 * HIDDEN;
const STEP = 16;
const GAP = 14;

const shared = (a: Box, b: Box) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
  Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
const area = (one: Box) => (one.right - one.left) * (one.bottom - one.top);

/**
 * The best place for a card within the room.
 *
 * @param at what is pointed at; the card keeps off it
 * @param lit tiles that stay in colour: hidden only if there is no other way
 * @param others tiles that are grey now: hidden where the way around them is far
 */
export function placeCard(
  card: { width: number; height: number },
  room: Box,
  at: Box,
  lit: readonly Box[],
  others: readonly Box[],
): { left: number; top: number } {
  let best = { left: room.left, top: room.top };
  let least = Infinity;
  const right = Math.max(room.left, room.right - card.width);
  const bottom = Math.max(room.top, room.bottom - card.height);
  const steps = (from: number, to: number, more: number[]) => [
    ...Array.from({ length: Math.floor((to - from) / STEP) + 1 }, (_, i) => from + i * STEP),
    ...more.map((one) => Math.min(to, Math.max(from, one))),
    to,
  ];
  for (const left of steps(room.left, right, [at.right + GAP, at.left - GAP - card.width])) {
    for (const top of steps(room.top, bottom, [at.bottom + GAP, at.top - GAP - card.height, at.top])) {
      const here = { left, top, right: left + card.width, bottom: top + card.height };
      const aside = Math.max(0, left - at.right, at.left - here.right);
      const below = Math.max(0, top - at.bottom, at.top - here.bottom);
      let cost = Math.hypot(aside, below);
      if (shared(here, at) > 0) cost += HIDDEN_LIT;
      for (const tile of lit) cost += (HIDDEN_LIT * shared(here, tile)) / area(tile);
      for (const tile of others) cost += (HIDDEN * shared(here, tile)) / area(tile);
      if (cost < least) [best, least] = [{ left, top }, cost];
    }
  }
  return best;
}
