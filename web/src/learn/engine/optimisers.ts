// How do parameters move against their gradients? Four rules, each with torch's defaults and formulas.
import { zeros, type Numbers, type Optimiser, type OptimiserName, type OptimiserState, type Parameter } from "./types";

/** Arrays beside each parameter that a rule remembers from step to step. */
abstract class Rule implements Optimiser {
  abstract readonly name: OptimiserName;
  protected steps = 0;
  protected memory: Numbers[][] = [];

  constructor(
    public rate: number,
    private readonly kinds: number,
  ) {}

  protected abstract move(value: Numbers, gradient: Numbers, memory: readonly Numbers[]): void;

  step(parameters: readonly Parameter[], gradients: readonly Numbers[]): void {
    if (!this.memory.length && this.kinds)
      this.memory = Array.from({ length: this.kinds }, () =>
        parameters.map(({ value }) => zeros(value.length, value instanceof Float64Array ? "float64" : "float32")),
      );
    this.steps += 1;
    parameters.forEach(({ value }, i) =>
      this.move(
        value,
        gradients[i],
        this.memory.map((kind) => kind[i]),
      ),
    );
  }

  state(): OptimiserState {
    return { name: this.name, steps: this.steps, memory: this.memory.map((kind) => kind.map((one) => Array.from(one))) };
  }

  restore(state: OptimiserState): void {
    if (state.name !== this.name) throw new Error(`a state of ${state.name} cannot be put into ${this.name}`);
    this.steps = state.steps;
    this.memory = state.memory.map((kind) => kind.map((one) => Float32Array.from(one)));
  }
}

/** θ ← θ − η g. */
class Sgd extends Rule {
  readonly name = "sgd";
  constructor(rate: number) {
    super(rate, 0);
  }
  protected move(value: Numbers, gradient: Numbers): void {
    for (let i = 0; i < value.length; i += 1) value[i] -= this.rate * gradient[i];
  }
}

/** v ← μ v + g; θ ← θ − η v. Source: Polyak 1964, in torch's form. */
class Momentum extends Rule {
  readonly name = "momentum";
  constructor(
    rate: number,
    private readonly friction = 0.9,
  ) {
    super(rate, 1);
  }
  protected move(value: Numbers, gradient: Numbers, [velocity]: readonly Numbers[]): void {
    for (let i = 0; i < value.length; i += 1) {
      velocity[i] = this.friction * velocity[i] + gradient[i];
      value[i] -= this.rate * velocity[i];
    }
  }
}

/** m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; θ ← θ − η m̂ / (√v̂ + ε). Source: Kingma and Ba 2015. */
class Adam extends Rule {
  readonly name = "adam";
  constructor(
    rate: number,
    private readonly beta1 = 0.9,
    private readonly beta2 = 0.999,
    private readonly epsilon = 1e-8,
  ) {
    super(rate, 2);
  }
  protected move(value: Numbers, gradient: Numbers, [mean, square]: readonly Numbers[]): void {
    const { beta1, beta2, epsilon } = this;
    const rate = this.rate / (1 - beta1 ** this.steps);
    const correction = Math.sqrt(1 - beta2 ** this.steps);
    for (let i = 0; i < value.length; i += 1) {
      const g = gradient[i];
      mean[i] = beta1 * mean[i] + (1 - beta1) * g;
      square[i] = beta2 * square[i] + (1 - beta2) * g * g;
      value[i] -= (rate * mean[i]) / (Math.sqrt(square[i]) / correction + epsilon);
    }
  }
}

/** v ← αv + (1−α)g²; θ ← θ − η g / (√v + ε). Source: Tieleman and Hinton 2012, with torch's defaults. */
class RmsProp extends Rule {
  readonly name = "rmsprop";
  constructor(
    rate: number,
    private readonly decay = 0.99,
    private readonly epsilon = 1e-8,
  ) {
    super(rate, 1);
  }
  protected move(value: Numbers, gradient: Numbers, [square]: readonly Numbers[]): void {
    for (let i = 0; i < value.length; i += 1) {
      square[i] = this.decay * square[i] + (1 - this.decay) * gradient[i] * gradient[i];
      value[i] -= (this.rate * gradient[i]) / (Math.sqrt(square[i]) + this.epsilon);
    }
  }
}

export interface OptimiserOptions {
  momentum?: number;
  beta1?: number;
  beta2?: number;
  /** Of RMSProp's running mean of squares; torch's default is .99, Keras' .9. */
  decay?: number;
}

export function optimiser(
  name: OptimiserName,
  rate: number,
  { momentum, beta1, beta2, decay }: OptimiserOptions = {},
): Optimiser {
  if (name === "momentum") return new Momentum(rate, momentum);
  if (name === "adam") return new Adam(rate, beta1, beta2);
  if (name === "rmsprop") return new RmsProp(rate, decay);
  return new Sgd(rate);
}
