// How are matrices multiplied? Three loops for the three products that every layer needs; matrices are row-major.
//
// Each sums eight numbers of the result at a time, four of one row and four of the next: eight sums that do not wait for each
// other, and every factor read once for several of them. In a page this is some four times as fast as one sum after the other,
// and it changes no result: each sum still adds its own terms in their order.
import type { Numbers } from "./types";

/** out (rows, outputs) = x (rows, inputs) · weightsᵀ + bias, with weights (outputs, inputs). `add` keeps what `out` holds. */
export function affine(
  x: Numbers,
  weights: Numbers,
  bias: Numbers | null,
  out: Numbers,
  rows: number,
  inputs: number,
  add = false,
): void {
  const outputs = (weights.length / inputs) | 0;
  const fours = outputs & ~3;
  const twos = rows & ~1;
  for (let o = 0; o < fours; o += 4) {
    const w0 = o * inputs;
    const w1 = w0 + inputs;
    const w2 = w1 + inputs;
    const w3 = w2 + inputs;
    const b0 = bias === null ? 0 : bias[o];
    const b1 = bias === null ? 0 : bias[o + 1];
    const b2 = bias === null ? 0 : bias[o + 2];
    const b3 = bias === null ? 0 : bias[o + 3];
    for (let row = 0; row < twos; row += 2) {
      const here = row * outputs + o;
      const next = here + outputs;
      const from = row * inputs;
      let s0 = b0;
      let s1 = b1;
      let s2 = b2;
      let s3 = b3;
      let n0 = b0;
      let n1 = b1;
      let n2 = b2;
      let n3 = b3;
      for (let i = 0; i < inputs; i += 1) {
        const a = x[from + i];
        const b = x[from + inputs + i];
        const f0 = weights[w0 + i];
        const f1 = weights[w1 + i];
        const f2 = weights[w2 + i];
        const f3 = weights[w3 + i];
        s0 += f0 * a;
        s1 += f1 * a;
        s2 += f2 * a;
        s3 += f3 * a;
        n0 += f0 * b;
        n1 += f1 * b;
        n2 += f2 * b;
        n3 += f3 * b;
      }
      out[here] = add ? out[here] + s0 : s0;
      out[here + 1] = add ? out[here + 1] + s1 : s1;
      out[here + 2] = add ? out[here + 2] + s2 : s2;
      out[here + 3] = add ? out[here + 3] + s3 : s3;
      out[next] = add ? out[next] + n0 : n0;
      out[next + 1] = add ? out[next + 1] + n1 : n1;
      out[next + 2] = add ? out[next + 2] + n2 : n2;
      out[next + 3] = add ? out[next + 3] + n3 : n3;
    }
  }
  // What is left: the last row of an odd number, and outputs beyond the last four.
  for (let row = 0; row < rows; row += 1)
    for (let o = row < twos ? fours : 0; o < outputs; o += 1) {
      let sum = bias === null ? 0 : bias[o];
      for (let i = 0; i < inputs; i += 1) sum += weights[o * inputs + i] * x[row * inputs + i];
      const at = row * outputs + o;
      out[at] = add ? out[at] + sum : sum;
    }
}

/** dx (rows, inputs) = dz (rows, outputs) · weights. `add` keeps what `dx` holds. */
export function affineInput(dz: Numbers, weights: Numbers, dx: Numbers, rows: number, inputs: number, add = false): void {
  const outputs = (weights.length / inputs) | 0;
  const fours = inputs & ~3;
  const twos = rows & ~1;
  for (let i = 0; i < fours; i += 4)
    for (let row = 0; row < twos; row += 2) {
      const here = row * inputs + i;
      const next = here + inputs;
      const from = row * outputs;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let n0 = 0;
      let n1 = 0;
      let n2 = 0;
      let n3 = 0;
      for (let o = 0, w = i; o < outputs; o += 1, w += inputs) {
        const a = dz[from + o];
        const b = dz[from + outputs + o];
        const f0 = weights[w];
        const f1 = weights[w + 1];
        const f2 = weights[w + 2];
        const f3 = weights[w + 3];
        s0 += a * f0;
        s1 += a * f1;
        s2 += a * f2;
        s3 += a * f3;
        n0 += b * f0;
        n1 += b * f1;
        n2 += b * f2;
        n3 += b * f3;
      }
      dx[here] = add ? dx[here] + s0 : s0;
      dx[here + 1] = add ? dx[here + 1] + s1 : s1;
      dx[here + 2] = add ? dx[here + 2] + s2 : s2;
      dx[here + 3] = add ? dx[here + 3] + s3 : s3;
      dx[next] = add ? dx[next] + n0 : n0;
      dx[next + 1] = add ? dx[next + 1] + n1 : n1;
      dx[next + 2] = add ? dx[next + 2] + n2 : n2;
      dx[next + 3] = add ? dx[next + 3] + n3 : n3;
    }
  for (let row = 0; row < rows; row += 1)
    for (let i = row < twos ? fours : 0; i < inputs; i += 1) {
      let sum = 0;
      for (let o = 0; o < outputs; o += 1) sum += dz[row * outputs + o] * weights[o * inputs + i];
      const at = row * inputs + i;
      dx[at] = add ? dx[at] + sum : sum;
    }
}

/** dWeights (outputs, inputs) += dzᵀ · x and dBias (outputs) += column sums of dz, over rows. */
export function affineParameters(
  dz: Numbers,
  x: Numbers,
  dWeights: Numbers,
  dBias: Numbers | null,
  rows: number,
  inputs: number,
): void {
  const outputs = (dWeights.length / inputs) | 0;
  const fours = inputs & ~3;
  const twos = outputs & ~1;
  for (let o = 0; o < twos; o += 2)
    for (let i = 0; i < fours; i += 4) {
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      let n0 = 0;
      let n1 = 0;
      let n2 = 0;
      let n3 = 0;
      for (let row = 0, at = i, from = o; row < rows; row += 1, at += inputs, from += outputs) {
        const a = dz[from];
        const b = dz[from + 1];
        const x0 = x[at];
        const x1 = x[at + 1];
        const x2 = x[at + 2];
        const x3 = x[at + 3];
        s0 += a * x0;
        s1 += a * x1;
        s2 += a * x2;
        s3 += a * x3;
        n0 += b * x0;
        n1 += b * x1;
        n2 += b * x2;
        n3 += b * x3;
      }
      const w = o * inputs + i;
      const v = w + inputs;
      dWeights[w] += s0;
      dWeights[w + 1] += s1;
      dWeights[w + 2] += s2;
      dWeights[w + 3] += s3;
      dWeights[v] += n0;
      dWeights[v + 1] += n1;
      dWeights[v + 2] += n2;
      dWeights[v + 3] += n3;
    }
  for (let o = 0; o < outputs; o += 1)
    for (let i = o < twos ? fours : 0; i < inputs; i += 1) {
      let sum = 0;
      for (let row = 0, at = i, from = o; row < rows; row += 1, at += inputs, from += outputs) sum += dz[from] * x[at];
      dWeights[o * inputs + i] += sum;
    }
  if (dBias === null) return;
  for (let o = 0; o < outputs; o += 1) {
    let sum = 0;
    for (let row = 0, from = o; row < rows; row += 1, from += outputs) sum += dz[from];
    dBias[o] += sum;
  }
}
