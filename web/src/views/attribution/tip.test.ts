// Does the card of what is pointed at keep off the tiles it speaks of, and stay near where it can?
import { expect, test } from "vitest";
import { placeCard, type Box } from "./tip";

const tile = (x: number, y: number): Box => ({ left: x, top: y, right: x + 50, bottom: y + 50 });
const room = { left: 0, top: 0, right: 600, bottom: 500 };
const card = { width: 236, height: 200 };
const meets = (a: { left: number; top: number }, b: Box) =>
  a.left < b.right && a.left + card.width > b.left && a.top < b.bottom && a.top + card.height > b.top;

test("it stands beside a lone tile", () => {
  const at = tile(100, 100);
  const found = placeCard(card, room, at, [at], []);
  expect(meets(found, at)).toBe(false);
  expect(Math.min(found.left - at.right, found.top - at.bottom)).toBeLessThan(20);
});

test("it hides grey tiles rather than lit ones, and none where there is room", () => {
  const rows = [20, 220, 420].map((y) => Array.from({ length: 10 }, (_, i) => tile(i * 58, y)));
  const at = rows[1][4];
  const lit = [at, ...rows[0].slice(0, 3), ...rows[2].slice(0, 3)];
  const others = rows.flat().filter((one) => !lit.includes(one));
  const found = placeCard(card, room, at, lit, others);
  expect(lit.filter((one) => meets(found, one))).toEqual([]);
  const free = placeCard(card, { ...room, right: 900 }, at, lit, others);
  expect(lit.filter((one) => meets(free, one))).toEqual([]);
});

test("a room smaller than the card still gives a place inside it", () => {
  const found = placeCard(card, { left: 10, top: 20, right: 100, bottom: 90 }, tile(0, 0), [], []);
  expect(found).toEqual({ left: 10, top: 20 });
});
