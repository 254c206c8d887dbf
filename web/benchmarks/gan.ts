// How many steps a second does a GAN train, with the engine and with each backend of TensorFlow.js that runs here?
//
// One step is one update of each network on 150 samples, Adam on both: what GAN Lab does. All sides begin with the same weights and
// see the same batches; the losses of the first steps are asserted to be the same before anything is timed.
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { discriminatorLoss, generatorLoss, SMOOTHED } from "../src/learn/engine/losses";
import { perceptron } from "../src/learn/engine/network";
import { optimiser } from "../src/learn/engine/optimisers";
import { Random } from "../src/learn/engine/random";
import { zeros } from "../src/learn/engine/types";

const NEURONS = Number(new URLSearchParams(location.search).get("neurons") ?? 8);
const [BATCH, RATE] = [150, 0.005];
const SIZES = { generator: [2, NEURONS, NEURONS, 2], discriminator: [2, NEURONS, NEURONS, 1] };
const FIRST = 3;
type Losses = [number, number];
interface Side {
  step(): void;
  losses(): Promise<Losses>;
}

const random = new Random(1);
const batch = () => Float32Array.from({ length: 2 * BATCH }, () => random.uniform(-1, 1));
const [real, noise] = [batch(), batch()];
const networks = () => {
  const start = new Random(2);
  return {
    generator: perceptron("generator", SIZES.generator, "relu", "tanh", start),
    discriminator: perceptron("discriminator", SIZES.discriminator, "relu", "linear", start),
  };
};

function engine(): Side {
  const { generator, discriminator } = networks();
  const [moveG, moveD] = [optimiser("adam", RATE), optimiser("adam", RATE)];
  const [made, onReal, onFake] = [generator.record(BATCH), discriminator.record(BATCH), discriminator.record(BATCH)];
  const [dReal, dFake] = [zeros(BATCH), zeros(BATCH)];
  const sums = discriminator.parameters.map(({ value }) => zeros(value.length));
  let last: Losses = [0, 0];
  return {
    step() {
      generator.forward(noise, made);
      discriminator.forward(real, onReal);
      discriminator.forward(made.y, onFake);
      const d = discriminatorLoss("log", onReal.y, onFake.y, dReal, dFake);
      discriminator.backward(onReal, dReal, "parameters");
      discriminator.backward(onFake, dFake, "parameters");
      sums.forEach((sum, i) => {
        for (let j = 0; j < sum.length; j += 1) sum[j] = onReal.gradients[i][j] + onFake.gradients[i][j];
      });
      moveD.step(discriminator.parameters, sums);
      discriminator.forward(made.y, onFake);
      const g = generatorLoss("log", onFake.y, dFake);
      discriminator.backward(onFake, dFake, "input");
      generator.backward(made, onFake.dx, "parameters");
      moveG.step(generator.parameters, made.gradients);
      last = [d, g];
    },
    losses: () => Promise.resolve(last),
  };
}

function tensorflow(): Side {
  const given = networks();
  const variables = (parameters: typeof given.generator.parameters) =>
    parameters.map(({ value, shape }) => tf.variable(tf.tensor(value as Float32Array, [...shape])));
  const [g, d] = [variables(given.generator.parameters), variables(given.discriminator.parameters)];
  const run = (x: tf.Tensor2D, weights: tf.Variable[], tanh: boolean) => {
    let y: tf.Tensor = x;
    for (let i = 0; i < weights.length; i += 2) {
      y = tf.add(tf.matMul(y as tf.Tensor2D, weights[i] as tf.Tensor2D, false, true), weights[i + 1]);
      if (i < weights.length - 2) y = tf.relu(y);
    }
    return tanh ? tf.tanh(y) : y;
  };
  const [moveG, moveD] = [tf.train.adam(RATE), tf.train.adam(RATE)];
  const [x, z] = [tf.tensor2d(real, [BATCH, 2]), tf.tensor2d(noise, [BATCH, 2])];
  const cost = (logits: tf.Tensor, target: number) => tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, target)));
  let last: [tf.Scalar, tf.Scalar] | null = null;
  return {
    step() {
      const dLoss = moveD.minimize(
        () => tf.tidy(() => tf.div(tf.add(cost(run(x, d, false), SMOOTHED), cost(run(run(z, g, true) as tf.Tensor2D, d, false), 0)), 2) as tf.Scalar),
        true,
        d,
      )!;
      const gLoss = moveG.minimize(() => tf.tidy(() => cost(run(run(z, g, true) as tf.Tensor2D, d, false), 1) as tf.Scalar), true, g)!;
      last?.forEach((one) => one.dispose());
      last = [dLoss, gLoss];
    },
    losses: async () => [(await last![0].data())[0], (await last![1].data())[0]],
  };
}

async function first(side: Side): Promise<Losses[]> {
  const found: Losses[] = [];
  for (let i = 0; i < FIRST; i += 1) {
    side.step();
    found.push(await side.losses());
  }
  return found;
}

async function perSecond(side: Side, milliseconds: number): Promise<number> {
  const begin = performance.now();
  let steps = 0;
  do {
    for (let i = 0; i < 10; i += 1) side.step();
    steps += 10;
    await side.losses();
  } while (performance.now() - begin < milliseconds);
  return (1000 * steps) / (performance.now() - begin);
}

async function measure(): Promise<{ rates: Record<string, number[]>; away: Record<string, number>; failed: Record<string, string> }> {
  setWasmPaths("./wasm/");
  const expected = await first(engine());
  const rates: Record<string, number[]> = {};
  const [away, failed]: [Record<string, number>, Record<string, string>] = [{}, {}];
  for (let round = 0; round < 5; round += 1) {
    for (const name of ["engine", "wasm", "cpu", "webgl"]) {
      if (name in failed) continue;
      try {
        if (name !== "engine" && !(await tf.setBackend(name))) throw new Error("the backend does not start");
        const side = name === "engine" ? engine() : tensorflow();
        const losses = await first(side);
        away[name] = Math.max(...losses.flatMap((pair, i) => pair.map((loss, j) => Math.abs(loss - expected[i][j]))));
        (rates[name] ??= []).push(await perSecond(side, 800));
      } catch (error) {
        failed[name] = String(error);
      }
    }
  }
  return { rates, away, failed };
}

void measure().then((found) => Object.assign(window, { found }));
