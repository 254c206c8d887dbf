// What do all recurrent layers share? Sequences in, sequences out, torch's names and start, and a trace of one sequence for the eye.
import type { Random } from "./random";
import { zeros, type Layer, type LayerRecord, type Numbers, type Parameter, type Precision } from "./types";

export type CellName = "rnn" | "lstm" | "gru";

/** Arrays are (time, batch, units) but x and dx, which are (time, batch, inputs). */
export interface RecurrentRecord extends LayerRecord {
  readonly time: number;
  /** (time + 1, batch, units): the state before the first step, zeros unless somebody sets it, and after each. y is all but the first. */
  readonly h: Numbers;
  /** (time + 1, batch, units): the whole derivative by h, from above and from the later steps; the first is that by the start. */
  readonly dh: Numbers;
}

/** One sequence of a batch, value by value: each list is (time, size of that value). */
export type Trace = Readonly<Record<string, Numbers>>;

export interface RecurrentOptions {
  /** Before each parameter's name, as "lstm." in "lstm.weight_ih_l0". */
  prefix?: string;
  /** Number of the layer, from 0, which torch puts at the end of the names. */
  layer?: number;
  inputs: number;
  units: number;
  precision?: Precision;
}

export abstract class Recurrent<R extends RecurrentRecord = RecurrentRecord> implements Layer<R> {
  abstract readonly cell: CellName;
  readonly inputs: number;
  readonly outputs: number;
  readonly precision: Precision;
  readonly parameters: readonly Parameter[];
  /** (gates · units, inputs) and (gates · units, units), each with its bias, gates in torch's order. */
  protected readonly fromInput: Numbers;
  protected readonly fromState: Numbers;
  protected readonly inputBias: Numbers;
  protected readonly stateBias: Numbers;

  /** All parameters start uniform within ± 1/√units, as torch's do. */
  constructor(
    gates: number,
    { prefix = "", layer = 0, inputs, units, precision = "float32" }: RecurrentOptions,
    random?: Random,
  ) {
    this.inputs = inputs;
    this.outputs = units;
    this.precision = precision;
    const rows = gates * units;
    this.fromInput = zeros(rows * inputs, precision);
    this.fromState = zeros(rows * units, precision);
    this.inputBias = zeros(rows, precision);
    this.stateBias = zeros(rows, precision);
    this.parameters = [
      { name: `${prefix}weight_ih_l${layer}`, shape: [rows, inputs], value: this.fromInput },
      { name: `${prefix}weight_hh_l${layer}`, shape: [rows, units], value: this.fromState },
      { name: `${prefix}bias_ih_l${layer}`, shape: [rows], value: this.inputBias },
      { name: `${prefix}bias_hh_l${layer}`, shape: [rows], value: this.stateBias },
    ];
    const reach = 1 / Math.sqrt(units);
    if (random)
      for (const { value } of this.parameters) for (let i = 0; i < value.length; i += 1) value[i] = random.uniform(-reach, reach);
  }

  abstract record(batch: number, time?: number): R;
  abstract forward(x: Numbers, record: R): R;
  abstract backward(record: R, dy: Numbers, wanted?: "both" | "input" | "parameters"): R;
  /** Every value of sequence `b` of the batch, by the name it has in the equations. */
  abstract values(record: R, b: number): Trace;
  /** The derivative of the loss by each of them, under the same names. */
  abstract derivatives(record: R, b: number): Trace;

  protected common(batch: number, time: number) {
    const of = (size: number) => zeros(time * batch * size, this.precision);
    const withStart = () => zeros((time + 1) * batch * this.outputs, this.precision);
    const [h, dh] = [withStart(), withStart()];
    return {
      batch,
      time,
      x: zeros(0, this.precision),
      h,
      y: h.subarray(batch * this.outputs) as Numbers,
      dh,
      dx: of(this.inputs),
      gradients: this.parameters.map(({ value }) => zeros(value.length, this.precision)),
    };
  }
}

/** The matrix of each step of (steps, rows, size), as views. */
export function stepsOf(numbers: Numbers, steps: number): Numbers[] {
  const size = numbers.length / steps;
  return Array.from({ length: steps }, (_, t) => numbers.subarray(t * size, (t + 1) * size) as Numbers);
}

/** Columns `from` to `from + width` of sequence `b` in (time, batch, size): (time, width). */
export function sequenceOf(
  numbers: Numbers,
  {
    time,
    batch,
    size,
    b,
    from = 0,
    width = size,
    skip = 0,
  }: { time: number; batch: number; size: number; b: number; from?: number; width?: number; skip?: number },
): Numbers {
  const found = numbers instanceof Float64Array ? new Float64Array(time * width) : new Float32Array(time * width);
  for (let t = 0; t < time; t += 1) {
    const at = ((t + skip) * batch + b) * size + from;
    for (let u = 0; u < width; u += 1) found[t * width + u] = numbers[at + u];
  }
  return found;
}
