// Drawing inside somebody else's page: our styles stay in a shadow root, theirs stay out, and only the font is shared.
import base from "../parts/base.css?inline";
import tokens from "../parts/tokens.css?inline";

const DARK = /(^|[},\s])\[data-theme="?dark"?\]/g;
const NOT_LIGHT = /:root:not\(\[data-theme="?light"?\]\)/g;

/** The theme's styles as they stand in a shadow root: what is said of the page is said of its host element. */
export function forShadow(css: string): string {
  return css
    .replaceAll(/@font-face\s*\{[^}]*\}/g, "")
    .replaceAll(NOT_LIGHT, ":host(:not([data-theme=light]))")
    .replaceAll(DARK, "$1:host([data-theme=dark])")
    .replaceAll(":root", ":host")
    .replaceAll(/html,\s*body\s*\{[^}]*\}/g, "")
    .replaceAll(/(^|[}\s])body\s*\{/g, "$1:host {");
}

/** The fonts, which a browser takes from the page alone. */
export function fonts(css: string): string {
  return css.match(/@font-face\s*\{[^}]*\}/g)?.join("\n") ?? "";
}

/** First nothing of the page around, last the sheet of white that a view lies on. */
const FIRST = ":host { all: initial; }";
const LAST = ":host { display: block; background: var(--surface); contain: style; text-align: start; }";
let sheet: CSSStyleSheet | null = null;

/** Give the page the fonts of a style sheet. */
export function addFonts(css: string): void {
  const style = document.createElement("style");
  style.dataset.underglass = "fonts";
  style.textContent = fonts(css);
  document.head.append(style);
}

/** The fonts that the page was given. */
export function givenFonts(): string {
  return [...document.head.querySelectorAll("style[data-underglass=fonts]")].map((style) => style.textContent).join("\n");
}

/** A shadow root in an element, with the theme's styles. */
export function shadowIn(element: HTMLElement): ShadowRoot {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync([FIRST, forShadow(tokens), forShadow(base), LAST].join("\n"));
    addFonts(base);
  }
  const root = element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  return root;
}
