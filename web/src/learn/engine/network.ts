// How do layers form a network? One after the other; the record of the network holds the record of each layer.
import { Dense, type DenseOptions } from "./dense";
import type { ActivationName } from "./activations";
import type { Random } from "./random";
import type { Layer, LayerRecord, Numbers, Parameter, Precision, Wanted } from "./types";

export interface NetworkRecord extends LayerRecord {
  readonly layers: readonly LayerRecord[];
}

export class Network implements Layer<NetworkRecord> {
  readonly inputs: number;
  readonly outputs: number;
  readonly precision: Precision;
  readonly parameters: readonly Parameter[];

  constructor(readonly layers: readonly Layer[]) {
    for (let i = 1; i < layers.length; i += 1) {
      const [from, to] = [layers[i - 1].outputs, layers[i].inputs];
      if (from !== to) throw new Error(`layer ${i} gives ${from} numbers, but layer ${i + 1} takes ${to}`);
    }
    this.inputs = layers[0].inputs;
    this.outputs = layers[layers.length - 1].outputs;
    this.precision = layers[0].precision;
    this.parameters = layers.flatMap((layer) => layer.parameters);
  }

  record(batch: number): NetworkRecord {
    const layers = this.layers.map((layer) => layer.record(batch));
    const [first, last] = [layers[0], layers[layers.length - 1]];
    return { batch, x: first.x, y: last.y, dx: first.dx, gradients: layers.flatMap((layer) => layer.gradients), layers };
  }

  forward(x: Numbers, record: NetworkRecord): NetworkRecord {
    record.x = x;
    this.layers.forEach((layer, i) => {
      x = layer.forward(x, record.layers[i]).y;
    });
    return record;
  }

  /** With `wanted` "parameters" only the first layer is spared its dx: the others need theirs to pass the error on. */
  backward(record: NetworkRecord, dy: Numbers, wanted: Wanted = "both"): NetworkRecord {
    for (let i = this.layers.length - 1; i >= 0; i -= 1) {
      dy = this.layers[i].backward(record.layers[i], dy, wanted === "parameters" && i > 0 ? "both" : wanted).dx;
    }
    return record;
  }
}

/** A network of fully connected layers: `sizes` [2, 8, 8, 1] are three layers, all but the last with `hidden`. */
export function perceptron(
  name: string,
  sizes: readonly number[],
  hidden: ActivationName,
  last: ActivationName,
  random?: Random,
  precision?: Precision,
): Network {
  return new Network(
    sizes.slice(1).map((outputs, i) => {
      const activation = i === sizes.length - 2 ? last : hidden;
      const options: DenseOptions = { name: `${name}.${i + 1}`, inputs: sizes[i], outputs, activation };
      return new Dense(precision ? { ...options, precision } : options, random);
    }),
  );
}
