// What does a layer of gated recurrent units compute, and what does each gate owe to the loss?
//
//   r = σ(W_r x + b_r + U_r h₋₁ + d_r)   z = σ(W_z x + b_z + U_z h₋₁ + d_z)      rows of the weights in the order r, z, n
//   n = tanh(W_n x + b_n + r ⊙ (U_n h₋₁ + d_n))      the reset comes after the product with the state, as in torch and cuDNN
//   h = (1 − z) ⊙ n + z ⊙ h₋₁
//
// Source: Cho et al. 2014, arXiv 1406.1078 (there r is applied to h₋₁ before the product).
import { sigmoid, tanh } from "./activations";
import { affine, affineInput, affineParameters } from "./kernels";
import type { Random } from "./random";
import { Recurrent, sequenceOf, stepsOf, type RecurrentOptions, type RecurrentRecord, type Trace } from "./recurrent";
import { zeros, type Numbers, type Wanted } from "./types";

export interface GruRecord extends RecurrentRecord {
  /** (time, batch, 3 · units): what input and state bring to r, z, n, each with its own bias. */
  readonly fromX: Numbers;
  readonly fromH: Numbers;
  /** r, z, n after their activation. */
  readonly gates: Numbers;
  readonly dFromX: Numbers;
  readonly dFromH: Numbers;
  readonly at: { readonly h: Numbers[]; readonly fromH: Numbers[]; readonly dh: Numbers[]; readonly dFromH: Numbers[] };
}

export class Gru extends Recurrent<GruRecord> {
  readonly cell = "gru";

  constructor(options: RecurrentOptions, random?: Random) {
    super(3, options, random);
  }

  record(batch: number, time = 1): GruRecord {
    const common = this.common(batch, time);
    const of = () => zeros(time * batch * 3 * this.outputs, this.precision);
    const [fromX, fromH, gates, dFromX, dFromH] = [of(), of(), of(), of(), of()];
    const at = {
      h: stepsOf(common.h, time + 1),
      fromH: stepsOf(fromH, time),
      dh: stepsOf(common.dh, time + 1),
      dFromH: stepsOf(dFromH, time),
    };
    return { ...common, fromX, fromH, gates, dFromX, dFromH, at };
  }

  forward(x: Numbers, record: GruRecord): GruRecord {
    record.x = x;
    const { batch, time, fromX, fromH, gates, h, at } = record;
    const units = this.outputs;
    const size = batch * units;
    affine(x, this.fromInput, this.inputBias, fromX, time * batch, this.inputs);
    for (let t = 0; t < time; t += 1) {
      affine(at.h[t], this.fromState, this.stateBias, at.fromH[t], batch, units);
      for (let b = 0; b < batch; b += 1) {
        const row = (t * batch + b) * 3 * units;
        const before = (t * batch + b) * units;
        for (let u = 0; u < units; u += 1) {
          const ar = row + u;
          const az = ar + units;
          const an = az + units;
          const r = sigmoid(fromX[ar] + fromH[ar]);
          const z = sigmoid(fromX[az] + fromH[az]);
          const n = tanh(fromX[an] + r * fromH[an]);
          gates[ar] = r;
          gates[az] = z;
          gates[an] = n;
          h[before + size + u] = (1 - z) * n + z * h[before + u];
        }
      }
    }
    return record;
  }

  backward(record: GruRecord, dy: Numbers, wanted: Wanted = "both"): GruRecord {
    const { batch, time, gates, fromH, h, dh, dFromX, dFromH, at } = record;
    const units = this.outputs;
    const size = batch * units;
    dh.fill(0, 0, size);
    dh.set(dy, size);
    for (let t = time - 1; t >= 0; t -= 1) {
      for (let b = 0; b < batch; b += 1) {
        const row = (t * batch + b) * 3 * units;
        const before = (t * batch + b) * units;
        for (let u = 0; u < units; u += 1) {
          const ar = row + u;
          const az = ar + units;
          const an = az + units;
          const r = gates[ar];
          const z = gates[az];
          const n = gates[an];
          const d = dh[before + size + u];
          const dn = d * (1 - z) * (1 - n * n);
          const dr = dn * fromH[an] * r * (1 - r);
          const dzGate = d * (h[before + u] - n) * z * (1 - z);
          dFromX[ar] = dFromH[ar] = dr;
          dFromX[az] = dFromH[az] = dzGate;
          dFromX[an] = dn;
          dFromH[an] = dn * r;
          dh[before + u] += d * z;
        }
      }
      affineInput(at.dFromH[t], this.fromState, at.dh[t], batch, units, true);
    }
    if (wanted !== "parameters") affineInput(dFromX, this.fromInput, record.dx, time * batch, this.inputs);
    if (wanted !== "input") {
      const [dInput, dState, dInputBias, dStateBias] = record.gradients;
      for (const gradient of record.gradients) gradient.fill(0);
      affineParameters(dFromX, record.x, dInput, dInputBias, time * batch, this.inputs);
      affineParameters(dFromH, h, dState, dStateBias, time * batch, units);
    }
    return record;
  }

  values(record: GruRecord, b: number): Trace {
    const { batch, time } = record;
    const units = this.outputs;
    const gate = (numbers: Numbers, n: number) =>
      sequenceOf(numbers, { time, batch, size: 3 * units, b, from: n * units, width: units });
    const state = (skip: number) => sequenceOf(record.h, { time, batch, size: units, b, skip });
    const [r, z, n] = [0, 1, 2].map((k) => gate(record.gates, k));
    const [brought, before] = [gate(record.fromH, 2), state(0)];
    return {
      x: sequenceOf(record.x, { time, batch, size: this.inputs, b }),
      hBefore: before,
      r,
      z,
      brought,
      reset: r.map((value, k) => value * brought[k]),
      n,
      kept: z.map((value, k) => value * before[k]),
      added: n.map((value, k) => (1 - z[k]) * value),
      h: state(1),
    };
  }

  derivatives(record: GruRecord, b: number): Trace {
    const { batch, time } = record;
    const units = this.outputs;
    const { r, z, n, brought, hBefore } = this.values(record, b);
    const state = (skip: number) => sequenceOf(record.dh, { time, batch, size: units, b, skip });
    const dn = sequenceOf(record.dFromX, { time, batch, size: 3 * units, b, from: 2 * units, width: units });
    const h = state(1);
    return {
      x: sequenceOf(record.dx, { time, batch, size: this.inputs, b }),
      hBefore: state(0),
      r: dn.map((value, k) => value * brought[k]),
      z: h.map((value, k) => value * (hBefore[k] - n[k])),
      brought: dn.map((value, k) => value * r[k]),
      reset: dn,
      n: h.map((value, k) => value * (1 - z[k])),
      kept: h,
      added: h,
      h,
    };
  }
}
