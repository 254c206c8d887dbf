// How does a network read a sequence and say one thing about it? Recurrent layers one upon the other; a dense head on the last step.
import type { ActivationName } from "./activations";
import { Dense, type DenseRecord } from "./dense";
import { Gru } from "./gru";
import { Lstm } from "./lstm";
import type { Random } from "./random";
import type { CellName, Recurrent, RecurrentRecord } from "./recurrent";
import { Rnn } from "./rnn";
import { zeros, type Layer, type LayerRecord, type Numbers, type Parameter, type Precision, type Wanted } from "./types";

export interface SequenceRecord extends LayerRecord {
  readonly time: number;
  readonly layers: readonly RecurrentRecord[];
  readonly head: DenseRecord;
  /** (batch, units): what the head reads, and (time, batch, units): its derivative, zero but at the last step. */
  readonly last: Numbers;
  readonly dTop: Numbers;
}

export interface SequenceOptions {
  cell: CellName;
  inputs: number;
  units: number;
  layers: number;
  outputs: number;
  /** Of the head; "linear" gives logits. */
  activation: ActivationName;
  precision?: Precision;
}

const CELLS = { rnn: Rnn, lstm: Lstm, gru: Gru } as const;

/** Parameters are named as torch names those of `nn.LSTM(…)` and `nn.Linear(…)` kept as `cell` and `head`. */
export class SequenceNetwork implements Layer<SequenceRecord> {
  readonly inputs: number;
  readonly outputs: number;
  readonly precision: Precision;
  readonly layers: readonly Recurrent[];
  readonly head: Dense;
  readonly parameters: readonly Parameter[];

  constructor({ cell, inputs, units, layers, outputs, activation, precision = "float32" }: SequenceOptions, random?: Random) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.precision = precision;
    const Cell = CELLS[cell];
    this.layers = Array.from(
      { length: layers },
      (_, layer) =>
        new Cell({ prefix: "cell.", layer, inputs: layer ? units : inputs, units, precision }, random) as unknown as Recurrent,
    );
    this.head = new Dense({ name: "head", inputs: units, outputs, activation, precision }, random);
    this.parameters = [...this.layers.flatMap((layer) => layer.parameters), ...this.head.parameters];
  }

  record(batch: number, time = 1): SequenceRecord {
    const layers = this.layers.map((layer) => layer.record(batch, time));
    const head = this.head.record(batch);
    const top = layers[layers.length - 1];
    const size = batch * this.head.inputs;
    return {
      batch,
      time,
      x: layers[0].x,
      y: head.y,
      dx: layers[0].dx,
      gradients: [...layers.flatMap((layer) => layer.gradients), ...head.gradients],
      layers,
      head,
      last: top.y.subarray((time - 1) * size) as Numbers,
      dTop: zeros(time * size, this.precision),
    };
  }

  /** x (time, batch, inputs) to y (batch, outputs). */
  forward(x: Numbers, record: SequenceRecord): SequenceRecord {
    record.x = x;
    this.layers.forEach((layer, i) => {
      x = layer.forward(x, record.layers[i]).y;
    });
    this.head.forward(record.last, record.head);
    return record;
  }

  backward(record: SequenceRecord, dy: Numbers, wanted: Wanted = "both"): SequenceRecord {
    this.head.backward(record.head, dy, wanted === "parameters" ? "both" : wanted);
    record.dTop.set(record.head.dx, record.dTop.length - record.head.dx.length);
    let from: Numbers = record.dTop;
    for (let i = this.layers.length - 1; i >= 0; i -= 1)
      from = this.layers[i].backward(record.layers[i], from, wanted === "parameters" && i > 0 ? "both" : wanted).dx;
    return record;
  }
}
