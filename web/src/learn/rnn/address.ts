// Which words in the address decide a run? Only what differs from the usual settings is written.
import { packNumbers, unpackNumbers } from "../shell/link";
import { DEFAULT, mistake, type RnnConfig } from "./config";

type Word = { get: (c: RnnConfig) => string; set: (c: RnnConfig, text: string) => void };
const number = (key: "seed" | "layers" | "units" | "rate" | "batch" | "noise"): Word => ({
  get: (c) => String(c[key]),
  set: (c, text) => (c[key] = Number(text)),
});
const WORDS: Record<string, Word> = {
  data: { get: (c) => c.data, set: (c, text) => (c.data = text as RnnConfig["data"]) },
  series: { get: (c) => packNumbers(c.series), set: (c, text) => (c.series = unpackNumbers(text)) },
  offset: { get: (c) => String(c.offset), set: (c, text) => (c.offset = Number(text)) },
  scale: { get: (c) => String(c.scale), set: (c, text) => (c.scale = Number(text)) },
  text: { get: (c) => c.text, set: (c, text) => (c.text = text) },
  cell: { get: (c) => c.cell, set: (c, text) => (c.cell = text as RnnConfig["cell"]) },
  head: { get: (c) => c.head, set: (c, text) => (c.head = text as RnnConfig["head"]) },
  layers: number("layers"),
  units: number("units"),
  rate: number("rate"),
  batch: number("batch"),
  noise: number("noise"),
  seed: number("seed"),
};
const FIRST = ["series", "text", "offset", "scale"];

export function toWords(config: RnnConfig): Record<string, string> {
  const words: Record<string, string> = {};
  for (const [word, { get }] of Object.entries(WORDS)) {
    if (word === "series" && config.data !== "series") continue;
    if (word === "text" && config.data !== "text") continue;
    if ((word === "offset" || word === "scale") && config.data !== "series") continue;
    if (get(config) !== get(DEFAULT)) words[word] = get(config);
  }
  return words;
}

/** Settings from an address; words that are wrong are named and the usual ones taken instead. */
export function fromWords(words: Readonly<Record<string, string>>): { config: RnnConfig; wrong: string[] } {
  let config = structuredClone(DEFAULT);
  const wrong: string[] = [];
  const order = Object.keys(words).sort((a, b) => Number(FIRST.includes(b)) - Number(FIRST.includes(a)));
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
