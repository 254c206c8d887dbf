import { describe, expect, it } from "vitest";
import { address, parse, type Element, type Node } from "./markdown";

/** The tree as text, for reading: <p>a <strong>b</strong></p>, with what a person typed in between as it is. */
const shown = (nodes: readonly Node[]): string =>
  nodes
    .map((node) =>
      typeof node === "string"
        ? node
        : `<${node.tag}${Object.entries(node.attributes ?? {})
            .filter(([name]) => name !== "target" && name !== "rel")
            .map(([name, value]) => ` ${name}="${value}"`)
            .join("")}>${shown(node.children)}</${node.tag}>`,
    )
    .join("");
const tags = (nodes: readonly Node[]): string[] =>
  nodes.flatMap((node) => (typeof node === "string" ? [] : [node.tag, ...tags((node as Element).children)]));

describe("blocks", () => {
  it.each([
    ["# One\n### Three ###", "<h2>One</h2><h4>Three</h4>"],
    ["a\nb\n\nc", "<p>a\nb</p><p>c</p>"],
    ["- a\n- b\n  - c\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"],
    ["3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'],
    ["> a\n> - b", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"],
    ["```js\nif (a < b) *c*\n```\nd", "<pre><code>if (a < b) *c*</code></pre><p>d</p>"],
    ["a\n\n---\nb", "<p>a</p><hr></hr><p>b</p>"],
    [
      "| a | b |\n|---|--:|\n| 1 | 2 |\n| `x\\|y` |",
      '<table><thead><tr><th>a</th><th data-align="right">b</th></tr></thead><tbody><tr><td>1</td><td data-align="right">2</td></tr>' +
        '<tr><td><code>x|y</code></td><td data-align="right"></td></tr></tbody></table>',
    ],
    ["#no heading", "<p>#no heading</p>"],
    ["", ""],
  ])("%j", (text, wanted) => {
    expect(shown(parse(text))).toBe(wanted);
  });
});

describe("inside a line", () => {
  it.each([
    ["**a** and *b* and ***c***", "<p><strong>a</strong> and <em>b</em> and <strong><em>c</em></strong></p>"],
    ["conv_2_bias stays, _this_ not", "<p>conv_2_bias stays, <em>this</em> not</p>"],
    ["`a*b*` \\*c\\*", "<p><code>a*b*</code> *c*</p>"],
    ["2 * 3 * 4", "<p>2 * 3 * 4</p>"],
    [
      "[a](https://x.org/b_(c)) https://y.org.",
      '<p><a href="https://x.org/b_(c)">a</a> <a href="https://y.org/">https://y.org</a>.</p>',
    ],
    ["😀 **é**", "<p>😀 <strong>é</strong></p>"],
  ])("%j", (text, wanted) => {
    expect(shown(parse(text))).toBe(wanted);
  });
});

describe("what is not let through", () => {
  it.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](data:text/html,<script>)",
    "![a](https://x.org/track.png)",
    "[a](//x.org)",
    "[a](vbscript:x)",
    "<a href='https://x.org' onclick=x>a</a>",
  ])("%s", (text) => {
    const found = parse(text);
    expect(tags(found).filter((tag) => tag !== "p" && tag !== "a")).toEqual([]);
    const links = JSON.stringify(found).match(/"href":"[^"]*"/g) ?? [];
    for (const link of links) expect(link).toMatch(/^"href":"https:\/\/x\.org/);
    expect(JSON.stringify(found)).not.toMatch(/"on\w+":/);
  });

  it("takes no address but http and https", () => {
    expect(address("https://user:secret@x.org/a b")).toBe("https://user:secret@x.org/a%20b");
    for (const wrong of ["javascript:1", "ftp://x", "https:/x", "x.org", " https://x.org", "file:///etc"])
      expect(address(wrong)).toBeNull();
  });

  it("ends on a text that nests too deep or never closes", () => {
    expect(parse(`${"> ".repeat(500)}a`)).toHaveLength(1);
    expect(parse("*".repeat(3000))).toHaveLength(1);
    expect(parse(`${"[".repeat(3000)}](`)).toHaveLength(1);
  });
});
