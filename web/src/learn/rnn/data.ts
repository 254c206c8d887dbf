// What is there to continue? Four functions, two texts, an own series or text; each as windows and the value that follows.
import type { Random } from "../engine/random";
import type { RnnConfig } from "./config";

export type DataName = "sine" | "saw" | "square" | "waves" | "abab" | "verse" | "series" | "text";

/** Between two values of a function; 15 of them are about half a period of the sine. */
export const STEP = 0.2;
export const LEAST_SERIES = 20;
export const LEAST_TEXT = 20;
export const LEAST_SYMBOLS = 2;
export const MOST_SERIES = 2000;
export const MOST_TEXT = 2000;
/** Values read before each prediction, and predictions drawn after them. */
export const WINDOW = { series: 15, text: 20 } as const;
export const ROLL = { series: 32, text: 12 } as const;
const HELD_OUT = 24;

export const FUNCTIONS: Record<string, (x: number) => number> = {
  sine: Math.sin,
  saw: (x) => -1 + 2 * (mod(x, Math.PI) / Math.PI),
  square: (x) => (Math.sin((Math.PI * x) / 2) >= 0 ? 1 : -1),
  waves: (x) => (Math.sin(1.5 * x) + Math.sin(4.5 * x)) / 1.6,
};
/** All functions repeat within this stretch, or nearly so. */
const STRETCH = 4 * Math.PI;

export const TEXTS: Record<string, string> = {
  abab: "ab".repeat(60),
  verse: "row row row your boat gently down the stream merrily merrily merrily merrily life is but a dream ".repeat(2),
};

export const TILES: readonly { name: DataName; title: string; kind: "series" | "text"; text: string }[] = [
  { name: "sine", title: "Sine", kind: "series", text: "sin x" },
  { name: "saw", title: "Saw", kind: "series", text: "rises evenly, falls at once" },
  { name: "square", title: "Square", kind: "series", text: "one of two values, and then the other" },
  { name: "waves", title: "Two waves", kind: "series", text: "sin 1.5x + sin 4.5x" },
  { name: "abab", title: "abab", kind: "text", text: "two letters in turn" },
  { name: "verse", title: "Verse", kind: "text", text: "row row row your boat" },
];

const mod = (x: number, by: number) => ((x % by) + by) % by;

/** Sequences of one kind of data. A sequence is named by where it starts: a phase of a function, or an index. */
export interface Sequences {
  readonly kind: "series" | "text";
  readonly window: number;
  readonly roll: number;
  /** Of a text, in the order of the one-hot numbers; empty for a series. */
  readonly symbols: readonly string[];
  /** Values that the network reads and says at a time: 1, or the number of symbols. */
  readonly width: number;
  /** Never trained on, where there is enough to hold something out. */
  readonly heldOut: readonly number[];
  readonly isHeldOut: boolean;
  /** What an answer that reads nothing costs: the variance, or the entropy of the symbols in nats. */
  readonly blind: number;
  /** The value (or number of the symbol) `k` places after a start. */
  at(start: number, k: number): number;
  /** Starts of an epoch. */
  draw(count: number, random: Random): number[];
  /** The start of a sequence to look at, with as much to follow as there is. */
  show(random: Random): number;
}

export function sequences(config: RnnConfig): Sequences {
  if (config.data in FUNCTIONS) return ofFunction(FUNCTIONS[config.data]);
  if (config.data === "series") return ofList(config.series, []);
  const letters = [...(config.data === "text" ? config.text : TEXTS[config.data])];
  const symbols = config.alphabet ?? [...new Set(letters)].sort();
  return ofList(
    letters.map((letter) => symbols.indexOf(letter)),
    symbols,
  );
}

function ofFunction(value: (x: number) => number): Sequences {
  const { series: window } = WINDOW;
  const heldOut = Array.from({ length: HELD_OUT }, (_, i) => ((i + 0.5) / HELD_OUT) * STRETCH);
  const at = (start: number, k: number) => value(start + STEP * k);
  return {
    kind: "series",
    window,
    roll: ROLL.series,
    symbols: [],
    width: 1,
    heldOut,
    isHeldOut: true,
    blind: variance(heldOut.map((start) => at(start, window))),
    at,
    // Evenly spaced phases and one random shift, drawn anew each epoch.
    draw: (count, random) => {
      const shift = random.uniform(0, STRETCH);
      return shuffled(
        Array.from({ length: count }, (_, i) => shift + (i / count) * STRETCH),
        random,
      );
    },
    show: (random) => random.uniform(0, STRETCH),
  };
}

function ofList(values: readonly number[], symbols: readonly string[]): Sequences {
  const text = symbols.length > 0;
  const n = values.length;
  const window = Math.min(text ? WINDOW.text : WINDOW.series, Math.floor(n / 2));
  const roll = Math.min(text ? ROLL.text : ROLL.series, n - window);
  const starts = Array.from({ length: n - window }, (_, i) => i);
  // The last fifth is held out where enough is left to learn from, without a window that reaches into it.
  const border = Math.floor(0.8 * n);
  const held = starts.filter((start) => start >= border);
  const learned = starts.filter((start) => start + window < border);
  const isHeldOut = held.length >= 4 && learned.length >= 20;
  const heldOut = thinned(isHeldOut ? held : starts, 3 * HELD_OUT);
  const answers = heldOut.map((start) => values[start + window]);
  return {
    kind: text ? "text" : "series",
    window,
    roll,
    symbols,
    width: text ? symbols.length : 1,
    heldOut,
    isHeldOut,
    blind: text ? entropy(values) : variance(answers),
    at: (start, k) => values[start + k],
    draw: (count, random) =>
      Array.from({ length: count }, () => (isHeldOut ? learned : starts)[random.below((isHeldOut ? learned : starts).length)]),
    show: (random) => random.below(n - window - roll + 1),
  };
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

function entropy(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  let sum = 0;
  for (const count of counts.values()) sum -= (count / numbers.length) * Math.log(count / numbers.length);
  return sum;
}

function thinned<T>(list: readonly T[], most: number): T[] {
  const every = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(most, list.length) }, (_, i) => list[Math.floor(i * every)]);
}

function shuffled(list: number[], random: Random): number[] {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

/** A pasted series: numbers parted by anything that is no number; scaled to ± 0.8, so that tanh reaches beyond them. */
export function parseSeries(text: string): { series: number[]; offset: number; scale: number; said: string } {
  const words = text.split(/[\s,;|\t]+/).filter(Boolean);
  const found = words.map(Number).filter((value) => Number.isFinite(value));
  const left = words.length - found.length;
  if (!found.length) throw new Error("There are no numbers in it. Paste a column: one number a line, or parted by commas.");
  const [low, high] = [Math.min(...found), Math.max(...found)];
  if (found.length < LEAST_SERIES)
    throw new Error(
      `${found.length} ${found.length === 1 ? "value is" : "values are"} too few: a series needs at least ${LEAST_SERIES} to learn what follows what.`,
    );
  if (low === high) throw new Error(`All ${found.length} values are ${low}: there would be nothing to learn.`);
  const kept = found.slice(0, MOST_SERIES);
  const [offset, scale] = [(low + high) / 2, (high - low) / 1.6];
  const said = [`${kept.length} values`, `from ${low} to ${high}, scaled to ±.8`];
  if (left) said.push(`${left} ${left === 1 ? "word" : "words"} without a number left out`);
  if (found.length > MOST_SERIES) said.push(`the first ${MOST_SERIES} kept`);
  return {
    series: kept.map((value) => Math.round(((value - offset) / scale) * 1e4) / 1e4),
    offset,
    scale,
    said: `${said.join(", ")}.`,
  };
}
