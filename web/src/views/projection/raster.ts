// How are a hundred thousand points drawn sixty times a second without a graphics card?
//
// By writing their pixels ourselves: a disc of a few pixels is a handful of writes into the canvas's memory, where the canvas
// needs a call for each. Half-covered pixels on the rim are blended, all others are plain writes.

/** Bytes R, G, B, A in the order of memory, as one number. */
export type Pixel = number;

export function pixel(r: number, g: number, b: number): Pixel {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

export interface Sprite {
  dx: Int16Array;
  dy: Int16Array;
  /** The colour of each pixel. */
  colour: Uint32Array;
  /** How much of it is covered, 0 to 256. */
  covered: Uint16Array;
  /** Red and blue, and green, multiplied by it: half of a blend, done once. */
  redBlue: Int32Array;
  green: Int32Array;
  /** Whether every pixel is covered whole, so that nothing has to be blended. */
  solid: boolean;
  /** How far it reaches from its middle, in pixels. */
  reach: number;
}

export interface Picture {
  width: number;
  height: number;
  /** Opaque all over: it is filled with the ground before anything is stamped. */
  pixels: Uint32Array;
}

export interface Edge {
  colour: Pixel;
  width: number;
}

/**
 * A disc, with a rim of another colour if it is given one.
 *
 * @param smooth blend the pixels it covers in part; otherwise a pixel is in or out, which is faster
 */
export function disc(radius: number, fill: Pixel, smooth: boolean, edge: Edge | null = null): Sprite {
  return shape(radius, smooth, (distance) => {
    const covered = clamp(radius + 0.5 - distance);
    if (!covered) return null;
    const inside = edge === null ? 1 : clamp(radius - edge.width + 0.5 - distance);
    return { colour: edge === null ? fill : mix(edge.colour, fill, inside), covered };
  });
}

/** A diagonal cross: the sign for "no value". */
export function cross(radius: number, colour: Pixel, smooth: boolean): Sprite {
  return shape(radius, smooth, (distance, x, y) => {
    const away = Math.min(Math.abs(x - y), Math.abs(x + y)) / Math.SQRT2;
    const covered = clamp(1.1 - away) * clamp(radius + 0.5 - distance);
    return covered ? { colour, covered } : null;
  });
}

function shape(
  radius: number,
  smooth: boolean,
  at: (distance: number, x: number, y: number) => { colour: Pixel; covered: number } | null,
): Sprite {
  const reach = Math.ceil(radius + 0.5);
  const [dx, dy, colour, covered]: number[][] = [[], [], [], []];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const found = at(Math.hypot(x, y), x, y);
      const part = found ? (smooth ? Math.round(256 * found.covered) : found.covered >= 0.5 ? 256 : 0) : 0;
      if (!found || !part) continue;
      dx.push(x);
      dy.push(y);
      colour.push(found.colour);
      covered.push(part);
    }
  }
  return {
    dx: Int16Array.from(dx),
    dy: Int16Array.from(dy),
    colour: Uint32Array.from(colour),
    covered: Uint16Array.from(covered),
    redBlue: Int32Array.from(colour, (one, i) => Math.imul(one & 0xff00ff, covered[i])),
    green: Int32Array.from(colour, (one, i) => Math.imul(one & 0x00ff00, covered[i])),
    solid: covered.every((part) => part === 256),
    reach,
  };
}

/**
 * Stamp sprites at places.
 *
 * @param order which points, in the order they are stamped: later ones lie on top
 * @param sx,sy places on the picture in its pixels
 * @param code for each point the sprite it takes; null: the first one
 * @returns how many were within the picture, by sprite
 */
export function stamp(
  picture: Picture,
  order: Int32Array,
  sx: Float32Array,
  sy: Float32Array,
  code: Uint8Array | null,
  sprites: readonly Sprite[],
): Int32Array {
  const { width, height, pixels } = picture;
  const drawn = new Int32Array(sprites.length);
  const offsets = sprites.map((sprite) => Int32Array.from(sprite.dx, (dx, i) => sprite.dy[i] * width + dx));
  for (let k = 0; k < order.length; k++) {
    const point = order[k];
    const kind = code === null ? 0 : code[point];
    const sprite = sprites[kind];
    const reach = sprite.reach;
    const x = (sx[point] + 0.5) | 0;
    const y = (sy[point] + 0.5) | 0;
    if (x < reach || y < reach || x >= width - reach || y >= height - reach) {
      drawn[kind] += stampAtEdge(picture, sprite, sx[point], sy[point]);
      continue;
    }
    drawn[kind] += 1;
    const base = y * width + x;
    const offset = offsets[kind];
    const colour = sprite.colour;
    if (sprite.solid) {
      for (let i = 0; i < offset.length; i++) pixels[base + offset[i]] = colour[i];
      continue;
    }
    const covered = sprite.covered;
    for (let i = 0; i < offset.length; i++) {
      const at = base + offset[i];
      pixels[at] = covered[i] === 256 ? colour[i] : over(sprite, i, pixels[at]);
    }
  }
  return drawn;
}

/** One sprite that may reach beyond the picture; whether its middle is within, as 1 or 0. */
function stampAtEdge(picture: Picture, sprite: Sprite, sx: number, sy: number): number {
  const { width, height, pixels } = picture;
  const [x, y] = [Math.round(sx), Math.round(sy)];
  const { reach } = sprite;
  if (!(x >= -reach && x < width + reach && y >= -reach && y < height + reach)) return 0;
  for (let i = 0; i < sprite.dx.length; i++) {
    const [px, py] = [x + sprite.dx[i], y + sprite.dy[i]];
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    pixels[py * width + px] = over(sprite, i, pixels[py * width + px]);
  }
  return x >= 0 && x < width && y >= 0 && y < height ? 1 : 0;
}

/** A pixel of a sprite over an opaque one: red and blue in one multiplication, green in another. */
function over(sprite: Sprite, i: number, below: Pixel): Pixel {
  const rest = 256 - sprite.covered[i];
  const redBlue = (sprite.redBlue[i] + Math.imul(below & 0xff00ff, rest)) >>> 8;
  const green = (sprite.green[i] + Math.imul(below & 0x00ff00, rest)) >>> 8;
  return (redBlue & 0xff00ff) | (green & 0x00ff00) | 0xff000000;
}

function mix(a: Pixel, b: Pixel, share: number): Pixel {
  const channel = (shift: number) => Math.round(((a >>> shift) & 255) * (1 - share) + ((b >>> shift) & 255) * share);
  return pixel(channel(0), channel(8), channel(16));
}

const clamp = (value: number) => (value < 0 ? 0 : value > 1 ? 1 : value);
