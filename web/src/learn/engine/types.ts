// What does every part of the training engine promise the others?
//
// The engine is a small, readable replacement for a deep-learning library, for networks of a few hundred numbers that people
// look into. There is no automatic differentiation: every layer writes its own derivative beside its own formula, so that a
// reader finds both in one file, and a page can show every value that passes.
//
// * **Numbers** are typed arrays, row-major, instances first: (batch, features). Sequences are (time, batch, features), as torch
//   keeps them: one step of all sequences is one matrix.
//   Pages train in float32; tests check derivatives in float64, with the same code.
// * A **parameter** is a named array with a shape. Weights are (outputs, inputs), as torch keeps them.
// * A **record** is everything one layer knows of one batch: forward writes x, z and y into it, backward writes dy, dz, dx
//   and the gradients. It is made once (`layer.record(batch)`) and written over at each step, so that training makes no garbage.
//   `dx` always means "derivative of the loss with respect to x".
// * An **optimiser** moves parameters against gradients given in the same order; its memory can be saved and put back.
// * **Random numbers** come from `random.ts`: a seed decides everything, and the generator's place can be saved.
// * Training runs in a worker. A **trainer** is what the worker keeps; `served.ts` puts it behind messages and `remote.ts`
//   speaks to it from the page. The page asks for a frame, draws it, and asks again: it is never flooded and never blocked.

export type Precision = "float32" | "float64";
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** An array of zeros of a precision. */
export function zeros(length: number, precision: Precision = "float32"): Numbers {
  return precision === "float64" ? new Float64Array(length) : new Float32Array(length);
}

/** A named array that training moves; `value.length` is the product of `shape`. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: Numbers;
}

/** What one layer knows of one batch. Layers add their own members (gates, cell states, …), each an array with a stated shape. */
export interface LayerRecord {
  readonly batch: number;
  /** The input, set by forward; not copied. */
  x: Numbers;
  /** The output. */
  readonly y: Numbers;
  /** Derivative of the loss by the input, written by backward. */
  readonly dx: Numbers;
  /** Derivatives of the loss by the layer's parameters, in their order, written by backward. */
  readonly gradients: readonly Numbers[];
}

/** What backward must find: a frozen network passes gradients on (`input`), a first layer needs none for its input. */
export type Wanted = "both" | "input" | "parameters";

/** A layer, or a whole network: anything with a forward and a backward of its own. */
export interface Layer<R extends LayerRecord = LayerRecord> {
  readonly inputs: number;
  readonly outputs: number;
  readonly precision: Precision;
  readonly parameters: readonly Parameter[];
  /** Arrays for a batch of this size. */
  record(batch: number): R;
  /** Computes `record.y` and everything on the way; returns the record. */
  forward(x: Numbers, record: R): R;
  /** From `dy`, the derivative by the output, computes `record.dx`, `record.gradients` and everything on the way. */
  backward(record: R, dy: Numbers, wanted?: Wanted): R;
}

/** Rules that move parameters; `state` is its memory (velocities, moments), plain and complete. */
export type OptimiserName = "sgd" | "momentum" | "adam" | "rmsprop";
export interface OptimiserState {
  readonly name: OptimiserName;
  readonly steps: number;
  /** One list per kind of memory, each in the order of the parameters. */
  readonly memory: readonly (readonly number[])[][];
}
export interface Optimiser {
  readonly name: OptimiserName;
  /** The learning rate; may be set at any time. */
  rate: number;
  step(parameters: readonly Parameter[], gradients: readonly Numbers[]): void;
  state(): OptimiserState;
  restore(state: OptimiserState): void;
}

// ---- the worker -----------------------------------------------------------------------------------------------------------

/** Plain data that structured cloning carries: numbers, texts, booleans, lists, objects, typed arrays. */
export type Plain = unknown;

/** What a worker keeps. `Frame` is all that a page draws, in arrays of its own: they are transferred, not copied. */
export interface Trainer<Step = string, Settings = Plain, Frame = Plain, State = Plain> {
  /** Train on by `count` units of the kind `what` ("epoch", "discriminator", …); must stop by itself when numbers stop being finite. */
  step(what: Step, count: number): void;
  /** Change what may change while training (learning rates, …); takes effect with the next step. */
  set(settings: Partial<Settings>): void;
  frame(): Frame;
  /** Everything needed to go on exactly from here, as JSON. */
  state(): State;
  restore(state: State): void;
  /** Anything else a page may ask ("history", …). */
  ask?(question: string, argument: Plain): Plain;
}

/** From the page to the worker. Each message carries an `id`; each is answered once, in order. */
export type Request =
  | { id: number; type: "start"; trainer: string; config: Plain; state?: Plain }
  | { id: number; type: "step"; what: string; count: number; milliseconds?: number }
  | { id: number; type: "set"; settings: Plain }
  | { id: number; type: "frame" }
  | { id: number; type: "state" }
  | { id: number; type: "restore"; state: Plain }
  | { id: number; type: "ask"; question: string; argument: Plain };

/** From the worker to the page. start, step, set, frame and restore answer with the frame that follows. */
export type Answer = { id: number; value: Plain } | { id: number; error: string };
