// How many milliseconds does an epoch of an LSTM take, with the engine and with each backend of TensorFlow.js that runs here?
//
// The workload is exploRNN's: 3 layers of 16 units and a dense head with tanh, 100 sequences of 15 numbers an epoch in batches of 20,
// squared error, RMSProp. All sides begin with the same weights and see the same batches; the losses of the first steps are
// asserted to be the same before anything is timed.
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { meanSquaredError } from "../src/learn/engine/losses";
import { optimiser } from "../src/learn/engine/optimisers";
import { Random } from "../src/learn/engine/random";
import { SequenceNetwork } from "../src/learn/engine/sequence";
import { zeros } from "../src/learn/engine/types";

const [LAYERS, UNITS, TIME, BATCH, BATCHES, RATE] = [3, 16, 15, 20, 5, 0.01];
const FIRST = 3;
interface Batch {
  /** (batch, time) */
  x: Float32Array<ArrayBuffer>;
  target: Float32Array<ArrayBuffer>;
}
interface Side {
  step(batch: number): void | Promise<void>;
  loss(): Promise<number>;
}

const random = new Random(1);
const batches: Batch[] = Array.from({ length: BATCHES }, () => {
  const phases = Array.from({ length: BATCH }, () => random.uniform(0, 2 * Math.PI));
  return {
    x: Float32Array.from({ length: BATCH * TIME }, (_, k) => Math.sin(phases[Math.floor(k / TIME)] + 0.2 * (k % TIME))),
    target: Float32Array.from(phases, (phase) => Math.sin(phase + 0.2 * TIME)),
  };
});
const network = () =>
  new SequenceNetwork({ cell: "lstm", inputs: 1, units: UNITS, layers: LAYERS, outputs: 1, activation: "tanh" }, new Random(2));

function engine(): Side {
  const net = network();
  const [record, rule, dy] = [net.record(BATCH, TIME), optimiser("rmsprop", RATE, { decay: 0.9 }), zeros(BATCH)];
  const inTime = batches.map(({ x }) =>
    Float32Array.from({ length: x.length }, (_, k) => x[(k % BATCH) * TIME + Math.floor(k / BATCH)]),
  );
  let loss = 0;
  return {
    step(batch) {
      net.forward(inTime[batch], record);
      loss = meanSquaredError(record.y, batches[batch].target, dy);
      net.backward(record, dy, "parameters");
      rule.step(net.parameters, record.gradients);
    },
    loss: () => Promise.resolve(loss),
  };
}

/** A Keras model of the same weights: one bias for our two, kernels turned, gates in the same order (i, f, g, o). */
function tensorflow(): Side {
  const model = tf.sequential();
  for (let i = 0; i < LAYERS; i += 1)
    model.add(
      tf.layers.lstm({
        units: UNITS,
        returnSequences: i < LAYERS - 1,
        recurrentActivation: "sigmoid",
        ...(i ? {} : { inputShape: [TIME, 1] }),
      }),
    );
  model.add(tf.layers.dense({ units: 1, activation: "tanh" }));
  const given = network();
  const turned = (value: ArrayLike<number>, rows: number, columns: number) =>
    tf.tidy(() => tf.transpose(tf.tensor2d(Float32Array.from(value), [rows, columns])));
  const weights = given.layers.flatMap(({ inputs, parameters: [input, state, inputBias, stateBias] }) => [
    turned(input.value, 4 * UNITS, inputs),
    turned(state.value, 4 * UNITS, UNITS),
    tf.tensor1d(Float32Array.from(inputBias.value, (value, k) => value + stateBias.value[k])),
  ]);
  model.setWeights([...weights, turned(given.head.weights, 1, UNITS), tf.tensor1d(Float32Array.from(given.head.bias))]);
  model.compile({ optimizer: tf.train.rmsprop(RATE, 0.9, 0, 1e-8), loss: "meanSquaredError" });
  const data = batches.map(({ x, target }) => [tf.tensor3d(x, [BATCH, TIME, 1]), tf.tensor2d(target, [BATCH, 1])] as const);
  let loss = 0;
  return {
    async step(batch) {
      loss = (await model.trainOnBatch(data[batch][0], data[batch][1])) as number;
    },
    loss: () => Promise.resolve(loss),
  };
}

async function epoch(side: Side): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch += 1) await side.step(batch);
}

/** Milliseconds an epoch, over as many as fit. */
async function timed(side: Side, milliseconds: number): Promise<number> {
  const begin = performance.now();
  let epochs = 0;
  do {
    await epoch(side);
    epochs += 1;
  } while (performance.now() - begin < milliseconds);
  return (performance.now() - begin) / epochs;
}

/** The loss of the first step, before anything has moved; the two biases of torch move as two where Keras has one. */
async function first(side: Side): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < FIRST; i += 1) {
    await side.step(i);
    found.push(await side.loss());
  }
  return found;
}

async function measure(): Promise<{
  times: Record<string, number[]>;
  away: Record<string, number>;
  failed: Record<string, string>;
}> {
  setWasmPaths("./wasm/");
  const expected = await first(engine());
  const times: Record<string, number[]> = {};
  const [away, failed]: [Record<string, number>, Record<string, string>] = [{}, {}];
  for (let round = 0; round < 5; round += 1)
    for (const name of ["engine", "wasm", "cpu", "webgl"]) {
      if (name in failed) continue;
      try {
        if (name !== "engine" && !(await tf.setBackend(name))) throw new Error("the backend does not start");
        const side = name === "engine" ? engine() : tensorflow();
        const losses = await first(side);
        away[name] = Math.abs(losses[0] - expected[0]);
        await timed(side, 300); // until the code is compiled
        (times[name] ??= []).push(await timed(side, name === "engine" ? 800 : 1500));
      } catch (error) {
        failed[name] = String(error);
      }
    }
  return { times, away, failed };
}

void measure().then((found) => Object.assign(window, { found }));
