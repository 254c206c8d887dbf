// Which theme is on, and the colours of it for canvases.

export type Theme = "light" | "dark";

const KEY = "underglass.theme";

class ThemeState {
  current = $state<Theme>("light");
  /** Elements that bear the theme where the page is somebody else's; null while the page is ours. */
  #roots: Set<HTMLElement> | null = null;

  constructor() {
    if (typeof window === "undefined") return;
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const stored = this.#stored();
    this.current = stored === "dark" || stored === "light" ? stored : dark.matches ? "dark" : "light";
    // after the scripts of the page have run: one of them may say that the page is not ours
    queueMicrotask(() => {
      if (this.#roots) return;
      this.set(this.current, false);
      dark.addEventListener("change", (event) => {
        if (!this.#stored()) this.set(event.matches ? "dark" : "light", false);
      });
    });
  }

  #stored(): string | null {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be refused in a sandboxed frame
    }
  }

  /** The page is somebody else's: leave it alone, and let only elements that are given bear the theme. */
  embed(): void {
    this.#roots ??= new Set();
  }

  /** Let an element bear the theme, until the returned function is called. */
  bear(root: HTMLElement): () => void {
    this.embed();
    this.#roots!.add(root);
    root.dataset.theme = this.current;
    return () => void this.#roots!.delete(root);
  }

  set(theme: Theme, keep = true): void {
    this.current = theme;
    for (const root of this.#roots ?? [document.documentElement]) root.dataset.theme = theme;
    if (!keep || this.#roots) return;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // as above: the theme then lasts as long as the page
    }
  }

  toggle(): void {
    this.set(this.current === "dark" ? "light" : "dark");
  }

  /** The value of a token such as "--selection"; reading `current` makes a canvas redraw when the theme turns. */
  colour(token: string): string {
    void this.current;
    const root = this.#roots ? [...this.#roots].find((one) => one.isConnected) : document.documentElement;
    return root ? getComputedStyle(root).getPropertyValue(token).trim() : "";
  }
}

export const theme = new ThemeState();
