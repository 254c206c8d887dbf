import { describe, expect, it } from "vitest";
import fixtures from "../fixtures/recurrent.json";
import { crossEntropy, meanSquaredError } from "./losses";
import { Random } from "./random";
import type { CellName, Trace } from "./recurrent";
import { SequenceNetwork } from "./sequence";
import { zeros, type Numbers, type Precision } from "./types";

const NAMES: readonly CellName[] = ["rnn", "lstm", "gru"];
const close = (found: ArrayLike<number>, expected: ArrayLike<number>, within: number) => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i += 1) expect(Math.abs(found[i] - expected[i])).toBeLessThan(within);
};
const numbers = (list: readonly number[], precision: Precision): Numbers =>
  precision === "float64" ? Float64Array.from(list) : Float32Array.from(list);

function fromTorch(cell: CellName, precision: Precision) {
  const { inputs, units, layers, outputs, parameters } = fixtures[cell];
  const net = new SequenceNetwork({ cell, inputs, units, layers, outputs, activation: "tanh", precision });
  net.parameters.forEach(({ value }, i) => (value as Float64Array).set(parameters[i]));
  return net;
}
const small = (cell: CellName, seed = 4) =>
  new SequenceNetwork(
    { cell, inputs: 2, units: 3, layers: 2, outputs: 2, activation: "tanh", precision: "float64" },
    new Random(seed),
  );

describe.each(NAMES)("a network of %s", (cell) => {
  for (const precision of ["float64", "float32"] as const)
    it(`gives torch's outputs, states, derivatives and gradients in ${precision}`, () => {
      const given = fixtures[cell];
      const within = precision === "float64" ? 1e-12 : 1e-5;
      const net = fromTorch(cell, precision);
      const record = net.forward(numbers(given.x, precision), net.record(given.batch, given.time));
      net.backward(record, numbers(given.dy, precision));
      close(record.y, given.y, within);
      record.layers.forEach((layer, i) => close(layer.y, given.states[i], within));
      close(record.dx, given.dx, within);
      given.gradients.forEach((expected, i) => close(record.gradients[i], expected, within));
    });

  it("agrees with finite differences for every parameter and input", () => {
    const [random, net] = [new Random(3), small(cell)];
    const x = Float64Array.from({ length: 4 * 3 * 2 }, () => random.normal());
    const target = Float64Array.from({ length: 6 }, () => random.uniform(-1, 1));
    const [record, dy] = [net.record(3, 4), zeros(6, "float64")];
    const loss = () => meanSquaredError(net.forward(x, record).y, target, dy);
    const check = (values: Numbers, derivatives: Numbers) => {
      const kept = Float64Array.from(derivatives);
      for (let i = 0; i < values.length; i += 1) {
        const at = values[i];
        values[i] = at + 1e-5;
        const above = loss();
        values[i] = at - 1e-5;
        const below = loss();
        values[i] = at;
        expect(Math.abs((above - below) / 2e-5 - kept[i])).toBeLessThan(1e-8);
      }
    };
    loss();
    net.backward(record, dy);
    const gradients = record.gradients.map((one) => one.slice());
    const dx = record.dx.slice();
    net.parameters.forEach(({ value }, i) => check(value, gradients[i]));
    check(x, dx);
  });

  it("names a derivative for every value it names, of the same size", () => {
    const net = small(cell);
    const record = net.forward(new Float64Array(4 * 3 * 2).fill(0.4), net.record(3, 4));
    net.backward(
      record,
      Float64Array.from({ length: 6 }, (_, i) => i - 2),
    );
    const [values, derivatives] = [net.layers[0].values(record.layers[0], 1), net.layers[0].derivatives(record.layers[0], 1)];
    expect(Object.keys(derivatives)).toEqual(Object.keys(values));
    for (const name of Object.keys(values)) expect(derivatives[name].length).toBe(values[name].length);
  });

  it("begins each run from a state of zeros, whatever ran before", () => {
    const [net, other] = [small(cell), small(cell)];
    const [record, fresh] = [net.record(1, 3), other.record(1, 3)];
    net.forward(Float64Array.of(5, -5, 5, -5, 5, -5), record);
    net.backward(record, Float64Array.of(1, 1));
    const x = Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6);
    expect(Array.from(net.forward(x, record).y)).toEqual(Array.from(other.forward(x, fresh).y));
  });

  it("asks for no gradient by the input of its first layer when only parameters are wanted", () => {
    const net = small(cell);
    const record = net.backward(
      net.forward(new Float64Array(12).fill(0.5), net.record(2, 3)),
      new Float64Array(4).fill(1),
      "parameters",
    );
    expect(record.dx.every((d) => d === 0)).toBe(true);
    expect(record.gradients.every((one) => one.some((d) => d !== 0))).toBe(true);
  });
});

describe("the traces that pages show", () => {
  const trace = (cell: CellName): Trace => {
    const net = small(cell, 9);
    const random = new Random(2);
    const record = net.forward(
      Float64Array.from({ length: 5 * 2 * 2 }, () => random.normal()),
      net.record(2, 5),
    );
    return net.layers[1].values(record.layers[1], 1);
  };

  it("satisfy the equations of LSTM", () => {
    const { i, f, g, o, cBefore, hBefore, kept, added, c, bent, h } = trace("lstm");
    for (let k = 0; k < c.length; k += 1) {
      expect(c[k]).toBeCloseTo(f[k] * cBefore[k] + i[k] * g[k], 14);
      expect(kept[k] + added[k]).toBeCloseTo(c[k], 14);
      expect(h[k]).toBeCloseTo(o[k] * Math.tanh(c[k]), 14);
      expect(bent[k]).toBeCloseTo(Math.tanh(c[k]), 14);
    }
    close(cBefore.subarray(3), c.subarray(0, c.length - 3), 1e-15);
    close(hBefore.subarray(3), h.subarray(0, h.length - 3), 1e-15);
  });

  it("satisfy the equations of GRU", () => {
    const { r, z, n, brought, reset, hBefore, kept, added, h } = trace("gru");
    for (let k = 0; k < h.length; k += 1) {
      expect(h[k]).toBeCloseTo((1 - z[k]) * n[k] + z[k] * hBefore[k], 14);
      expect(reset[k]).toBeCloseTo(r[k] * brought[k], 14);
      expect(kept[k] + added[k]).toBeCloseTo(h[k], 14);
    }
  });

  it("satisfy the equation of a plain layer", () => {
    const { sum, h } = trace("rnn");
    for (let k = 0; k < h.length; k += 1) expect(h[k]).toBeCloseTo(Math.tanh(sum[k]), 14);
  });

  it("hold derivatives that add up: along the memory, along the state, and from one to the other", () => {
    const net = small("lstm", 9);
    const record = net.forward(
      Float64Array.from({ length: 10 }, (_, i) => Math.sin(i)),
      net.record(1, 5),
    );
    net.backward(record, Float64Array.of(1, -1));
    const [values, d] = [net.layers[0].values(record.layers[0], 0), net.layers[0].derivatives(record.layers[0], 0)];
    for (let k = 0; k < d.c.length; k += 1) {
      expect(d.i[k]).toBeCloseTo(d.c[k] * values.g[k], 14);
    }
    close(d.hBefore.subarray(3), d.h.subarray(0, d.h.length - 3), 1e-15);
    close(d.cBefore.subarray(3), d.c.subarray(0, d.c.length - 3), 1e-15);
    const last = d.c.length - 3;
    for (let u = 0; u < 3; u += 1)
      expect(d.c[last + u]).toBeCloseTo(d.h[last + u] * values.o[last + u] * (1 - values.bent[last + u] ** 2), 14);
  });
});

describe("logits of a sequence", () => {
  it("learn which of two symbols follows", () => {
    const net = new SequenceNetwork(
      { cell: "gru", inputs: 2, units: 4, layers: 1, outputs: 2, activation: "linear" },
      new Random(1),
    );
    const record = net.record(2, 3);
    const x = Float32Array.from([1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1]);
    const [p, d] = [zeros(4), zeros(4)];
    const loss = () => crossEntropy(net.forward(x, record).y, [1, 0], 2, p, d);
    const before = loss();
    for (let step = 0; step < 100; step += 1) {
      loss();
      net.backward(record, d, "parameters");
      net.parameters.forEach(({ value }, i) => value.forEach((at, k) => (value[k] = at - 0.5 * record.gradients[i][k])));
    }
    expect(loss()).toBeLessThan(0.1 * before);
  });
});
