// What runs inside the worker? One trainer behind messages; every request is answered once, and an error is an answer too.
import type { Answer, Plain, Request, Trainer } from "./types";

type Maker = (config: never) => Trainer<never, never>;

/** Buffers of all arrays within a value: they are handed over instead of copied. */
export function buffersOf(value: Plain, found: Set<ArrayBuffer> = new Set()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
  else if (value !== null && typeof value === "object") for (const member of Object.values(value)) buffersOf(member, found);
  return found;
}

/** Answers requests with the trainers that `makers` make; apart from the worker, so that tests need none. */
export class Served {
  #trainer: Trainer<string, Plain> | null = null;

  constructor(private readonly makers: Readonly<Record<string, Maker>>) {}

  answer(request: Request): Answer {
    try {
      return { id: request.id, value: this.#value(request) };
    } catch (error) {
      return { id: request.id, error: error instanceof Error ? error.message : String(error) };
    }
  }

  #value(request: Request): Plain {
    if (request.type === "start") {
      const make = this.makers[request.trainer] as unknown as (config: Plain) => Trainer<string, Plain>;
      const trainer = make(request.config);
      if (request.state !== undefined) trainer.restore(request.state);
      this.#trainer = trainer;
      return trainer.frame();
    }
    const trainer = this.#trainer;
    if (!trainer) throw new Error("training has not been started");
    if (request.type === "step") {
      // A budget of time keeps frames coming on a slow machine: fewer steps are done then, and the frame says how many.
      const until = performance.now() + (request.milliseconds ?? Infinity);
      let left = request.count;
      do {
        trainer.step(request.what, 1);
        left -= 1;
      } while (left > 0 && performance.now() < until);
    } else if (request.type === "set") trainer.set(request.settings as Partial<Plain>);
    else if (request.type === "restore") trainer.restore(request.state);
    else if (request.type === "state") return trainer.state();
    else if (request.type === "ask") return trainer.ask?.(request.question, request.argument);
    return trainer.frame();
  }
}

/** Start answering, inside a worker: `serve({ gan: (config) => new GanTrainer(config) })`. */
export function serve(makers: Readonly<Record<string, Maker>>): void {
  const scope = self as unknown as DedicatedWorkerGlobalScope;
  const served = new Served(makers);
  scope.onmessage = ({ data }: MessageEvent<Request>) => {
    const answer = served.answer(data);
    scope.postMessage(answer, "value" in answer ? [...buffersOf(answer.value)] : []);
  };
}
