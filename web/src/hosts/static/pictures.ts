// What do instances look like in a page without a server? Tiles are cut from sheets in the page, or drawn from files beside it.
import { HostError } from "../../runtime/host";
import { block } from "./blocks";
import type { MediaInfo } from "./payload";

const ACROSS = 32;

export class Pictures {
  #sheets = new Map<number, Promise<ImageBitmap | null>>();
  #urls = new Map<number, string>();
  #place: Map<number, number> | null;

  constructor(readonly info: MediaInfo) {
    this.#place = info.rows ? new Map(info.rows.map((row, place) => [row, place])) : null;
  }

  /** A contact sheet of instances in the given order. */
  async sheet(rows: number[], size: number): Promise<ImageBitmap> {
    const { way } = this.info;
    if (way === "none") throw new HostError("the pictures were left out of this page");
    const across = Math.min(ACROSS, rows.length);
    const canvas = new OffscreenCanvas(across * size, Math.ceil(rows.length / across) * size);
    const paper = canvas.getContext("2d")!;
    const found = await Promise.all(rows.map((row) => this.#tile(row)));
    found.forEach((tile, i) => {
      if (!tile) return;
      paper.imageSmoothingEnabled = tile.width > size;
      paper.imageSmoothingQuality = "high";
      const scale = size / Math.max(tile.width, tile.height);
      const [width, height] = [tile.width * scale, tile.height * scale];
      const [x, y] = [(i % across) * size + (size - width) / 2, Math.floor(i / across) * size + (size - height) / 2];
      paper.drawImage(tile.image, tile.x, tile.y, tile.width, tile.height, x, y, width, height);
    });
    return createImageBitmap(canvas);
  }

  /** The address of an instance's picture; of one from a sheet it is known once `ready` has been awaited. */
  url(row: number): string {
    return this.info.paths?.[row] ?? this.#urls.get(row) ?? "data:,";
  }

  /** Make the address of an instance's picture. */
  async ready(row: number): Promise<void> {
    if (this.info.paths?.[row] || this.#urls.has(row) || this.info.way === "none") return;
    const tile = await this.#tile(row);
    if (!tile) return;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [tile.width, tile.height];
    canvas.getContext("2d")!.drawImage(tile.image, tile.x, tile.y, tile.width, tile.height, 0, 0, tile.width, tile.height);
    this.#urls.set(row, canvas.toDataURL("image/png"));
  }

  async #tile(row: number): Promise<{ image: CanvasImageSource; x: number; y: number; width: number; height: number } | null> {
    const { edge, across, each, way } = this.info;
    if (way === "link") return this.#linked(row);
    const place = this.#place ? this.#place.get(row) : row;
    if (place === undefined) return null;
    const sheet = await this.#sheetOf(Math.floor(place / each));
    if (!sheet) return null;
    const at = place % each;
    return { image: sheet, x: (at % across) * edge, y: Math.floor(at / across) * edge, width: edge, height: edge };
  }

  #sheetOf(number: number): Promise<ImageBitmap | null> {
    const known = this.#sheets.get(number);
    if (known) return known;
    const made = block(`sheet-${number}`).then((bytes) =>
      bytes ? createImageBitmap(new Blob([bytes], { type: this.info.type })) : null,
    );
    this.#sheets.set(number, made);
    return made;
  }

  #linked(row: number): Promise<{ image: CanvasImageSource; x: number; y: number; width: number; height: number } | null> {
    const path = this.info.paths?.[row];
    if (!path) return Promise.resolve(null);
    return new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve({ image, x: 0, y: 0, width: image.naturalWidth, height: image.naturalHeight });
      image.onerror = () => resolve(null);
      image.src = path;
    });
  }
}
