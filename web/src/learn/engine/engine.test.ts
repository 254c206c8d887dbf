import { describe, expect, it } from "vitest";
import fixtures from "../fixtures/dense.json";
import { Dense } from "./dense";
import { binaryCrossEntropy, crossEntropy, discriminatorLoss, generatorLoss, meanSquaredError, type GanLoss } from "./losses";
import { Network, perceptron } from "./network";
import { optimiser } from "./optimisers";
import { Random } from "./random";
import { allFinite, loadParameters, saveParameters } from "./saved";
import { Served, buffersOf } from "./served";
import { zeros, type Numbers, type OptimiserName } from "./types";

const f64 = (numbers: readonly number[]) => Float64Array.from(numbers);
const close = (found: ArrayLike<number>, expected: ArrayLike<number>, within = 1e-10) => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i += 1) expect(Math.abs(found[i] - expected[i])).toBeLessThan(within);
};
type Saved = readonly { value: readonly number[] }[];
const fill = (network: Network, saved: Saved) =>
  network.parameters.forEach(({ value }, i) => (value as Float64Array).set(saved[i].value));

describe("dense networks", () => {
  for (const [name, given] of Object.entries(fixtures.dense)) {
    for (const precision of ["float64", "float32"] as const) {
      it(`give torch's outputs and derivatives with ${name} in ${precision}`, () => {
        const net = perceptron("n", given.sizes, name as "relu", "tanh", undefined, precision);
        net.parameters.forEach(({ value }, i) => (value as Float64Array).set(given.parameters[i].value));
        const numbers = (list: number[]) => (precision === "float64" ? Float64Array.from(list) : Float32Array.from(list));
        const record = net.forward(numbers(given.x), net.record(7));
        net.backward(record, numbers(given.dy));
        const within = precision === "float64" ? 1e-12 : 1e-5;
        close(record.y, given.y, within);
        close(record.dx, given.dx, within);
        given.gradients.forEach((expected, i) => close(record.gradients[i], expected, within));
      });
    }
  }

  it("agree with finite differences for every parameter and input", () => {
    const random = new Random(3);
    const net = perceptron("n", [3, 6, 5, 2], "tanh", "sigmoid", random, "float64");
    const x = f64(Array.from({ length: 12 }, () => random.normal()));
    const target = f64(Array.from({ length: 8 }, () => random.uniform()));
    const record = net.record(4);
    const dy = zeros(8, "float64");
    const loss = () => meanSquaredError(net.forward(x, record).y, target, dy);
    loss();
    net.backward(record, dy);
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
    net.parameters.forEach(({ value }, i) => check(value, record.gradients[i]));
    loss();
    net.backward(record, dy);
    check(x, record.dx);
  });

  it("hand out what every layer saw, gave and passed back", () => {
    const net = perceptron("n", [2, 3, 1], "relu", "linear", new Random(1), "float64");
    const record = net.backward(net.forward(f64([1, 2]), net.record(1)), f64([1]));
    const [first, second] = record.layers as ReturnType<Dense["record"]>[];
    close(second.x, first.y);
    close(first.dy, second.dx);
    close(
      first.y,
      first.z.map((z) => Math.max(z, 0)),
    );
  });

  it("leave the gradients of a frozen network alone", () => {
    const net = perceptron("n", [2, 3, 1], "relu", "linear", new Random(1));
    const record = net.backward(net.forward(Float32Array.of(1, 2), net.record(1)), Float32Array.of(1), "input");
    expect(record.gradients.every((gradient) => gradient.every((g) => g === 0))).toBe(true);
    expect(record.dx.some((d) => d !== 0)).toBe(true);
  });

  it("refuse layers that do not fit", () => {
    const dense = (inputs: number, outputs: number) => new Dense({ name: "d", inputs, outputs, activation: "relu" });
    expect(() => new Network([dense(2, 3), dense(4, 1)])).toThrow("layer 1 gives 3 numbers, but layer 2 takes 4");
  });

  it("carry a number that is not finite through to the output", () => {
    const net = perceptron("n", [1, 2, 1], "relu", "linear", new Random(1));
    expect(allFinite(net.forward(Float32Array.of(NaN), net.record(1)).y)).toBe(false);
  });
});

describe("losses", () => {
  it("give torch's squared error", () => {
    const { y, target, loss, dy } = fixtures.losses.mse;
    const found = zeros(y.length, "float64");
    expect(meanSquaredError(f64(y), f64(target), found)).toBeCloseTo(loss, 12);
    close(found, dy);
  });

  it("give torch's cross-entropy", () => {
    const { logits, targets, classes, loss, probabilities, dLogits } = fixtures.losses.cross;
    const [p, d] = [zeros(logits.length, "float64"), zeros(logits.length, "float64")];
    expect(crossEntropy(f64(logits), targets, classes, p, d)).toBeCloseTo(loss, 12);
    close(p, probabilities);
    close(d, dLogits);
  });

  for (const kind of ["log", "least squares"] as GanLoss[]) {
    it(`give torch's ${kind} losses of both players`, () => {
      const given = fixtures.losses[kind];
      const [dReal, dFake] = [zeros(9, "float64"), zeros(9, "float64")];
      const loss = discriminatorLoss(kind, f64(given.real), f64(given.fake), dReal, dFake);
      expect(loss).toBeCloseTo(given.discriminator.loss, 12);
      close(dReal, given.discriminator.dReal);
      close(dFake, given.discriminator.dFake);
      expect(generatorLoss(kind, f64(given.fake), dFake)).toBeCloseTo(given.generator.loss, 12);
      close(dFake, given.generator.dFake);
    });
  }

  it("stay finite for a discriminator that is very sure", () => {
    const d = zeros(2, "float64");
    expect(binaryCrossEntropy(f64([800, -800]), 1, d)).toBe(400);
    close(d, [0, -0.5]);
  });
});

describe("optimisers", () => {
  const { start, rate, gradients, after } = fixtures.optimisers;
  for (const name of Object.keys(after) as OptimiserName[]) {
    it(`move as torch's ${name}`, () => {
      const parameters = [{ name: "p", shape: [6], value: f64(start) }];
      const rule = optimiser(name, rate);
      for (const gradient of gradients) rule.step(parameters, [f64(gradient)]);
      close(parameters[0].value, after[name]);
    });

    it(`go on from a saved ${name} as if nothing had happened`, () => {
      const [a, b] = [0, 1].map(() => [{ name: "p", shape: [6], value: Float32Array.from(start) }]);
      const [one, before] = [optimiser(name, rate), optimiser(name, rate)];
      const later = optimiser(name, rate);
      gradients.forEach((gradient, i) => {
        const g = [Float32Array.from(gradient)];
        one.step(a, g);
        (i < 10 ? before : later).step(b, g);
        if (i === 9) later.restore(JSON.parse(JSON.stringify(before.state())));
      });
      expect(Array.from(a[0].value)).toEqual(Array.from(b[0].value));
    });
  }
});

describe("both networks of a GAN", () => {
  it("follow torch through five updates each", () => {
    const { begin, end, steps, batch } = fixtures.gan;
    const generator = perceptron("G", [2, 6, 6, 2], "relu", "tanh", undefined, "float64");
    const critic = perceptron("D", [2, 5, 5, 1], "relu", "linear", undefined, "float64");
    fill(generator, begin.generator);
    fill(critic, begin.discriminator);
    const [moveG, moveD] = [optimiser("sgd", 0.1), optimiser("adam", 0.01)];
    const [g, real, fake] = [generator.record(batch), critic.record(batch), critic.record(batch)];
    const [dReal, dFake] = [zeros(batch, "float64"), zeros(batch, "float64")];
    for (const step of steps) {
      generator.forward(f64(step.noiseD), g);
      critic.forward(f64(step.real), real);
      critic.forward(g.y, fake);
      expect(discriminatorLoss("log", real.y, fake.y, dReal, dFake)).toBeCloseTo(step.dLoss, 10);
      critic.backward(real, dReal, "parameters");
      critic.backward(fake, dFake, "parameters");
      const sums = real.gradients.map((one, i) => f64(Array.from(one, (value, j) => value + fake.gradients[i][j])));
      moveD.step(critic.parameters, sums);
      generator.forward(f64(step.noiseG), g);
      critic.forward(g.y, fake);
      expect(generatorLoss("log", fake.y, dFake)).toBeCloseTo(step.gLoss, 10);
      critic.backward(fake, dFake, "input");
      generator.backward(g, fake.dx, "parameters");
      moveG.step(generator.parameters, g.gradients);
    }
    end.generator.forEach(({ value }, i) => close(generator.parameters[i].value, value, 1e-9));
    end.discriminator.forEach(({ value }, i) => close(critic.parameters[i].value, value, 1e-9));
  });
});

describe("random numbers", () => {
  it("are the same for the same seed and others for another", () => {
    const draw = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 5 }, () => random.uniform());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("have the mean and spread of their distributions", () => {
    const random = new Random(1);
    const n = 20_000;
    const normal = Array.from({ length: n }, () => random.normal());
    const uniform = Array.from({ length: n }, () => random.uniform(-1, 1));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const variance = (list: number[]) => mean(list.map((value) => value * value)) - mean(list) ** 2;
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(Math.abs(variance(normal) - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(uniform))).toBeLessThan(0.02);
    expect(Math.abs(variance(uniform) - 1 / 3)).toBeLessThan(0.02);
  });

  it("go on from a saved place", () => {
    const one = new Random(5);
    one.normal();
    const other = new Random(0);
    other.restore(one.state());
    expect(other.uniform()).toBe(one.uniform());
  });
});

describe("saved parameters", () => {
  const net = () => perceptron("G", [2, 3, 1], "relu", "linear", new Random(2));

  it("come back as they were", () => {
    const [one, other] = [net(), perceptron("G", [2, 3, 1], "relu", "linear")];
    loadParameters(other.parameters, JSON.parse(JSON.stringify(saveParameters(one.parameters))));
    one.parameters.forEach(({ value }, i) => expect(Array.from(other.parameters[i].value)).toEqual(Array.from(value)));
  });

  it("say which one does not fit and change nothing", () => {
    const saved = saveParameters(perceptron("G", [2, 4, 1], "relu", "linear", new Random(2)).parameters);
    const one = net();
    const before = Array.from(one.parameters[0].value);
    expect(() => loadParameters(one.parameters, saved)).toThrow("G.1.weight should be 3 × 2, but the file has 4 × 2");
    expect(() => loadParameters(one.parameters, [])).toThrow("the file holds no G.1.weight; it holds nothing");
    expect(Array.from(one.parameters[0].value)).toEqual(before);
  });
});

describe("a trainer behind messages", () => {
  const counting = () => {
    let value = 0;
    return {
      step: (what: string, by: number) => {
        if (what !== "epoch") throw new Error(`no step named ${what}`);
        value += by;
      },
      set: (settings: { value?: number }) => (value = settings.value ?? value),
      frame: () => ({ value, numbers: Float32Array.of(value) }),
      state: () => ({ value }),
      restore: (state: { value: number }) => (value = state.value),
    };
  };
  const served = () => new Served({ counting } as never);

  it("answers every request, in order, and mistakes with their message", () => {
    const one = served();
    const ask = (body: object) => one.answer({ id: 1, ...body } as never);
    expect(ask({ type: "frame" })).toEqual({ id: 1, error: "training has not been started" });
    ask({ type: "start", trainer: "counting", config: {} });
    expect(ask({ type: "step", what: "epoch", count: 3 })).toMatchObject({ value: { value: 3 } });
    expect(ask({ type: "step", what: "year", count: 1 })).toEqual({ id: 1, error: "no step named year" });
    expect(ask({ type: "set", settings: { value: 10 } })).toMatchObject({ value: { value: 10 } });
    expect(ask({ type: "state" })).toEqual({ id: 1, value: { value: 10 } });
    expect(ask({ type: "restore", state: { value: 4 } })).toMatchObject({ value: { value: 4 } });
  });

  it("hands buffers over once, however often an array is named", () => {
    const numbers = new Float32Array(2);
    expect(buffersOf({ a: numbers, b: [numbers], c: { d: new Uint8Array(1) } }).size).toBe(2);
  });
});
