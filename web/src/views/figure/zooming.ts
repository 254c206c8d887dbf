// Where does a zoomed sheet lie in its box? What is under the pointer stays: margins and scrolling do what neither does alone.

/** Empty room around the sheet, and how far its box is scrolled, in pixels. */
export interface Place {
  left: number;
  top: number;
  right: number;
  bottom: number;
  scrollLeft: number;
  scrollTop: number;
}

export const LEAST = 0.1;
export const MOST = 6;

/** Where a corner goes when all is enlarged around a point. */
export const kept = (corner: number, around: number, factor: number): number => around - (around - corner) * factor;

interface Wanted {
  /** Of the sheet's corner, seen from its box. */
  left: number;
  top: number;
  width: number;
  height: number;
  room: number;
  tall: number;
}

/** Margins and scrolling that put a sheet's corner where it is wanted. */
export function placed({ left, top, width, height, room, tall }: Wanted): Place {
  return {
    left: Math.max(0, left),
    top: Math.max(0, top),
    right: Math.max(0, room - left - width),
    bottom: Math.max(0, tall - top - height),
    scrollLeft: Math.max(0, -left),
    scrollTop: Math.max(0, -top),
  };
}
