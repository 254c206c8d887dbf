// What are the words of a typed filter, and where does each stand?

import { FilterError, quoted } from "./nearest";

const MOST_CHARACTERS = 100_000;
export const RESERVED: ReadonlySet<string> = new Set("and between contains false in is not null or starts true".split(" "));

/** A name that needs no quotes. There is no arithmetic, so hours-per-week, pattern.conv2, prediction@cnn are names. */
export const PLAIN_NAME = /[\p{L}_][\p{L}\p{N}_]*(?:[.@:-][\p{L}\p{N}_]+)*/uy;
const NUMBER = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const RUN = /[\p{L}\p{N}_.@:-]+/uy;
const SPACES = " \t\r\n\u00a0";
const UNWRITABLE = /[\0\ud800-\udfff]/u;
const SYMBOLS = ["<=", ">=", "!=", "<>", "==", "≤", "≥", "≠", "=", "<", ">", "(", ")", ",", "-", "−", "+"];
const SAME_AS: Record<string, string> = { "<>": "!=", "==": "=", "≤": "<=", "≥": ">=", "≠": "!=", "−": "-" };
const STRAIGHT = "; write straight quotes, as in 'Shirt'";
const HINTS: Record<string, string> = {
  "&": "; write and",
  "|": "; write or",
  "!": "; write not",
  "“": STRAIGHT,
  "”": STRAIGHT,
  "‘": STRAIGHT,
  "’": STRAIGHT,
};

export type Sort = "name" | "quoted name" | "word" | "number" | "text" | "symbol" | "end";

export interface Token {
  readonly sort: Sort;
  /** A name or text without its quotes, a reserved word in lower case, a symbol in its usual form. */
  readonly value: string;
  /** As typed. */
  readonly source: string;
  /** As `slice` counts. */
  readonly position: number;
}

/** The words of a filter, the last one being the end. */
export function tokens(text: string): Token[] {
  const length = [...text].length;
  if (length > MOST_CHARACTERS) {
    const [is, most] = [length, MOST_CHARACTERS].map((n) => n.toLocaleString("en-US"));
    throw new FilterError(`a filter of ${is} characters is too long; ${most} are allowed`, MOST_CHARACTERS);
  }
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (SPACES.includes(text.charAt(at))) {
      at += 1;
      continue;
    }
    const token = oneToken(text, at);
    found.push(token);
    at += token.source.length;
  }
  return [...found, { sort: "end", value: "", source: "", position: at }];
}

/** Whether a whole text is a name that needs no quotes. */
export function isPlainName(name: string): boolean {
  return matchAt(PLAIN_NAME, name, 0) === name && !RESERVED.has(name.toLowerCase());
}

/** Whether a whole text is a number. */
export function isNumber(text: string): boolean {
  return text !== "" && matchAt(NUMBER, text, 0) === text;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function oneToken(text: string, at: number): Token {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === "'" || character === '"') return quotedToken(text, at);
  const number = matchAt(NUMBER, text, at);
  if (number !== undefined) return numberToken(text, at, number);
  const name = matchAt(PLAIN_NAME, text, at);
  if (name !== undefined) {
    const word = name.toLowerCase();
    if (RESERVED.has(word)) return { sort: "word", value: word, source: name, position: at };
    return { sort: "name", value: name, source: name, position: at };
  }
  const symbol = SYMBOLS.find((s) => text.startsWith(s, at));
  if (symbol !== undefined) return { sort: "symbol", value: SAME_AS[symbol] ?? symbol, source: symbol, position: at };
  throw new FilterError(`${quoted(character)} is not part of a filter${HINTS[character] ?? ""}`, at);
}

function quotedToken(text: string, at: number): Token {
  const quote = text.charAt(at);
  const kind = quote === "'" ? "text" : "name";
  let close = text.indexOf(quote, at + 1);
  while (close >= 0 && text.startsWith(quote, close + 1)) close = text.indexOf(quote, close + 2);
  if (close < 0) throw new FilterError(`the ${kind} that begins here is not closed; it ends with ${quote}`, at);
  const source = text.slice(at, close + 1);
  const bad = UNWRITABLE.exec(source);
  if (bad !== null) {
    throw new FilterError(`a ${kind} cannot hold the character ${quoted(bad[0])}`, at + bad.index);
  }
  const value = source.slice(1, -1).replaceAll(quote + quote, quote);
  return { sort: kind === "text" ? "text" : "quoted name", value, source, position: at };
}

function numberToken(text: string, at: number, number: string): Token {
  const run = matchAt(RUN, text, at) ?? "";
  if (run.length > number.length) {
    throw new FilterError(`${quoted(run)} is neither a number nor a name; write texts and times in quotes`, at);
  }
  if (!Number.isFinite(Number(number))) throw new FilterError(`${number} is too large a number`, at);
  return { sort: "number", value: number, source: number, position: at };
}
