// What can be set? Everything that decides a training run; the same settings and seed give the same run, number by number.
import type { CellName } from "../engine/recurrent";
import { LEAST_SERIES, LEAST_SYMBOLS, LEAST_TEXT, type DataName } from "./data";

/** May change while training. */
export interface Live {
  /** Learning rate, 10⁻⁴ to 1. */
  rate: number;
  /** Sequences behind one update, 5 to 50. */
  batch: number;
  /** Uniform ± this much on every number the network reads, 0 to 0.4; targets stay clean. */
  noise: number;
}

export type HeadName = "tanh" | "linear" | "sigmoid";

export interface RnnConfig extends Live {
  seed: number;
  data: DataName;
  /** Values of an own series, as the network reads them. */
  series: readonly number[];
  /** What was done to the series before: read = (value − offset) / scale. */
  offset: number;
  scale: number;
  /** An own text. */
  text: string;
  /** All symbols a text network knows, if a given network fixes them; else those of the text. */
  alphabet: readonly string[] | null;
  cell: CellName;
  /** Recurrent layers, 1 to 7, and units in each, 1 to 64. */
  layers: number;
  units: number;
  /** Activation of the head for series; texts have softmax. */
  head: HeadName;
}

export const MOST = { layers: 7, units: 64, batch: 50, noise: 0.4, rate: 1 } as const;
export const LEAST = { batch: 5, rate: 1e-4 } as const;
export const CELLS: readonly { name: CellName; title: string; text: string }[] = [
  { name: "rnn", title: "RNN", text: "One sum and a tanh: the state is overwritten at every step." },
  { name: "lstm", title: "LSTM", text: "A memory beside the state, and three gates that guard it." },
  { name: "gru", title: "GRU", text: "Two gates; the state is its own memory." },
];

export const DEFAULT: RnnConfig = {
  seed: 1,
  data: "sine",
  series: [],
  offset: 0,
  scale: 1,
  text: "",
  alphabet: null,
  cell: "lstm",
  layers: 2,
  units: 12,
  head: "tanh",
  rate: 0.01,
  batch: 20,
  noise: 0,
};

/** .0001 to 1, three digits, never in powers of ten. */
export const rateText = (rate: number): string =>
  Number(rate.toPrecision(3))
    .toFixed(6)
    .replace(/\.?0+$/, "")
    .replace(/^0\./, ".");

/** A sentence about what is wrong with settings from a link, a file or a form, or null. */
export function mistake(config: RnnConfig): string | null {
  const whole = (value: number, least: number, most: number) => Number.isInteger(value) && value >= least && value <= most;
  if (!whole(config.units, 1, MOST.units))
    return `a layer has 1 to ${MOST.units} units, not ${config.units}: with none, there is no state to carry on`;
  if (!whole(config.layers, 1, MOST.layers)) return `a network has 1 to ${MOST.layers} recurrent layers, not ${config.layers}`;
  if (!(config.rate >= LEAST.rate && config.rate <= 10)) return `a learning rate is between 0.0001 and 10, not ${config.rate}`;
  if (!whole(config.batch, LEAST.batch, MOST.batch))
    return `a batch has ${LEAST.batch} to ${MOST.batch} sequences, not ${config.batch}`;
  if (!(config.noise >= 0 && config.noise <= MOST.noise)) return `noise is between 0 and ${MOST.noise}, not ${config.noise}`;
  if (!CELLS.some(({ name }) => name === config.cell))
    return `there is no cell named ${config.cell}; known are rnn, lstm and gru`;
  if (!["tanh", "linear", "sigmoid"].includes(config.head)) return `there is no head named ${config.head}`;
  if (!Number.isInteger(config.seed) || config.seed < 0 || config.seed > 0xffffffff) return "a seed is a whole number from 0 on";
  if (config.data === "series") return seriesMistake(config.series);
  if (config.data === "text") return textMistake(config.text, config.alphabet);
  if (!["sine", "saw", "square", "waves", "abab", "verse"].includes(config.data)) return `there are no data named ${config.data}`;
  return null;
}

export function seriesMistake(series: readonly number[]): string | null {
  if (series.length < LEAST_SERIES)
    return `a series needs at least ${LEAST_SERIES} values to learn what follows what, and this one has ${series.length}`;
  if (series.some((value) => !Number.isFinite(value))) return "a series holds only finite numbers";
  if (series.every((value) => value === series[0]))
    return `all ${series.length} values are the same: there would be nothing to learn`;
  return null;
}

export function textMistake(text: string, alphabet: readonly string[] | null = null): string | null {
  const letters = [...text];
  const symbols = new Set(letters);
  if (letters.length < LEAST_TEXT) return `a text needs at least ${LEAST_TEXT} characters, and this one has ${letters.length}`;
  if (symbols.size < LEAST_SYMBOLS)
    return `the text holds one symbol only (“${letters[0]}”): what follows is always the same, and there would be nothing to learn`;
  if (symbols.size > MOST_SYMBOLS)
    return `the text holds ${symbols.size} different symbols; at most ${MOST_SYMBOLS} can be told apart here`;
  const foreign = alphabet && letters.find((letter) => !alphabet.includes(letter));
  return foreign ? `the network does not know “${foreign}”; it knows ${alphabet.join("")}` : null;
}

export const MOST_SYMBOLS = 64;
