// Pictures of instances, fetched as contact sheets: many small images in one request, each asked for once.
import type { Host } from "./host";

const SHEET = 128;
const KEPT = 6000;

export interface Tile {
  sheet: ImageBitmap;
  x: number;
  y: number;
  size: number;
}

export class Media {
  #tiles = new Map<string, Tile>();
  #wanted = new Map<number, Map<number, ((tile: Tile | null) => void)[]>>();
  #scheduled = false;
  #excerpts = new Map<number, Promise<string>>();
  #rows: number[] = [];
  #batch: Promise<Record<string, string>> | null = null;

  constructor(readonly host: Host) {}

  /** The tile of an instance if it is already here. */
  ready(row: number, size: number): Tile | undefined {
    return this.#tiles.get(`${size}/${row}`);
  }

  /** The tile of an instance; null where it cannot be had. */
  tile(row: number, size: number): Promise<Tile | null> {
    const here = this.ready(row, size);
    if (here) return Promise.resolve(here);
    return new Promise((resolve) => {
      const ofSize = this.#wanted.get(size) ?? new Map();
      this.#wanted.set(size, ofSize);
      ofSize.set(row, [...(ofSize.get(row) ?? []), resolve]);
      if (this.#scheduled) return;
      this.#scheduled = true;
      queueMicrotask(() => this.#fetch());
    });
  }

  /** The start of an instance's text, or its row's values in a line. */
  excerpt(row: number): Promise<string> {
    const here = this.#excerpts.get(row);
    if (here) return here;
    this.#rows.push(row);
    this.#batch ??= Promise.resolve().then(() => {
      const rows = this.#rows;
      this.#rows = [];
      this.#batch = null;
      return this.host.call<Record<string, string>>("instances", "excerpts", { rows });
    });
    const text = this.#batch.then(
      (found) => found[row] ?? "",
      () => "cannot be read",
    );
    this.#excerpts.set(row, text);
    return text;
  }

  #fetch(): void {
    this.#scheduled = false;
    for (const [size, waiting] of this.#wanted) {
      const rows = [...waiting.keys()];
      for (let start = 0; start < rows.length; start += SHEET) {
        const some = rows.slice(start, start + SHEET);
        void this.#sheet(some, size, waiting);
      }
    }
    this.#wanted = new Map();
  }

  async #sheet(rows: number[], size: number, waiting: Map<number, ((tile: Tile | null) => void)[]>): Promise<void> {
    let sheet: ImageBitmap | null;
    try {
      sheet = await this.host.sheet(rows, size);
    } catch {
      sheet = null; // the image part shows its own sign for "cannot be had"
    }
    const across = Math.min(32, rows.length);
    rows.forEach((row, i) => {
      const tile = sheet && { sheet, x: (i % across) * size, y: Math.floor(i / across) * size, size };
      if (tile) this.#keep(`${size}/${row}`, tile);
      for (const resolve of waiting.get(row) ?? []) resolve(tile);
    });
  }

  #keep(key: string, tile: Tile): void {
    this.#tiles.set(key, tile);
    if (this.#tiles.size <= KEPT) return;
    const oldest = this.#tiles.keys().next().value;
    if (oldest !== undefined) this.#tiles.delete(oldest);
  }
}
