// What went wrong in a filter, and which known name is nearest to an unknown one?
//
// `nearest` is Python's difflib.get_close_matches(name, known, n=1, cutoff=0.5), so that both halves suggest the same.

const MOST_LISTED = 12;
const CUTOFF = 0.5;

/** A typed filter that cannot be read. */
export class FilterError extends Error {
  /** Where in the text the first word that does not fit begins, as `slice` counts. */
  readonly position: number;

  constructor(message: string, position = 0) {
    super(message);
    this.name = "FilterError";
    this.position = position;
  }
}

/** "no layer named 'conv_1'; did you mean 'conv1'? Known: conv1, conv2, fc." */
export function unknown(kind: string, name: string, known: readonly string[]): string {
  if (known.length === 0) return `no ${kind} named ${quoted(name)}; there are none.`;
  const near = nearest(name, known);
  const hint = near === undefined ? "" : `did you mean ${quoted(near)}? `;
  const rest = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : "";
  return `no ${kind} named ${quoted(name)}; ${hint}Known: ${known.slice(0, MOST_LISTED).join(", ")}${rest}.`;
}

/** The known name most like the given one, if any is half alike. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestScore = CUTOFF;
  for (const candidate of known) {
    const score = ratio([...candidate], [...name]);
    if (score > bestScore || (score === bestScore && (best === undefined || byCharacter(candidate, best) > 0))) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** A text as Python's repr writes it. */
export function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = [...text].map((c) => (c === quote || c === "\\" ? `\\${c}` : printable(c)));
  return quote + inside.join("") + quote;
}

function printable(character: string): string {
  const named: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  if (character in named) return named[character] ?? "";
  if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  const hex = (width: number): string => code.toString(16).padStart(width, "0");
  if (code < 0x100) return `\\x${hex(2)}`;
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

function byCharacter(a: string, b: string): number {
  const left = [...a].map((c) => c.codePointAt(0) ?? 0);
  const right = [...b].map((c) => c.codePointAt(0) ?? 0);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** difflib.SequenceMatcher(None, a, b).ratio(). */
function ratio(a: readonly string[], b: readonly string[]): number {
  const length = a.length + b.length;
  return length === 0 ? 1 : (2 * matches(a, b, 0, a.length, 0, b.length, popular(b))) / length;
}

/** difflib leaves out characters that are more than 1 % of a text of 200 and longer. */
function popular(b: readonly string[]): ReadonlySet<string> {
  if (b.length < 200) return new Set();
  const counts = new Map<string, number>();
  for (const c of b) counts.set(c, (counts.get(c) ?? 0) + 1);
  const most = Math.floor(b.length / 100) + 1;
  return new Set([...counts].filter(([, n]) => n > most).map(([c]) => c));
}

type Range = [aLow: number, aHigh: number, bLow: number, bHigh: number];

function matches(a: readonly string[], b: readonly string[], ...rest: [...Range, ReadonlySet<string>]): number {
  const [aLow, aHigh, bLow, bHigh, skipped] = rest;
  const [i, j, size] = longest(a, b, [aLow, aHigh, bLow, bHigh], skipped);
  if (size === 0) return 0;
  const before = matches(a, b, aLow, i, bLow, j, skipped);
  return size + before + matches(a, b, i + size, aHigh, j + size, bHigh, skipped);
}

/** The longest common run; of several the one that begins first in a, then in b. */
function longest(
  a: readonly string[],
  b: readonly string[],
  [aLow, aHigh, bLow, bHigh]: Range,
  skipped: ReadonlySet<string>,
): [number, number, number] {
  let best: [number, number, number] = [aLow, bLow, 0];
  let lengths = new Map<number, number>();
  for (let i = aLow; i < aHigh; i++) {
    const next = new Map<number, number>();
    for (let j = bLow; j < bHigh; j++) {
      if (a[i] !== b[j] || skipped.has(b[j] ?? "")) continue;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best[2]) best = [i - size + 1, j - size + 1, size];
    }
    lengths = next;
  }
  let [i, j, size] = best;
  while (i > aLow && j > bLow && a[i - 1] === b[j - 1]) [i, j, size] = [i - 1, j - 1, size + 1];
  while (i + size < aHigh && j + size < bHigh && a[i + size] === b[j + size]) size += 1;
  return [i, j, size];
}
