// What does a fully connected layer compute? y = f(x·Wᵀ + b), and the derivative of each of its parts.
import { activate, activationBackward, type ActivationName } from "./activations";
import { affine, affineInput, affineParameters } from "./kernels";
import type { Random } from "./random";
import { zeros, type Layer, type LayerRecord, type Numbers, type Parameter, type Precision, type Wanted } from "./types";

/** Arrays are (batch, outputs) but x and dx, which are (batch, inputs). */
export interface DenseRecord extends LayerRecord {
  /** Before the activation. */
  readonly z: Numbers;
  dy: Numbers;
  readonly dz: Numbers;
}

export interface DenseOptions {
  name: string;
  inputs: number;
  outputs: number;
  activation: ActivationName;
  precision?: Precision;
}

export class Dense implements Layer<DenseRecord> {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: ActivationName;
  readonly precision: Precision;
  readonly weights: Numbers;
  readonly bias: Numbers;
  readonly parameters: readonly Parameter[];

  /** Weights start normal with standard deviation 1/√inputs, so that outputs are about as large as inputs; biases start at 0. */
  constructor({ name, inputs, outputs, activation, precision = "float32" }: DenseOptions, random?: Random) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.activation = activation;
    this.precision = precision;
    this.weights = zeros(outputs * inputs, precision);
    this.bias = zeros(outputs, precision);
    this.parameters = [
      { name: `${name}.weight`, shape: [outputs, inputs], value: this.weights },
      { name: `${name}.bias`, shape: [outputs], value: this.bias },
    ];
    if (random) for (let i = 0; i < this.weights.length; i += 1) this.weights[i] = random.normal() / Math.sqrt(inputs);
  }

  record(batch: number): DenseRecord {
    const out = () => zeros(batch * this.outputs, this.precision);
    return {
      batch,
      x: zeros(0, this.precision),
      z: out(),
      y: out(),
      dy: zeros(0, this.precision),
      dz: out(),
      dx: zeros(batch * this.inputs, this.precision),
      gradients: this.parameters.map(({ value }) => zeros(value.length, this.precision)),
    };
  }

  forward(x: Numbers, record: DenseRecord): DenseRecord {
    record.x = x;
    affine(x, this.weights, this.bias, record.z, record.batch, this.inputs);
    activate(this.activation, record.z, record.y);
    return record;
  }

  backward(record: DenseRecord, dy: Numbers, wanted: Wanted = "both"): DenseRecord {
    record.dy = dy;
    activationBackward(this.activation, record.y, dy, record.dz);
    if (wanted !== "parameters") affineInput(record.dz, this.weights, record.dx, record.batch, this.inputs);
    if (wanted !== "input") {
      for (const gradient of record.gradients) gradient.fill(0);
      affineParameters(record.dz, record.x, record.gradients[0], record.gradients[1], record.batch, this.inputs);
    }
    return record;
  }
}
