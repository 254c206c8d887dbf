// How is a GAN trained? The discriminator and the generator take turns; each update has five phases that can be walked one by one.
import { sigmoid } from "../engine/activations";
import { discriminatorLoss, generatorLoss } from "../engine/losses";
import { perceptron, type Network } from "../engine/network";
import { optimiser } from "../engine/optimisers";
import { Random, type RandomState } from "../engine/random";
import { allFinite, loadParameters, saveParameters, type SavedParameter } from "../engine/saved";
import { zeros, type Numbers, type Optimiser, type OptimiserState, type Trainer } from "../engine/types";
import { BATCH, mistake, type GanConfig, type Live, type Side } from "./config";
import { sample } from "./data";
import { Curve, type Point } from "./curve";
import { Pictures, type Picture } from "./pictures";

/** A loss beyond this, or a number that is not finite, means that training ran away: a guess that is merely wrong costs below 10. */
export const RUN_AWAY = 1000;
export const PHASES = 5;
export type Step = "epoch" | "phase" | Side;

/** What one update computed, on its own batch of 150. */
export interface Update {
  side: Side;
  /** Which of how many updates of this epoch. */
  number: number;
  of: number;
  /** How many of the five phases are done. */
  phase: number;
  /** Mean D(x) on the batch's real samples (null for the generator, which sees none) and fakes. */
  onReal: number | null;
  onFake: number;
  loss: number;
  /** Length of the gradient over all parameters, and per layer. */
  gradient: number;
  byLayer: number[];
  /** How far the parameters moved, as a length. */
  moved: number;
}

export interface GanState {
  format: "underglass.gan";
  version: 1;
  config: GanConfig;
  epoch: number;
  /** False once a setting was changed, or only one network was updated, by hand: then the seed alone does not lead here. */
  pristine: boolean;
  random: RandomState;
  generator: SavedParameter[];
  discriminator: SavedParameter[];
  optimisers: Record<Side, OptimiserState>;
}

export interface GanFrame extends Picture {
  epoch: number;
  /** The update that is being walked, or the last one. */
  update: Update | null;
  /** Whether an epoch is being walked phase by phase and is not done. */
  walking: boolean;
  losses: Record<Side, number | null>;
  curve: Point[];
  /** JS and KL divergence of two samples of the real distribution: no generator can be expected below. */
  chance: { kl: number; js: number };
  kl: number;
  js: number;
  diverged: { epoch: number; side: Side; loss: number } | null;
  pristine: boolean;
  /** Epochs one can go back to. */
  kept: number[];
  parameters: Record<Side, number>;
}

const KEPT = 120;

export class GanTrainer implements Trainer<Step, Live, GanFrame, GanState> {
  readonly config: GanConfig;
  readonly networks: Record<Side, Network>;
  readonly #rules: Record<Side, Optimiser>;
  readonly #random: Random;
  readonly #pictures: Pictures;
  readonly #records;
  #epoch = 0;
  #pristine = true;
  #plan: { side: Side; number: number; of: number }[] = [];
  #update: Update | null = null;
  #losses: Record<Side, number | null> = { generator: null, discriminator: null };
  #diverged: GanFrame["diverged"] = null;
  #curve = new Curve();
  #history = new Map<number, GanState>();
  #every = 1;
  #noise: Numbers;
  #real: Numbers;

  constructor(config: GanConfig) {
    const wrong = mistake(config);
    if (wrong) throw new Error(wrong);
    this.config = structuredClone(config);
    const { seed, noiseSize, layers, neurons } = this.config;
    const start = new Random(seed);
    const hidden = (side: Side) => new Array<number>(layers[side]).fill(neurons[side]);
    this.networks = {
      generator: perceptron("generator", [noiseSize, ...hidden("generator"), 2], "relu", "tanh", start),
      discriminator: perceptron("discriminator", [2, ...hidden("discriminator"), 1], "relu", "linear", start),
    };
    this.#rules = { generator: this.#rule("generator"), discriminator: this.#rule("discriminator") };
    this.#random = new Random(seed + 1);
    this.#pictures = new Pictures(this.config, this.networks);
    this.#noise = zeros(BATCH * noiseSize);
    this.#real = zeros(BATCH * 2);
    const { generator, discriminator } = this.networks;
    this.#records = {
      generator: generator.record(BATCH),
      onReal: discriminator.record(BATCH),
      onFake: discriminator.record(BATCH),
      dReal: zeros(BATCH),
      dFake: zeros(BATCH),
      sums: discriminator.parameters.map(({ value }) => zeros(value.length)),
    };
    this.#note();
  }

  #rule(side: Side): Optimiser {
    const name = this.config.optimiser[side];
    return optimiser(name, this.config.rate[side], name === "adam" ? { beta1: 0.5, beta2: 0.999 } : {});
  }

  // ---- training -----------------------------------------------------------------------------------------------------------

  step(what: Step, count: number): void {
    for (let i = 0; i < count && !this.#diverged; i += 1) {
      if (what === "phase") this.#phase();
      else if (what === "epoch") this.#finish();
      else {
        if (this.#plan.length) this.#finish();
        this.#pristine = false;
        this.#plan = [{ side: what, number: 1, of: 1 }];
        this.#finish();
      }
    }
  }

  /** The turns of one epoch: the discriminator's updates, then the generator's. */
  #begin(): void {
    this.#plan = (["discriminator", "generator"] as const).flatMap((side) => {
      const of = this.config.updates[side];
      return Array.from({ length: of }, (_, i) => ({ side, number: i + 1, of }));
    });
    this.#update = null;
  }

  /** One phase on; the last phase of the last update ends the epoch. */
  #phase(): void {
    if (!this.#plan.length) this.#begin();
    const turn = this.#plan[0];
    if (turn) {
      const now = this.#update;
      const update =
        now && now.side === turn.side && now.number === turn.number && now.phase < PHASES
          ? now
          : { ...turn, phase: 0, onReal: null, onFake: NaN, loss: NaN, gradient: NaN, byLayer: [], moved: NaN };
      this.#update = update;
      update.phase += 1;
      if (turn.side === "discriminator") this.#discriminatorPhase(update);
      else this.#generatorPhase(update);
      if (update.phase >= 3) this.#losses[turn.side] = update.loss;
      this.#watch(update);
      if (update.phase < PHASES) return;
      this.#plan.shift();
    }
    if (this.#plan.length || this.#diverged) return;
    this.#epoch += 1;
    this.#note();
  }

  /** To the end of the epoch. */
  #finish(): void {
    const epoch = this.#epoch;
    while (this.#epoch === epoch && !this.#diverged) this.#phase();
  }

  #drawNoise(): void {
    const { noise } = this.config;
    for (let i = 0; i < this.#noise.length; i += 1)
      this.#noise[i] = noise === "uniform" ? this.#random.uniform(-1, 1) : this.#random.normal();
  }

  #discriminatorPhase(update: Update): void {
    const { generator, discriminator } = this.networks;
    const { generator: made, onReal, onFake, dReal, dFake, sums } = this.#records;
    if (update.phase === 1) {
      this.#drawNoise();
      this.#real = sample(this.config.shape, BATCH, this.#random, this.config.own);
      generator.forward(this.#noise, made);
    } else if (update.phase === 2) {
      discriminator.forward(this.#real, onReal);
      discriminator.forward(made.y, onFake);
      update.onReal = meanScore(onReal.y);
      update.onFake = meanScore(onFake.y);
    } else if (update.phase === 3) {
      update.loss = discriminatorLoss(this.config.loss, onReal.y, onFake.y, dReal, dFake);
    } else if (update.phase === 4) {
      discriminator.backward(onReal, dReal, "parameters");
      discriminator.backward(onFake, dFake, "parameters");
      sums.forEach((sum, i) => {
        const [a, b] = [onReal.gradients[i], onFake.gradients[i]];
        for (let j = 0; j < sum.length; j += 1) sum[j] = a[j] + b[j];
      });
      Object.assign(update, lengths(sums));
    } else this.#move(update, sums);
  }

  #generatorPhase(update: Update): void {
    const { generator, discriminator } = this.networks;
    const { generator: made, onFake, dFake } = this.#records;
    if (update.phase === 1) {
      this.#drawNoise();
      generator.forward(this.#noise, made);
    } else if (update.phase === 2) {
      discriminator.forward(made.y, onFake);
      update.onFake = meanScore(onFake.y);
    } else if (update.phase === 3) {
      update.loss = generatorLoss(this.config.loss, onFake.y, dFake);
    } else if (update.phase === 4) {
      // The discriminator is frozen: the error passes through it to the fakes, and from there into the generator.
      discriminator.backward(onFake, dFake, "input");
      generator.backward(made, onFake.dx, "parameters");
      Object.assign(update, lengths(made.gradients));
    } else this.#move(update, made.gradients);
  }

  #move(update: Update, gradients: readonly Numbers[]): void {
    const { parameters } = this.networks[update.side];
    const before = parameters.map(({ value }) => value.slice());
    this.#rules[update.side].step(parameters, gradients);
    let sum = 0;
    parameters.forEach(({ value }, i) => {
      for (let j = 0; j < value.length; j += 1) sum += (value[j] - before[i][j]) ** 2;
    });
    update.moved = Math.sqrt(sum);
  }

  #watch(update: Update): void {
    const wrong =
      (update.phase >= 3 && !(update.loss < RUN_AWAY)) ||
      (update.phase === PHASES && !this.networks[update.side].parameters.every(({ value }) => allFinite(value)));
    if (wrong) this.#diverged = { epoch: this.#epoch, side: update.side, loss: update.loss };
  }

  /** After an epoch: a point of the curves, and a state to go back to; both thin out as they grow. */
  #note(): void {
    const { generator, discriminator } = this.#losses;
    this.#curve.add(this.#epoch, () => ({ epoch: this.#epoch, generator, discriminator, ...this.#pictures.divergences() }));
    if (this.#epoch % this.#every) return;
    this.#history.set(this.#epoch, this.state());
    if (this.#history.size <= KEPT) return;
    this.#every *= 2;
    for (const epoch of this.#history.keys()) if (epoch % this.#every) this.#history.delete(epoch);
  }

  set(settings: Partial<Live>): void {
    const wanted = structuredClone({ ...this.config, ...settings });
    const wrong = mistake(wanted);
    if (wrong) throw new Error(wrong);
    if (this.#epoch > 0 || this.#plan.length) this.#pristine = false;
    const other = (["generator", "discriminator"] as const).filter(
      (side) => wanted.optimiser[side] !== this.config.optimiser[side],
    );
    Object.assign(this.config, wanted);
    for (const side of ["generator", "discriminator"] as const)
      if (other.includes(side)) this.#rules[side] = this.#rule(side);
      else this.#rules[side].rate = wanted.rate[side];
  }

  // ---- what can be seen, kept and put back --------------------------------------------------------------------------------

  frame(): GanFrame {
    const { kl, js } = this.#pictures.divergences();
    return {
      ...this.#pictures.draw(),
      epoch: this.#epoch,
      update: this.#update && structuredClone(this.#update),
      walking: this.#plan.length > 0,
      losses: { ...this.#losses },
      curve: this.#curve.points.slice(),
      chance: this.#pictures.chance,
      kl,
      js,
      diverged: this.#diverged,
      pristine: this.#pristine,
      kept: [...this.#history.keys()],
      parameters: { generator: count(this.networks.generator), discriminator: count(this.networks.discriminator) },
    };
  }

  state(): GanState {
    const { generator, discriminator } = this.networks;
    return {
      format: "underglass.gan",
      version: 1,
      config: structuredClone(this.config),
      epoch: this.#epoch,
      pristine: this.#pristine,
      random: this.#random.state(),
      generator: saveParameters(generator.parameters),
      discriminator: saveParameters(discriminator.parameters),
      optimisers: { generator: this.#rules.generator.state(), discriminator: this.#rules.discriminator.state() },
    };
  }

  /** Put a state of the same structure back; curves and history after its epoch are forgotten. */
  restore(state: GanState): void {
    loadParameters(
      [...this.networks.generator.parameters, ...this.networks.discriminator.parameters],
      [...state.generator, ...state.discriminator],
    );
    const { loss, updates, optimiser: names, rate } = state.config;
    Object.assign(this.config, structuredClone({ loss, updates, optimiser: names, rate }));
    for (const side of ["generator", "discriminator"] as const) {
      this.#rules[side] = this.#rule(side);
      this.#rules[side].restore(state.optimisers[side]);
    }
    this.#random.restore(state.random);
    if (!this.#history.has(state.epoch)) {
      // It comes from elsewhere: what this run saw before is not its past.
      this.#history.clear();
      this.#curve = new Curve();
    }
    this.#epoch = state.epoch;
    this.#pristine = state.pristine;
    this.#plan = [];
    this.#update = null;
    this.#diverged = null;
    this.#curve.forgetAfter(state.epoch);
    const last = this.#curve.points.at(-1);
    this.#losses = { generator: last?.generator ?? null, discriminator: last?.discriminator ?? null };
    for (const epoch of this.#history.keys()) if (epoch > state.epoch) this.#history.delete(epoch);
    this.#note();
  }

  /** "show": the frame of a kept epoch, without going there. "return": go there, and on from there. */
  ask(question: string, argument: unknown): GanFrame {
    const kept = this.#history.get(Number(argument));
    if (!kept)
      throw new Error(`epoch ${String(argument)} was not kept; the nearest one that was is ${this.#nearest(Number(argument))}`);
    if (question === "return") {
      this.restore(kept);
      return this.frame();
    }
    if (question !== "show") throw new Error(`no question named ${question}; known are show and return`);
    const parameters = [...this.networks.generator.parameters, ...this.networks.discriminator.parameters];
    const now = saveParameters(parameters.map((one) => ({ ...one, name: one.name })));
    loadParameters(parameters, [...kept.generator, ...kept.discriminator]);
    const seen = this.frame();
    parameters.forEach(({ value }, i) => (value as Float32Array).set(now[i].value));
    const at = this.#curve.nearest(kept.epoch);
    return {
      ...seen,
      epoch: kept.epoch,
      update: null,
      walking: false,
      losses: { generator: at?.generator ?? null, discriminator: at?.discriminator ?? null },
    };
  }

  #nearest(epoch: number): number {
    return [...this.#history.keys()].reduce((best, one) => (Math.abs(one - epoch) < Math.abs(best - epoch) ? one : best), 0);
  }
}

function meanScore(logits: Numbers): number {
  let sum = 0;
  for (let i = 0; i < logits.length; i += 1) sum += sigmoid(logits[i]);
  return sum / logits.length;
}

/** Length of all gradients together, and of each layer's (weights and biases). */
function lengths(gradients: readonly Numbers[]): { gradient: number; byLayer: number[] } {
  const squares = gradients.map((one) => {
    let sum = 0;
    for (let i = 0; i < one.length; i += 1) sum += one[i] * one[i];
    return sum;
  });
  const byLayer = squares.filter((_, i) => i % 2 === 0).map((weights, i) => Math.sqrt(weights + squares[2 * i + 1]));
  return { gradient: Math.sqrt(squares.reduce((sum, one) => sum + one, 0)), byLayer };
}

const count = (network: Network) => network.parameters.reduce((sum, { value }) => sum + value.length, 0);
