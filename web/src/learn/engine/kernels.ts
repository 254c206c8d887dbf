// How are matrices multiplied? Three loops for the three products that every layer needs; matrices are row-major.
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
  const outputs = weights.length / inputs;
  for (let row = 0, at = 0; row < rows; row += 1) {
    const start = row * inputs;
    for (let o = 0, w = 0; o < outputs; o += 1, at += 1) {
      let sum = bias === null ? 0 : bias[o];
      for (let i = start, end = start + inputs; i < end; i += 1, w += 1) sum += weights[w] * x[i];
      out[at] = add ? out[at] + sum : sum;
    }
  }
}

/** dx (rows, inputs) = dz (rows, outputs) · weights. `add` keeps what `dx` holds. */
export function affineInput(dz: Numbers, weights: Numbers, dx: Numbers, rows: number, inputs: number, add = false): void {
  const outputs = weights.length / inputs;
  if (!add) dx.fill(0, 0, rows * inputs);
  for (let row = 0, at = 0; row < rows; row += 1) {
    const start = row * inputs;
    for (let o = 0, w = 0; o < outputs; o += 1, at += 1) {
      const d = dz[at];
      if (d === 0) {
        w += inputs;
        continue;
      }
      for (let i = start, end = start + inputs; i < end; i += 1, w += 1) dx[i] += d * weights[w];
    }
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
  const outputs = dWeights.length / inputs;
  for (let row = 0, at = 0; row < rows; row += 1) {
    const start = row * inputs;
    for (let o = 0, w = 0; o < outputs; o += 1, at += 1) {
      const d = dz[at];
      if (d === 0) {
        w += inputs;
        continue;
      }
      if (dBias !== null) dBias[o] += d;
      for (let i = start, end = start + inputs; i < end; i += 1, w += 1) dWeights[w] += d * x[i];
    }
  }
}
