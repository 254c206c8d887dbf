// How does a recurrent network learn to continue? An epoch: batches forward and backward through time, then predictions nobody helps.
import { crossEntropy, meanSquaredError } from "../engine/losses";
import { optimiser } from "../engine/optimisers";
import { Random, type RandomState } from "../engine/random";
import type { Trace } from "../engine/recurrent";
import { allFinite, loadParameters, saveParameters, type SavedParameter } from "../engine/saved";
import { SequenceNetwork, type SequenceRecord } from "../engine/sequence";
import { zeros, type Numbers, type Optimiser, type OptimiserState, type Trainer } from "../engine/types";
import { mistake, type Live, type RnnConfig } from "./config";
import { sequences, type Sequences } from "./data";
import { History } from "./history";

/** Sequences that are learned from in an epoch. */
export const PER_EPOCH = 100;
/** An error beyond this many times that of a blind answer, three epochs running, is called a failure. */
export const FAILS_AT = 1.3;
/** Predictions whose way through a cell can be walked. */
export const WALKED = 4;

type F32 = Float32Array<ArrayBuffer>;

export interface CurvePoint {
  epoch: number;
  /** Mean loss of the epoch's batches, each before its update; null before the first epoch. */
  loss: number | null;
  /** Loss on sequences that are held out. */
  error: number;
}

/** One sequence to look at: what was read, what is said, what is right. Series are values, texts numbers of symbols. */
export interface Sample {
  start: number;
  read: F32;
  /** The first prediction follows what was read; each later one follows the predictions before it. */
  said: F32;
  right: F32;
  /** Of texts: probabilities of all symbols at each prediction, (roll, symbols). */
  probabilities: F32 | null;
  /** Loss of the first prediction. */
  loss: number;
}

export interface RnnFrame {
  epoch: number;
  /** Updates since the beginning. */
  updates: number;
  loss: number | null;
  error: number;
  /** Of texts: share of held-out windows whose next symbol is the most probable one. */
  hits: number | null;
  curve: CurvePoint[];
  sample: Sample;
  /** State of each layer while the sample is read, and the derivative of the loss by it: (window, units) each. */
  states: F32[];
  derivatives: F32[];
  symbols: readonly string[];
  window: number;
  blind: number;
  heldOut: number;
  isHeldOut: boolean;
  weights: number;
  /** Length of the gradient of the last batch, and how far the weights moved in the last epoch. */
  gradient: number | null;
  moved: number | null;
  diverged: { epoch: number; loss: number } | null;
  /** Epochs in a row that were worse than a blind answer by FAILS_AT. */
  failing: number;
  pristine: boolean;
  kept: number[];
}

/** A layer while the sample's windows pass: `windows[k]` led to prediction k; `derivatives` are those of the first prediction's loss. */
export interface Walk {
  epoch: number;
  layer: number;
  windows: { values: Trace; read: F32; said: number }[];
  derivatives: Trace;
}

export interface RnnState {
  format: "underglass.rnn";
  version: 1;
  config: RnnConfig;
  epoch: number;
  updates: number;
  /** False once a setting was changed by hand: then the seed alone does not lead here. */
  pristine: boolean;
  random: RandomState;
  network: SavedParameter[];
  optimiser: OptimiserState;
}

export class RnnTrainer implements Trainer<"epoch", Live, RnnFrame, RnnState> {
  readonly config: RnnConfig;
  readonly network: SequenceNetwork;
  readonly data: Sequences;
  readonly #random: Random;
  #rule: Optimiser;
  readonly #records = new Map<string, SequenceRecord>();
  #epoch = 0;
  #updates = 0;
  #pristine = true;
  #loss: number | null = null;
  #error = NaN;
  #hits: number | null = null;
  #gradient: number | null = null;
  #moved: number | null = null;
  #failing = 0;
  #diverged: RnnFrame["diverged"] = null;
  #sample!: Sample;
  readonly #past = new History<RnnState, CurvePoint>();

  constructor(config: RnnConfig) {
    const wrong = mistake(config);
    if (wrong) throw new Error(wrong);
    this.config = structuredClone(config);
    this.data = sequences(this.config);
    const { cell, units, layers, head, seed } = this.config;
    const { width, kind } = this.data;
    const activation = kind === "text" ? "linear" : head;
    this.network = new SequenceNetwork({ cell, inputs: width, units, layers, outputs: width, activation }, new Random(seed));
    this.#rule = this.#newRule();
    this.#random = new Random(seed + 1);
    this.#look();
    this.#note();
  }

  #newRule(): Optimiser {
    return optimiser("rmsprop", this.config.rate, { decay: 0.9 });
  }

  #record(batch: number): SequenceRecord {
    const { window } = this.data;
    const key = String(batch);
    let found = this.#records.get(key);
    if (!found) this.#records.set(key, (found = this.network.record(batch, window)));
    return found;
  }

  // ---- training -----------------------------------------------------------------------------------------------------------

  step(what: "epoch", count: number): void {
    if (what !== "epoch") throw new Error(`no step named ${String(what)}; known is epoch`);
    for (let i = 0; i < count && !this.#diverged; i += 1) this.#learn();
  }

  #learn(): void {
    const before = this.network.parameters.map(({ value }) => value.slice());
    const starts = this.data.draw(PER_EPOCH, this.#random);
    let [sum, n] = [0, 0];
    for (let from = 0; from < starts.length; from += this.config.batch) {
      const some = starts.slice(from, from + this.config.batch);
      const loss = this.#update(some);
      sum += loss * some.length;
      n += some.length;
    }
    this.#epoch += 1;
    this.#loss = sum / n;
    this.#moved = distance(this.network.parameters, before);
    const finite = Number.isFinite(this.#loss) && this.network.parameters.every(({ value }) => allFinite(value));
    if (!finite) {
      this.#diverged = { epoch: this.#epoch, loss: this.#loss };
      return;
    }
    this.#look();
    this.#failing = this.#error > FAILS_AT * this.data.blind ? this.#failing + 1 : 0;
    this.#note();
  }

  /** Forward, loss, backward through time, one step of the rule. */
  #update(starts: readonly number[]): number {
    const record = this.#record(starts.length);
    this.network.forward(this.#encode(starts, this.config.noise), record);
    const dy = zeros(record.y.length);
    const loss = this.#judge(record, starts, dy);
    this.network.backward(record, dy, "parameters");
    this.#rule.step(this.network.parameters, record.gradients);
    this.#updates += 1;
    this.#gradient = Math.sqrt(record.gradients.reduce((sum, one) => sum + squares(one), 0));
    return loss;
  }

  /** What the network reads, (window, batch, width): noisy numbers, or one 1 a symbol. */
  #encode(starts: readonly number[], noise: number): Numbers {
    const { window, width, kind } = this.data;
    const batch = starts.length;
    const x = zeros(window * batch * width);
    for (let t = 0; t < window; t += 1)
      for (let b = 0; b < batch; b += 1) {
        const value = this.data.at(starts[b], t);
        if (kind === "text") x[(t * batch + b) * width + value] = 1;
        else x[t * batch + b] = noise ? value + this.#random.uniform(-noise, noise) : value;
      }
    return x;
  }

  #judge(record: SequenceRecord, starts: readonly number[], dy: Numbers, probabilities: Numbers = zeros(dy.length)): number {
    const { window, width, kind } = this.data;
    const targets = starts.map((start) => this.data.at(start, window));
    if (kind === "text") return crossEntropy(record.y, targets, width, probabilities, dy);
    return meanSquaredError(record.y, Float32Array.from(targets), dy);
  }

  // ---- looking ------------------------------------------------------------------------------------------------------------

  /** After an epoch: the error on what is held out, and another sequence to look at. Draws from numbers of its own. */
  #look(): void {
    const { heldOut, width, kind } = this.data;
    const record = this.#record(heldOut.length);
    this.network.forward(this.#encode(heldOut, 0), record);
    this.#error = this.#judge(record, heldOut, zeros(record.y.length));
    this.#hits =
      kind === "text"
        ? heldOut.filter((start, b) => mostProbable(record.y, b * width, width) === this.data.at(start, this.data.window))
            .length / heldOut.length
        : null;
    this.#sample = this.#show();
  }

  #show(): Sample {
    const random = new Random(this.config.seed * 7919 + this.#epoch + 3);
    const { window, roll, width, kind } = this.data;
    const start = this.data.show(random);
    const { noise } = this.config;
    const read = Float32Array.from({ length: window }, (_, t) => {
      const value = this.data.at(start, t);
      return kind === "series" && noise ? value + random.uniform(-noise, noise) : value;
    });
    const said = new Float32Array(roll);
    const probabilities = kind === "text" ? new Float32Array(roll * width) : null;
    const record = this.#record(1);
    const [dy, p] = [zeros(width), zeros(width)];
    let loss = NaN;
    for (let k = 0; k < roll; k += 1) {
      this.network.forward(this.#oneWindow(read, said, k), record);
      if (k === 0) loss = this.#judge(record, [start], dy, p);
      else if (kind === "text") crossEntropy(record.y, [0], width, p, dy);
      probabilities?.set(p, k * width);
      said[k] = kind === "text" ? mostProbable(record.y, 0, width) : record.y[0];
    }
    const right = Float32Array.from({ length: roll }, (_, k) => this.data.at(start, window + k));
    return { start, read, said, right, probabilities, loss };
  }

  /** The window before prediction k: what was read, then the network's own words. */
  #oneWindow(read: F32, said: F32, k: number): Numbers {
    const { window, width, kind } = this.data;
    const x = zeros(window * width);
    for (let t = 0; t < window; t += 1) {
      const value = t + k < window ? read[t + k] : said[t + k - window];
      if (kind === "text") x[t * width + value] = 1;
      else x[t] = value;
    }
    return x;
  }

  /** Runs the sample's first window through the network, there and back. */
  #through(): SequenceRecord {
    const record = this.#record(1);
    this.network.forward(this.#oneWindow(this.#sample.read, this.#sample.said, 0), record);
    const dy = zeros(this.data.width);
    this.#judge(record, [this.#sample.start], dy);
    return this.network.backward(record, dy);
  }

  #walk(layer: number): Walk {
    if (!(layer >= 0 && layer < this.network.layers.length))
      throw new Error(`there is no layer ${layer + 1}; the network has ${this.network.layers.length}`);
    const { read, said } = this.#sample;
    const one = this.network.layers[layer];
    const derivatives = one.derivatives(this.#through().layers[layer], 0);
    const record = this.#record(1);
    const windows = Array.from({ length: Math.min(WALKED, said.length) }, (_, k) => {
      this.network.forward(this.#oneWindow(read, said, k), record);
      const values = Float32Array.from(read, (_value, t) => (t + k < read.length ? read[t + k] : said[t + k - read.length]));
      return { values: one.values(record.layers[layer], 0), read: values, said: said[k] };
    });
    return { epoch: this.#epoch, layer, windows, derivatives };
  }

  #note(): void {
    this.#past.add(this.#epoch, { epoch: this.#epoch, loss: this.#loss, error: this.#error }, () => this.state());
  }

  set(settings: Partial<Live>): void {
    const wanted = structuredClone({ ...this.config, ...settings });
    const wrong = mistake(wanted);
    if (wrong) throw new Error(wrong);
    if (this.#epoch > 0) this.#pristine = false;
    Object.assign(this.config, wanted);
    this.#rule.rate = wanted.rate;
    if ("noise" in settings) this.#look();
  }

  // ---- what can be seen, kept and put back --------------------------------------------------------------------------------

  frame(): RnnFrame {
    const through = this.#diverged ? null : this.#through();
    const { window, symbols, blind, heldOut, isHeldOut } = this.data;
    const slice = (numbers: Numbers, from = 0) => Float32Array.from(numbers.subarray(from));
    return {
      epoch: this.#epoch,
      updates: this.#updates,
      loss: this.#loss,
      error: this.#error,
      hits: this.#hits,
      curve: this.#past.curve.slice(),
      sample: structuredClone(this.#sample),
      states: through ? through.layers.map((layer) => slice(layer.y)) : [],
      derivatives: through ? through.layers.map((layer) => slice(layer.dh, this.config.units)) : [],
      symbols,
      window,
      blind,
      heldOut: heldOut.length,
      isHeldOut,
      weights: this.network.parameters.reduce((sum, { value }) => sum + value.length, 0),
      gradient: this.#gradient,
      moved: this.#moved,
      diverged: this.#diverged,
      failing: this.#failing,
      pristine: this.#pristine,
      kept: this.#past.kept,
    };
  }

  state(): RnnState {
    return {
      format: "underglass.rnn",
      version: 1,
      config: structuredClone(this.config),
      epoch: this.#epoch,
      updates: this.#updates,
      pristine: this.#pristine,
      random: this.#random.state(),
      network: saveParameters(this.network.parameters),
      optimiser: this.#rule.state(),
    };
  }

  /** Put a state of the same structure back; what came after its epoch is forgotten. */
  restore(state: RnnState): void {
    loadParameters(this.network.parameters, state.network);
    const { rate, batch, noise } = state.config;
    Object.assign(this.config, { rate, batch, noise });
    this.#rule = this.#newRule();
    if (state.optimiser.steps) this.#rule.restore(state.optimiser);
    this.#random.restore(state.random);
    this.#epoch = state.epoch;
    this.#updates = state.updates;
    this.#pristine = state.pristine;
    this.#diverged = null;
    this.#failing = 0;
    this.#gradient = this.#moved = null;
    this.#past.returnTo(state.epoch);
    this.#loss = this.#past.curve.at(-1)?.loss ?? null;
    this.#look();
    this.#note();
  }

  /** "walk": a layer while the sample passes. "return": go back to a kept epoch. "best": the kept epoch with the least error. */
  ask(question: string, argument: unknown): Walk | RnnFrame | number {
    if (question === "walk") return this.#walk(Number(argument));
    if (question === "best") return this.#past.best();
    if (question !== "return") throw new Error(`no question named ${question}; known are walk, best and return`);
    this.restore(this.#past.state(Number(argument)));
    return this.frame();
  }
}

function squares(numbers: Numbers): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i += 1) sum += numbers[i] * numbers[i];
  return sum;
}

function distance(parameters: readonly { value: Numbers }[], before: readonly Numbers[]): number {
  let sum = 0;
  parameters.forEach(({ value }, i) => {
    for (let k = 0; k < value.length; k += 1) sum += (value[k] - before[i][k]) ** 2;
  });
  return Math.sqrt(sum);
}

function mostProbable(numbers: Numbers, from: number, width: number): number {
  let best = 0;
  for (let c = 1; c < width; c += 1) if (numbers[from + c] > numbers[from + best]) best = c;
  return best;
}
