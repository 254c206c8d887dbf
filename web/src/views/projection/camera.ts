// Which part of the plane is on the screen? One scale for both axes, so that distances can be compared in any direction.

export interface Camera {
  /** The place in the plane that stands in the middle of the screen. */
  x: number;
  y: number;
  /** Pixels per unit of the plane. */
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export type Extent = readonly [number, number, number, number];

const PAD = 28;
export const CLOSEST = 400;
export const FARTHEST = 0.4;

/** All of an extent on the screen, with a margin. */
export function fit([x0, y0, x1, y1]: Extent, { width, height }: Size): Camera {
  const [w, h] = [x1 - x0, y1 - y0];
  const across = w > 0 ? (width - 2 * PAD) / w : Infinity;
  const down = h > 0 ? (height - 2 * PAD) / h : Infinity;
  const scale = Math.min(across, down);
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale: Number.isFinite(scale) && scale > 0 ? scale : 1 };
}

/** Upwards is up: y of the plane grows against y of the screen. */
export function toScreen(camera: Camera, size: Size, x: number, y: number): [number, number] {
  return [(x - camera.x) * camera.scale + size.width / 2, (camera.y - y) * camera.scale + size.height / 2];
}

export function toPlane(camera: Camera, size: Size, sx: number, sy: number): [number, number] {
  return [(sx - size.width / 2) / camera.scale + camera.x, camera.y - (sy - size.height / 2) / camera.scale];
}

/** Nearer by a factor; what is under the pointer stays there. `whole` is the scale at which all is seen. */
export function zoom(camera: Camera, size: Size, factor: number, sx: number, sy: number, whole: number): Camera {
  const scale = Math.max(whole * FARTHEST, Math.min(whole * CLOSEST, camera.scale * factor));
  const [px, py] = toPlane(camera, size, sx, sy);
  return { x: px - (sx - size.width / 2) / scale, y: py + (sy - size.height / 2) / scale, scale };
}

export function pan(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale };
}

/** What part of the plane is on the screen, with a margin as a share of it. */
export function seen(camera: Camera, size: Size, margin = 0): [number, number, number, number] {
  const [w, h] = [(size.width / camera.scale) * (0.5 + margin), (size.height / camera.scale) * (0.5 + margin)];
  return [camera.x - w, camera.y - h, camera.x + w, camera.y + h];
}
