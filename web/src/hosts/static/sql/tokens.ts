// What are the words of a query? Names, texts, numbers and signs, each with its place.

export type Token =
  | { is: "name"; text: string; quoted: boolean; at: number }
  | { is: "text"; text: string; at: number }
  | { is: "number"; text: string; at: number }
  | { is: "sign"; text: string; at: number }
  | { is: "end"; text: ""; at: number };

/** A query that this engine does not know; the message says which part. */
export class Unanswerable extends Error {}

const SPACE = /\s+/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SIGN = /::|<>|!=|<=|>=|[-+*/%(),.=<>;]/y;

/** The words of a query, the last one an end. */
export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0] ?? null;
  };
  while (at < sql.length) {
    const space = match(SPACE);
    if (space) {
      at += space.length;
      continue;
    }
    const start = at;
    const first = sql[at];
    if (first === '"' || first === "'") {
      const text = delimited(sql, at, first);
      at = text.end;
      found.push(
        first === '"' ? { is: "name", text: text.value, quoted: true, at: start } : { is: "text", text: text.value, at: start },
      );
      continue;
    }
    const number = match(NUMBER);
    const name = number ? null : match(NAME);
    const sign = number || name ? null : match(SIGN);
    const word = number ?? name ?? sign;
    if (!word) throw new Unanswerable(`this page cannot read the query at ${JSON.stringify(sql.slice(at, at + 20))}`);
    at += word.length;
    if (number) found.push({ is: "number", text: word, at: start });
    else if (name) found.push({ is: "name", text: word, quoted: false, at: start });
    else found.push({ is: "sign", text: word, at: start });
  }
  found.push({ is: "end", text: "", at: sql.length });
  return found;
}

function delimited(sql: string, from: number, mark: string): { value: string; end: number } {
  let value = "";
  for (let at = from + 1; ;) {
    const close = sql.indexOf(mark, at);
    if (close < 0) throw new Unanswerable(`a ${mark} is not closed in the query`);
    value += sql.slice(at, close);
    if (sql[close + 1] !== mark) return { value, end: close + 1 };
    value += mark;
    at = close + 2;
  }
}
