// Markdown to a tree of elements: headings, lists, tables, quotes, code, links to http(s), bold and italics. HTML stays text.
// What is drawn are nodes made one by one, so that no text can become an element, an attribute or a script.

export interface Element {
  tag: string;
  attributes?: Record<string, string>;
  children: Node[];
}
export type Node = string | Element;

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const FENCE = /^\s{0,3}(```+|~~~+)\s*([\w+-]*)\s*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
/** A page has its own heading, and each view one of the second level. */
const FIRST_HEADING = 2;
const DEEPEST = 12;

const element = (tag: string, children: Node[], attributes?: Record<string, string>): Element =>
  attributes ? { tag, attributes, children } : { tag, children };

/** The blocks of a text. */
export function parse(text: string): Element[] {
  return blocks(text.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

function blocks(lines: string[], depth: number): Element[] {
  const out: Element[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    if (!line.trim()) {
      i++;
      continue;
    }
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line.trim());
    if (fence) {
      const code: string[] = [];
      for (i++; i < lines.length && !lines[i].trim().startsWith(fence[1]); i++) code.push(lines[i]);
      i++;
      out.push(element("pre", [element("code", [code.join("\n")])]));
    } else if (heading) {
      out.push(element(`h${Math.min(6, heading[1].length - 1 + FIRST_HEADING)}`, inline(heading[2])));
      i++;
    } else if (RULE.test(line)) {
      out.push(element("hr", []));
      i++;
    } else if (QUOTE.test(line) && depth < DEEPEST) {
      const inner: string[] = [];
      for (; i < lines.length && QUOTE.test(lines[i]); i++) inner.push(QUOTE.exec(lines[i])![1]);
      out.push(element("blockquote", blocks(inner, depth + 1)));
    } else if (ITEM.test(line) && depth < DEEPEST) {
      const [list, next] = listAt(lines, i, depth);
      out.push(list);
      i = next;
    } else if (line.includes("|") && i + 1 < lines.length && lines[i + 1].includes("-") && DIVIDER.test(lines[i + 1])) {
      const [table, next] = tableAt(lines, i);
      out.push(table);
      i = next;
    } else {
      const words: string[] = [];
      for (; i < lines.length && lines[i].trim() && (!words.length || !starts(lines[i])); i++) words.push(lines[i].trim());
      out.push(element("p", inline(words.join("\n"))));
    }
  }
  return out;
}

/** Whether a line begins another block, so that a paragraph ends before it. */
function starts(line: string): boolean {
  return HEADING.test(line.trim()) || RULE.test(line) || ITEM.test(line) || FENCE.test(line) || QUOTE.test(line);
}

function listAt(lines: string[], start: number, depth: number): [Element, number] {
  const first = ITEM.exec(lines[start])!;
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  const items: Element[] = [];
  let i = start;
  while (i < lines.length) {
    const at = ITEM.exec(lines[i]);
    if (!at || at[1].length !== indent || /\d/.test(at[2]) !== ordered) break;
    const inner = [at[3]];
    const inside = indent + at[2].length + 1;
    for (i++; i < lines.length; i++) {
      const depthHere = lines[i].length - lines[i].trimStart().length;
      if (lines[i].trim() === "") {
        if (i + 1 >= lines.length || !/^\s/.test(lines[i + 1])) break;
      } else if (depthHere <= indent && ITEM.test(lines[i])) break;
      else if (depthHere <= indent && (starts(lines[i]) || inner.at(-1) === "")) break;
      inner.push(lines[i].slice(Math.min(inside, depthHere)));
    }
    while (lines[i] !== undefined && !lines[i].trim() && ITEM.exec(lines[i + 1] ?? "")?.[1].length === indent) i++;
    const parts = blocks(inner, depth + 1);
    items.push(element("li", parts[0]?.tag === "p" ? [...parts[0].children, ...parts.slice(1)] : parts));
  }
  const from = ordered ? Number.parseInt(first[2], 10) : 1;
  return [element(ordered ? "ol" : "ul", items, ordered && from !== 1 ? { start: String(from) } : undefined), i];
}

function tableAt(lines: string[], start: number): [Element, number] {
  const aligned = cells(lines[start + 1]).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left",
  );
  const row = (line: string, tag: string) => {
    const found = cells(line);
    return element(
      "tr",
      aligned.map((way, i) => element(tag, inline(found[i] ?? ""), way === "left" ? undefined : { "data-align": way })),
    );
  };
  const body: Element[] = [];
  let i = start + 2;
  for (; i < lines.length && lines[i].trim() && lines[i].includes("|"); i++) body.push(row(lines[i], "td"));
  return [element("table", [element("thead", [row(lines[start], "th")]), element("tbody", body)]), i];
}

/** The cells of a line; a bar after a backslash or within code is no border. */
function cells(line: string): string[] {
  const found: string[] = [];
  let cell = "";
  let code = false;
  for (const [i, letter] of [...line.trim()].entries()) {
    if (letter === "`") code = !code;
    if (letter === "|" && cell.endsWith("\\")) cell = `${cell.slice(0, -1)}|`;
    else if (letter === "|" && !code) {
      if (i > 0) found.push(cell.trim());
      cell = "";
    } else cell += letter;
  }
  return cell.trim() ? [...found, cell.trim()] : found;
}

const ESCAPED = /[\\`*_{}[\]()#+\-.!|<>~]/;

/** Bold, italics, code and links of a text. */
export function inline(text: string, depth = 0): Node[] {
  const out: Node[] = [];
  let plain = "";
  const end = () => {
    if (plain) out.push(plain);
    plain = "";
  };
  for (let i = 0; i < text.length;) {
    const rest = text.slice(i);
    const code = /^(`+)(?!`)([\s\S]*?[^`])\1(?!`)/.exec(rest);
    const strong = /^(\*\*|__)(?=\S)([\s\S]*?\S)\1(?!(?<=\*)\*)/.exec(rest);
    const soft = /^(\*|_)(?=[^\s*_])([\s\S]*?[^\s*_])\1/.exec(rest);
    const link = /^\[([^[\]]*)\]\(\s*([^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\s*\)/.exec(rest);
    const bare = /^https?:\/\/[^\s<>()]*[^\s<>().,;:!?'"*_]/.exec(rest);
    const within = plain && /[\p{L}\p{N}]$/u.test(plain);
    if (rest[0] === "\\" && ESCAPED.test(rest[1] ?? "")) {
      plain += rest[1];
      i += 2;
    } else if (code) {
      end();
      out.push(element("code", [code[2].length > 2 && /^ .* $/.test(code[2]) ? code[2].slice(1, -1) : code[2]]));
      i += code[0].length;
    } else if (strong && depth < DEEPEST) {
      end();
      out.push(element("strong", inline(strong[2], depth + 1)));
      i += strong[0].length;
    } else if (soft && depth < DEEPEST && !(soft[1] === "_" && within)) {
      end();
      out.push(element("em", inline(soft[2], depth + 1)));
      i += soft[0].length;
    } else if (link && depth < DEEPEST) {
      const href = address(link[2]);
      end();
      out.push(...(href ? [anchor(href, inline(link[1], depth + 1))] : [link[0]]));
      i += link[0].length;
    } else if (bare && !within) {
      const href = address(bare[0]);
      end();
      out.push(href ? anchor(href, [bare[0]]) : bare[0]);
      i += bare[0].length;
    } else {
      plain += rest[0];
      i++;
    }
  }
  end();
  return out;
}

const anchor = (href: string, children: Node[]) => element("a", children, { href, target: "_blank", rel: "noopener noreferrer" });

/** An address that may be gone to: http or https, and nothing a browser would read as something else. */
export function address(given: string): string | null {
  if (!/^https?:\/\//i.test(given)) return null;
  try {
    const url = new URL(given);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

const TAGS = new Set("a blockquote code em h2 h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul".split(" "));
const ATTRIBUTES = new Set(["href", "target", "rel", "start", "data-align"]);

/** The nodes of a tree, made one by one. */
export function draw(nodes: readonly Node[], target: HTMLElement | DocumentFragment): void {
  for (const node of nodes) {
    if (typeof node === "string") {
      target.append(node);
      continue;
    }
    if (!TAGS.has(node.tag)) throw new Error(`no element ${node.tag} in a text`);
    const made = document.createElement(node.tag);
    for (const [name, value] of Object.entries(node.attributes ?? {})) if (ATTRIBUTES.has(name)) made.setAttribute(name, value);
    draw(node.children, made);
    target.append(made);
  }
}
