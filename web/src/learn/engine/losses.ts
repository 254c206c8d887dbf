// How wrong is an output? Each loss returns its mean over the batch and writes its derivative by the output.
import { sigmoid } from "./activations";
import type { Numbers } from "./types";

/** log(1 + e^z), without overflow. */
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

/** Mean of (y − target)² over all numbers; dy = 2 (y − target) / n. As torch's `MSELoss`. */
export function meanSquaredError(y: Numbers, target: Numbers, dy: Numbers): number {
  const n = y.length;
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const off = y[i] - target[i];
    sum += off * off;
    dy[i] = (2 * off) / n;
  }
  return sum / n;
}

/**
 * Mean over rows of −log softmax(logits)[target]; writes softmax into `probabilities` and (softmax − one-hot) / rows into `dLogits`.
 * As torch's `CrossEntropyLoss`. Arrays are (rows, classes); targets are class numbers.
 */
export function crossEntropy(
  logits: Numbers,
  targets: ArrayLike<number>,
  classes: number,
  probabilities: Numbers,
  dLogits: Numbers,
): number {
  const rows = logits.length / classes;
  let loss = 0;
  for (let row = 0; row < rows; row += 1) {
    const start = row * classes;
    let largest = -Infinity;
    for (let c = 0; c < classes; c += 1) largest = Math.max(largest, logits[start + c]);
    let sum = 0;
    for (let c = 0; c < classes; c += 1) sum += probabilities[start + c] = Math.exp(logits[start + c] - largest);
    loss += Math.log(sum) + largest - logits[start + targets[row]];
    for (let c = 0; c < classes; c += 1) {
      probabilities[start + c] /= sum;
      dLogits[start + c] = (probabilities[start + c] - (c === targets[row] ? 1 : 0)) / rows;
    }
  }
  return loss / rows;
}

/** Mean of −t log σ(z) − (1 − t) log(1 − σ(z)) for one target t of all; dz = (σ(z) − t) / n. As `BCEWithLogitsLoss`. */
export function binaryCrossEntropy(logits: Numbers, target: number, dLogits: Numbers): number {
  const n = logits.length;
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    sum += softplus(logits[i]) - target * logits[i];
    dLogits[i] = (sigmoid(logits[i]) - target) / n;
  }
  return sum / n;
}

/** Mean of (σ(z) − t)²; dz = 2 (σ(z) − t) σ(z) (1 − σ(z)) / n. */
export function squaredFromLogits(logits: Numbers, target: number, dLogits: Numbers): number {
  const n = logits.length;
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const p = sigmoid(logits[i]);
    sum += (p - target) * (p - target);
    dLogits[i] = (2 * (p - target) * p * (1 - p)) / n;
  }
  return sum / n;
}

export type GanLoss = "log" | "least squares";
/** What the log loss tells the discriminator of a real sample: a little less than 1 keeps it from being too sure (Salimans et al. 2016). */
export const SMOOTHED = 0.95;

/** The discriminator's loss: the mean of its errors on real samples (should say 1, or .95 for the log loss) and on fakes (0). */
export function discriminatorLoss(kind: GanLoss, real: Numbers, fake: Numbers, dReal: Numbers, dFake: Numbers): number {
  const loss =
    kind === "log"
      ? binaryCrossEntropy(real, SMOOTHED, dReal) + binaryCrossEntropy(fake, 0, dFake)
      : squaredFromLogits(real, 1, dReal) + squaredFromLogits(fake, 0, dFake);
  for (let i = 0; i < dReal.length; i += 1) dReal[i] /= 2;
  for (let i = 0; i < dFake.length; i += 1) dFake[i] /= 2;
  return loss / 2;
}

/** The generator's loss: how far the discriminator is from calling its fakes real. The log form is the one that does not saturate. */
export function generatorLoss(kind: GanLoss, fake: Numbers, dFake: Numbers): number {
  return kind === "log" ? binaryCrossEntropy(fake, 1, dFake) : squaredFromLogits(fake, 1, dFake);
}
