// Where are the sounds and films of a page without a server? In blocks; each is read when one of its instances is first shown.
import { HostError } from "../../runtime/host";
import { block, readPacked, type Packed } from "./blocks";

export class Recordings {
  #blocks = new Map<number, Promise<Packed>>();
  #urls = new Map<number, Promise<string>>();

  /** @param starts place of the first instance of each block, ascending. */
  constructor(readonly starts: readonly number[]) {}

  /** The address of an instance's bytes, within this page. */
  url(row: number): Promise<string> {
    let known = this.#urls.get(row);
    if (!known) this.#urls.set(row, (known = this.#made(row)));
    return known;
  }

  async #made(row: number): Promise<string> {
    const number = this.starts.findLastIndex((start) => start <= row);
    const held = await this.#block(number);
    const bytes = held.bytes(String(row));
    if (!bytes) throw new HostError("nothing was stored for this instance");
    const { types } = held.json as { types: Record<string, string> };
    return URL.createObjectURL(new Blob([bytes], { type: types[row] }));
  }

  #block(number: number): Promise<Packed> {
    let known = this.#blocks.get(number);
    if (!known) {
      known = block(`recordings-${number}`).then((bytes) => {
        if (!bytes) throw new HostError("the sounds and films were left out of this page");
        return readPacked(bytes);
      });
      this.#blocks.set(number, known);
    }
    return known;
  }
}
