// Which words in the address decide a run? Only what differs from the usual settings is written.
import { packNumbers, unpackNumbers } from "../shell/link";
import { DEFAULT, mistake, type GanConfig } from "./config";
import type { GanLoss } from "../engine/losses";
import type { OptimiserName } from "../engine/types";

const WORDS: Record<string, { get: (c: GanConfig) => string; set: (c: GanConfig, text: string) => void }> = {
  seed: { get: (c) => String(c.seed), set: (c, text) => (c.seed = Number(text)) },
  shape: { get: (c) => c.shape, set: (c, text) => (c.shape = text as GanConfig["shape"]) },
  points: { get: (c) => packNumbers(c.own), set: (c, text) => (c.own = unpackNumbers(text)) },
  noise: { get: (c) => `${c.noise}${c.noiseSize}`, set: (c, text) => {
    c.noise = text.slice(0, -1) as GanConfig["noise"];
    c.noiseSize = Number(text.slice(-1)) as 1 | 2;
  } },
  loss: { get: (c) => (c.loss === "log" ? "log" : "squares"), set: (c, text) => (c.loss = text === "squares" ? "least squares" : (text as GanLoss)) },
}; // prettier-ignore
for (const [letter, side] of [
  ["G", "generator"],
  ["D", "discriminator"],
] as const) {
  WORDS[`layers${letter}`] = { get: (c) => String(c.layers[side]), set: (c, text) => (c.layers[side] = Number(text)) };
  WORDS[`neurons${letter}`] = { get: (c) => String(c.neurons[side]), set: (c, text) => (c.neurons[side] = Number(text)) };
  WORDS[`updates${letter}`] = { get: (c) => String(c.updates[side]), set: (c, text) => (c.updates[side] = Number(text)) };
  WORDS[`rate${letter}`] = { get: (c) => String(c.rate[side]), set: (c, text) => (c.rate[side] = Number(text)) };
  WORDS[`optimiser${letter}`] = {
    get: (c) => c.optimiser[side],
    set: (c, text) => (c.optimiser[side] = text as OptimiserName),
  };
}

export function toWords(config: GanConfig): Record<string, string> {
  const words: Record<string, string> = {};
  for (const [word, { get }] of Object.entries(WORDS)) if (get(config) !== get(DEFAULT)) words[word] = get(config);
  return words;
}

/** Settings from an address; words that are wrong are named and the usual ones taken instead. */
export function fromWords(words: Readonly<Record<string, string>>): { config: GanConfig; wrong: string[] } {
  let config = structuredClone(DEFAULT);
  const wrong: string[] = [];
  const order = Object.keys(words).sort((a, b) => Number(b === "points") - Number(a === "points"));
  for (const word of order) {
    if (!(word in WORDS)) continue;
    const tried = structuredClone(config);
    WORDS[word].set(tried, words[word]);
    const why = mistake(tried);
    if (why) wrong.push(`${word}=${words[word].slice(0, 20)} (${why})`);
    else config = tried;
  }
  return { config, wrong };
}
