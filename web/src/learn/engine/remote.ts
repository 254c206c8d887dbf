// How does a page speak to its trainer? By calls that become messages to the worker and come back as promises, in order.
import type { Answer, Plain, Request } from "./types";

type Body = Request extends infer One ? (One extends Request ? Omit<One, "id"> : never) : never;

/** A trainer in a worker. `make` is the worker, `import Worker from "./worker?worker&inline"`: a blob, so that it also runs from file://. */
export class Remote<Settings, Frame, State> {
  #worker: Worker;
  #next = 1;
  #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();

  constructor(make: () => Worker) {
    this.#worker = make();
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("error" in data) waiting?.reject(new Error(data.error));
      else waiting?.resolve(data.value as never);
    };
    this.#worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(event.message || "the training stopped"));
      this.#waiting.clear();
    };
  }

  #send<T>(body: Body): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.#worker.postMessage({ id, ...body });
    });
  }

  start(trainer: string, config: Plain, state?: State): Promise<Frame> {
    return this.#send({ type: "start", trainer, config, state });
  }
  /** Train on; at most for `milliseconds`, so that frames keep coming. */
  step(what: string, count = 1, milliseconds?: number): Promise<Frame> {
    return this.#send({ type: "step", what, count, milliseconds });
  }
  set(settings: Partial<Settings>): Promise<Frame> {
    return this.#send({ type: "set", settings });
  }
  frame(): Promise<Frame> {
    return this.#send({ type: "frame" });
  }
  state(): Promise<State> {
    return this.#send({ type: "state" });
  }
  restore(state: State): Promise<Frame> {
    return this.#send({ type: "restore", state });
  }
  ask<T>(question: string, argument?: Plain): Promise<T> {
    return this.#send({ type: "ask", question, argument });
  }

  destroy(): void {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error("the page was left"));
    this.#waiting.clear();
  }
}
