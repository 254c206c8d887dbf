// Which theme is on, and the colours of it for canvases.

export type Theme = "light" | "dark";

const KEY = "underglass.theme";

class ThemeState {
  current = $state<Theme>("light");

  constructor() {
    if (typeof window === "undefined") return;
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    let stored: string | null = null;
    try {
      stored = localStorage.getItem(KEY);
    } catch {
      stored = null; // storage may be refused in a sandboxed frame
    }
    this.set(stored === "dark" || stored === "light" ? stored : dark.matches ? "dark" : "light", false);
    dark.addEventListener("change", (event) => {
      if (!this.#stored()) this.set(event.matches ? "dark" : "light", false);
    });
  }

  #stored(): string | null {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  set(theme: Theme, keep = true): void {
    this.current = theme;
    document.documentElement.dataset.theme = theme;
    if (!keep) return;
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
    return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
  }
}

export const theme = new ThemeState();
