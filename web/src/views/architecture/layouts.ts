// Who lays out: a worker where the host allows one, else the page itself.
import LayoutWorker from "./layout.worker?worker&inline";
import type { DrawingTask, PlaceLevel, Placed } from "./compound";

type Answer = { id: number; placed: Placed } | { id: number; problem: string };

export class Layouts {
  #worker: Worker | null = null;
  #next = 1;
  #waiting = new Map<number, { resolve: (placed: Placed) => void; reject: (error: Error) => void; task: DrawingTask }>();
  #own: Promise<(task: DrawingTask) => Placed> | null = null;

  constructor() {
    try {
      this.#worker = new LayoutWorker();
    } catch {
      return; // a host may forbid workers: the page lays out itself
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("problem" in data) waiting?.reject(new Error(data.problem));
      else waiting?.resolve(data.placed);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#worker?.terminate();
      this.#worker = null;
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const { task, resolve, reject } of waiting) this.#here(task).then(resolve, reject);
    };
  }

  place(task: DrawingTask): Promise<Placed> {
    if (!this.#worker) return this.#here(task);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, task });
      this.#worker?.postMessage({ id, task });
    });
  }

  async #here(task: DrawingTask): Promise<Placed> {
    this.#own ??= Promise.all([import("./compound"), import("./remembering")]).then(([{ place }, { remembering }]) => {
      const placeLevel: PlaceLevel = remembering();
      return (one: DrawingTask) => place(one, placeLevel);
    });
    return (await this.#own)(task);
  }

  destroy(): void {
    this.#worker?.terminate();
    this.#waiting.clear();
  }
}
