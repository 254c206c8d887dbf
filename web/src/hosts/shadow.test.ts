// Do the theme's styles still say the same inside a shadow root?
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fonts, forShadow } from "./shadow";

const read = (name: string) => readFileSync(new URL(`../parts/${name}.css`, import.meta.url), "utf8");

describe("styles in a shadow root", () => {
  it("hang on the host element, in every theme and preference", () => {
    const css = forShadow(read("tokens"));
    expect(css).not.toMatch(/:root|(^|[\s},])\[data-theme/);
    expect(css.match(/:host\(\[data-theme=dark\]\)/g)).toHaveLength(1);
    expect(css.match(/:host\(:not\(\[data-theme=light\]\)\)/g)).toHaveLength(1);
    expect(css.match(/--selection:/g)).toHaveLength(3);
  });
  it("are the same when a build has taken the spaces out", () => {
    const css = forShadow(
      ":root{--a:1}[data-theme=dark]{--a:2}@media (x){:root:not([data-theme=light]){--a:2}}html,body{height:100%}body{color:red}",
    );
    expect(css).toBe(
      ":host{--a:1}:host([data-theme=dark]){--a:2}@media (x){:host(:not([data-theme=light])){--a:2}}:host {color:red}",
    );
  });
  it("leave html and body of the page alone, and give the fonts to it", () => {
    const css = forShadow(read("base"));
    expect(css).not.toMatch(/(^|[\s},])(html|body)\b\s*[,{]/);
    expect(css).not.toContain("@font-face");
    expect(fonts(read("base")).match(/@font-face/g)).toHaveLength(1);
    expect(fonts(read("letters")).match(/@font-face/g)).toHaveLength(1);
  });
});
