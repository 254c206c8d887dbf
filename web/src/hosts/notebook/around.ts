// Is the page around us light or dark? Each notebook says so in its own way.
import type { Theme } from "../../runtime/theme.svelte";

/** What a page says of itself: JupyterLab, VS Code, Colab, marimo, and pages of that kind; null where it says nothing. */
export function saidTheme(page: { html: Marks; body: Marks }): Theme | null {
  const { html, body } = page;
  if (body.data.jpThemeLight !== undefined) return body.data.jpThemeLight === "false" ? "dark" : "light";
  const kind = body.data.vscodeThemeKind;
  if (kind) return /dark|high-contrast$/.test(kind) ? "dark" : "light";
  for (const { classes, theme } of [body, html]) {
    if (classes.includes("dark") || theme === "dark") return "dark";
    if (classes.includes("light") || theme === "light") return "light";
  }
  return null;
}

export interface Marks {
  classes: string[];
  data: Record<string, string | undefined>;
  theme: string | null;
}

const marks = (element: HTMLElement): Marks => ({
  classes: [...element.classList],
  data: { ...element.dataset },
  theme: element.dataset.theme ?? element.getAttribute("theme"),
});

/** Tell the theme of the page around, now and whenever it turns. */
export function followTheme(tell: (theme: Theme) => void): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = () =>
    tell(saidTheme({ html: marks(document.documentElement), body: marks(document.body) }) ?? (dark.matches ? "dark" : "light"));
  const watcher = new MutationObserver(read);
  for (const element of [document.documentElement, document.body])
    watcher.observe(element, {
      attributes: true,
      attributeFilter: ["class", "theme", "data-theme", "data-jp-theme-light", "data-vscode-theme-kind"],
    });
  dark.addEventListener("change", read);
  read();
}
