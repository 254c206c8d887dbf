// What does a plain recurrent layer compute? h = tanh(W x + b + U h₋₁ + d), and the derivative of each of its parts.
//
// Source: Elman 1990, "Finding structure in time"; back-propagation through time: Werbos 1990.
import { tanh } from "./activations";
import { affine, affineInput, affineParameters } from "./kernels";
import type { Random } from "./random";
import { Recurrent, sequenceOf, stepsOf, type RecurrentOptions, type RecurrentRecord, type Trace } from "./recurrent";
import { zeros, type Numbers, type Wanted } from "./types";

export interface RnnRecord extends RecurrentRecord {
  /** (time, batch, units): before the activation, and the derivative by it. */
  readonly z: Numbers;
  readonly dz: Numbers;
  readonly at: { readonly h: Numbers[]; readonly z: Numbers[]; readonly dh: Numbers[]; readonly dz: Numbers[] };
}

export class Rnn extends Recurrent<RnnRecord> {
  readonly cell = "rnn";

  constructor(options: RecurrentOptions, random?: Random) {
    super(1, options, random);
  }

  record(batch: number, time = 1): RnnRecord {
    const common = this.common(batch, time);
    const of = () => zeros(time * batch * this.outputs, this.precision);
    const [z, dz] = [of(), of()];
    const at = {
      h: stepsOf(common.h, time + 1),
      z: stepsOf(z, time),
      dh: stepsOf(common.dh, time + 1),
      dz: stepsOf(dz, time),
    };
    return { ...common, z, dz, at };
  }

  forward(x: Numbers, record: RnnRecord): RnnRecord {
    record.x = x;
    const { batch, time, at } = record;
    affine(x, this.fromInput, this.inputBias, record.z, time * batch, this.inputs);
    for (let t = 0; t < time; t += 1) {
      const [z, h] = [at.z[t], at.h[t + 1]];
      affine(at.h[t], this.fromState, this.stateBias, z, batch, this.outputs, true);
      for (let k = 0; k < z.length; k += 1) h[k] = tanh(z[k]);
    }
    return record;
  }

  backward(record: RnnRecord, dy: Numbers, wanted: Wanted = "both"): RnnRecord {
    const { batch, time, h, dh, dz, at } = record;
    const size = batch * this.outputs;
    dh.fill(0, 0, size);
    dh.set(dy, size);
    for (let t = time - 1; t >= 0; t -= 1) {
      const [d, after, from] = [at.dz[t], at.h[t + 1], at.dh[t + 1]];
      for (let k = 0; k < size; k += 1) d[k] = from[k] * (1 - after[k] * after[k]);
      affineInput(d, this.fromState, at.dh[t], batch, this.outputs, true);
    }
    if (wanted !== "parameters") affineInput(dz, this.fromInput, record.dx, time * batch, this.inputs);
    if (wanted !== "input") {
      const [dInput, dState, dInputBias, dStateBias] = record.gradients;
      for (const gradient of record.gradients) gradient.fill(0);
      affineParameters(dz, record.x, dInput, dInputBias, time * batch, this.inputs);
      affineParameters(dz, h, dState, null, time * batch, this.outputs);
      dStateBias.set(dInputBias);
    }
    return record;
  }

  values(record: RnnRecord, b: number): Trace {
    const { batch, time } = record;
    const of = (numbers: Numbers, skip = 0) => sequenceOf(numbers, { time, batch, size: this.outputs, b, skip });
    return {
      x: sequenceOf(record.x, { time, batch, size: this.inputs, b }),
      hBefore: of(record.h),
      sum: of(record.z),
      h: of(record.h, 1),
    };
  }

  derivatives(record: RnnRecord, b: number): Trace {
    const { batch, time } = record;
    const of = (numbers: Numbers, skip = 0) => sequenceOf(numbers, { time, batch, size: this.outputs, b, skip });
    return {
      x: sequenceOf(record.dx, { time, batch, size: this.inputs, b }),
      hBefore: of(record.dh),
      sum: of(record.dz),
      h: of(record.dh, 1),
    };
  }
}
