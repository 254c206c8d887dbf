// Which colour has a value? The theme's ramps with what lies between their steps, ready for canvases and SVG.
import { theme } from "../../runtime/theme.svelte";

const SEQUENTIAL = ["--seq-0", "--seq-1", "--seq-2", "--seq-3", "--seq-4", "--seq-5", "--seq-6"];
const DIVERGING = ["--div-n3", "--div-n2", "--div-n1", "--div-0", "--div-p1", "--div-p2", "--div-p3"];
const SHADES = 121;

export interface Ramps {
  /** 0 to 1. */
  share: (value: number) => string;
  /** −most to most; 0 is the quiet middle. */
  signed: (value: number, most: number) => string;
}

function between(tokens: readonly string[]): string[] {
  const stops = tokens.map((token) => {
    const hex = theme.colour(token).replace("#", "");
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  });
  return Array.from({ length: SHADES }, (_, i) => {
    const place = (i / (SHADES - 1)) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(place));
    const mixed = stops[low].map((from, c) => Math.round(from + (stops[low + 1][c] - from) * (place - low)));
    return `rgb(${mixed.join(" ")})`;
  });
}

/** Reads the theme: call it where a change of theme should paint anew. */
export function ramps(): Ramps {
  const [sequential, diverging] = [between(SEQUENTIAL), between(DIVERGING)];
  const pick = (list: readonly string[], share: number) =>
    list[Math.round(Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * (SHADES - 1))];
  return {
    share: (value) => pick(sequential, value),
    signed: (value, most) => pick(diverging, 0.5 + value / (2 * (most || 1))),
  };
}
