// Where one looks: moving and zooming over a drawing, and which part of it is on the screen.
import type { Rect } from "./compound";

/** A point p of the drawing stands at p × k + (x, y) on the screen. */
export interface Camera {
  x: number;
  y: number;
  k: number;
}

export const NEAREST = 3;
export const FARTHEST = 0.0001;
const MARGIN = 24;
const READABLE = 0.8;

export const visible = (camera: Camera, width: number, height: number): Rect => ({
  x: -camera.x / camera.k,
  y: -camera.y / camera.k,
  width: width / camera.k,
  height: height / camera.k,
});

export function zoomed(camera: Camera, factor: number, x: number, y: number): Camera {
  const k = Math.max(FARTHEST, Math.min(NEAREST, camera.k * factor));
  return { k, x: x - ((x - camera.x) * k) / camera.k, y: y - ((y - camera.y) * k) / camera.k };
}

/** All of a rectangle, in the middle. */
export function fitted(rect: Rect, width: number, height: number, most = 1): Camera {
  const room = Math.min((width - 2 * MARGIN) / Math.max(rect.width, 1), (height - 2 * MARGIN) / Math.max(rect.height, 1));
  const k = Math.max(FARTHEST, Math.min(most, room));
  return { k, x: width / 2 - (rect.x + rect.width / 2) * k, y: height / 2 - (rect.y + rect.height / 2) * k };
}

/** What is seen first: all, if its words can be read; else its beginning, at a size at which they can. */
export function beginning(whole: Rect, width: number, height: number, direction: "down" | "right"): Camera {
  const all = fitted(whole, width, height);
  if (all.k >= READABLE) return all;
  const k = Math.max(
    READABLE,
    Math.min(1, direction === "down" ? (width - 2 * MARGIN) / whole.width : (height - 2 * MARGIN) / whole.height),
  );
  return direction === "down"
    ? { k, x: width / 2 - (whole.x + whole.width / 2) * k, y: MARGIN - whole.y * k }
    : { k, x: MARGIN - whole.x * k, y: height / 2 - (whole.y + whole.height / 2) * k };
}

/** As before, but with a rectangle on the screen: moved no more than needed, and only if it is not there already. */
export function showing(camera: Camera, rect: Rect, width: number, height: number): Camera {
  const k = Math.max(camera.k, READABLE);
  const at = k === camera.k ? camera : zoomed(camera, k / camera.k, width / 2, height / 2);
  const slide = (start: number, size: number, offset: number, room: number) => {
    const [low, high] = [start * k + offset, (start + size) * k + offset];
    if (high - low > room - 2 * MARGIN) return MARGIN - start * k;
    if (low < MARGIN) return offset + MARGIN - low;
    if (high > room - MARGIN) return offset + room - MARGIN - high;
    return offset;
  };
  return { k, x: slide(rect.x, rect.width, at.x, width), y: slide(rect.y, rect.height, at.y, height) };
}

/** The camera with which a point of the drawing that has moved stands where it stood. */
export function held(camera: Camera, before: { x: number; y: number }, after: { x: number; y: number }): Camera {
  return { ...camera, x: camera.x + (before.x - after.x) * camera.k, y: camera.y + (before.y - after.y) * camera.k };
}

export const contains = (outer: Rect, inner: Rect) =>
  outer.x <= inner.x &&
  outer.y <= inner.y &&
  outer.x + outer.width >= inner.x + inner.width &&
  outer.y + outer.height >= inner.y + inner.height;

export const widened = (rect: Rect, by: number): Rect => ({
  x: rect.x - rect.width * by,
  y: rect.y - rect.height * by,
  width: rect.width * (1 + 2 * by),
  height: rect.height * (1 + 2 * by),
});

export const between = (a: number, b: number, t: number) => a + (b - a) * t;

/** How much of a move is over, 0 to 1. A busy browser's first frame may have begun before the move. */
export const elapsed = (began: number, now: number, milliseconds: number): number =>
  Math.max(0, Math.min(1, (now - began) / milliseconds));
