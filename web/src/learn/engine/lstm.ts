// What does a layer of long short-term memory compute, and what does each of its gates owe to the loss?
//
//   i = σ(W_i x + U_i h + b_i)   f = σ(…)   g = tanh(…)   o = σ(…)      rows of the weights in this order, as torch has them
//   c = f ⊙ c₋₁ + i ⊙ g          h = o ⊙ tanh(c)
//
// Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
import { sigmoid, tanh } from "./activations";
import { affine, affineInput, affineParameters } from "./kernels";
import type { Random } from "./random";
import { Recurrent, sequenceOf, stepsOf, type RecurrentOptions, type RecurrentRecord, type Trace } from "./recurrent";
import { zeros, type Numbers, type Wanted } from "./types";

export interface LstmRecord extends RecurrentRecord {
  /** (time, batch, 4 · units): i, f, g, o before and after their activation, and the derivative by the former. */
  readonly z: Numbers;
  readonly gates: Numbers;
  readonly dz: Numbers;
  /** (time + 1, batch, units): the memory before the first step and after each, and the whole derivative by it. */
  readonly c: Numbers;
  readonly dc: Numbers;
  /** (time, batch, units): tanh of the memory. */
  readonly bent: Numbers;
  readonly at: { readonly h: Numbers[]; readonly z: Numbers[]; readonly dh: Numbers[]; readonly dz: Numbers[] };
}

export class Lstm extends Recurrent<LstmRecord> {
  readonly cell = "lstm";

  constructor(options: RecurrentOptions, random?: Random) {
    super(4, options, random);
  }

  record(batch: number, time = 1): LstmRecord {
    const common = this.common(batch, time);
    const of = (size: number, steps = time) => zeros(steps * batch * size, this.precision);
    const units = this.outputs;
    const [z, dz] = [of(4 * units), of(4 * units)];
    const at = {
      h: stepsOf(common.h, time + 1),
      z: stepsOf(z, time),
      dh: stepsOf(common.dh, time + 1),
      dz: stepsOf(dz, time),
    };
    const [gates, bent, c, dc] = [of(4 * units), of(units), of(units, time + 1), of(units, time + 1)];
    return { ...common, z, dz, gates, bent, c, dc, at };
  }

  forward(x: Numbers, record: LstmRecord): LstmRecord {
    record.x = x;
    const { batch, time, z, gates, c, bent, h, at } = record;
    const units = this.outputs;
    const size = batch * units;
    affine(x, this.fromInput, this.inputBias, z, time * batch, this.inputs);
    for (let t = 0; t < time; t += 1) {
      affine(at.h[t], this.fromState, this.stateBias, at.z[t], batch, units, true);
      for (let b = 0; b < batch; b += 1) {
        const row = (t * batch + b) * 4 * units;
        const before = (t * batch + b) * units;
        for (let u = 0; u < units; u += 1) {
          const ai = row + u;
          const af = ai + units;
          const ag = af + units;
          const ao = ag + units;
          const i = sigmoid(z[ai]);
          const f = sigmoid(z[af]);
          const g = tanh(z[ag]);
          const o = sigmoid(z[ao]);
          const memory = f * c[before + u] + i * g;
          const shown = tanh(memory);
          gates[ai] = i;
          gates[af] = f;
          gates[ag] = g;
          gates[ao] = o;
          c[before + size + u] = memory;
          bent[before + u] = shown;
          h[before + size + u] = o * shown;
        }
      }
    }
    return record;
  }

  backward(record: LstmRecord, dy: Numbers, wanted: Wanted = "both"): LstmRecord {
    const { batch, time, gates, c, dc, bent, h, dh, dz, at } = record;
    const units = this.outputs;
    const size = batch * units;
    dh.fill(0, 0, size);
    dh.set(dy, size);
    dc.fill(0);
    for (let t = time - 1; t >= 0; t -= 1) {
      for (let b = 0; b < batch; b += 1) {
        const row = (t * batch + b) * 4 * units;
        const before = (t * batch + b) * units;
        for (let u = 0; u < units; u += 1) {
          const ai = row + u;
          const af = ai + units;
          const ag = af + units;
          const ao = ag + units;
          const i = gates[ai];
          const f = gates[af];
          const g = gates[ag];
          const o = gates[ao];
          const after = before + size + u;
          const shown = bent[before + u];
          const dMemory = dc[after] + dh[after] * o * (1 - shown * shown);
          dc[after] = dMemory;
          dc[before + u] = dMemory * f;
          dz[ai] = dMemory * g * i * (1 - i);
          dz[af] = dMemory * c[before + u] * f * (1 - f);
          dz[ag] = dMemory * i * (1 - g * g);
          dz[ao] = dh[after] * shown * o * (1 - o);
        }
      }
      affineInput(at.dz[t], this.fromState, at.dh[t], batch, units, true);
    }
    if (wanted !== "parameters") affineInput(dz, this.fromInput, record.dx, time * batch, this.inputs);
    if (wanted !== "input") {
      const [dInput, dState, dInputBias, dStateBias] = record.gradients;
      for (const gradient of record.gradients) gradient.fill(0);
      affineParameters(dz, record.x, dInput, dInputBias, time * batch, this.inputs);
      affineParameters(dz, h, dState, null, time * batch, units);
      dStateBias.set(dInputBias);
    }
    return record;
  }

  values(record: LstmRecord, b: number): Trace {
    const { batch, time } = record;
    const units = this.outputs;
    const gate = (n: number) => sequenceOf(record.gates, { time, batch, size: 4 * units, b, from: n * units, width: units });
    const state = (numbers: Numbers, skip: number) => sequenceOf(numbers, { time, batch, size: units, b, skip });
    const [i, f, g, o] = [0, 1, 2, 3].map(gate);
    const before = state(record.c, 0);
    return {
      x: sequenceOf(record.x, { time, batch, size: this.inputs, b }),
      hBefore: state(record.h, 0),
      cBefore: before,
      i,
      f,
      g,
      o,
      kept: f.map((value, k) => value * before[k]),
      added: i.map((value, k) => value * g[k]),
      c: state(record.c, 1),
      bent: state(record.bent, 0),
      h: state(record.h, 1),
    };
  }

  derivatives(record: LstmRecord, b: number): Trace {
    const { batch, time } = record;
    const units = this.outputs;
    const { i, g, o, bent, cBefore } = this.values(record, b);
    const state = (numbers: Numbers, skip: number) => sequenceOf(numbers, { time, batch, size: units, b, skip });
    const [c, h] = [state(record.dc, 1), state(record.dh, 1)];
    return {
      x: sequenceOf(record.dx, { time, batch, size: this.inputs, b }),
      hBefore: state(record.dh, 0),
      cBefore: state(record.dc, 0),
      i: c.map((value, k) => value * g[k]),
      f: c.map((value, k) => value * cBefore[k]),
      g: c.map((value, k) => value * i[k]),
      o: h.map((value, k) => value * bent[k]),
      kept: c,
      added: c,
      c,
      bent: h.map((value, k) => value * o[k]),
      h,
    };
  }
}
