// Moving over a drawing: frames that come early, late, or began before the move.
import { expect, test } from "vitest";
import { elapsed } from "./camera";

test("a move goes from its beginning to its end and never before or beyond", () => {
  expect([-400, 0, 50, 200, 900].map((after) => elapsed(1000, 1000 + after, 200))).toEqual([0, 0, 0.25, 1, 1]);
});
