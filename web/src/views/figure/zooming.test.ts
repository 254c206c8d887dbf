import { expect, test } from "vitest";
import { kept, placed } from "./zooming";

test("what is zoomed around stays, everything else moves away from it", () => {
  expect(kept(10, 10, 3)).toBe(10);
  expect(kept(0, 100, 2)).toBe(-100);
  expect(kept(-50, 100, 0.5)).toBe(25);
});

test.each([
  { left: -100, top: -40, width: 600, height: 300, room: 400, tall: 200 },
  { left: 30, top: 12, width: 100, height: 50, room: 400, tall: 200 },
  { left: -90, top: -30, width: 100, height: 50, room: 400, tall: 200 },
  { left: 350, top: 190, width: 600, height: 300, room: 400, tall: 200 },
])("margins and scrolling reach the corner %o", (wanted) => {
  const { left, top, right, bottom, scrollLeft, scrollTop } = placed(wanted);
  // a box scrolls from 0 to what overflows it
  expect(scrollLeft).toBeLessThanOrEqual(Math.max(0, left + wanted.width + right - wanted.room));
  expect(scrollTop).toBeLessThanOrEqual(Math.max(0, top + wanted.height + bottom - wanted.tall));
  expect([left - scrollLeft, top - scrollTop]).toEqual([wanted.left, wanted.top]);
});
