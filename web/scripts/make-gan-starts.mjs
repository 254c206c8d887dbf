// Trains the networks that GAN Lab can start from: the best of a few seeds per shape, by JS divergence. Writes starts.json.
import { writeFileSync } from "node:fs";
import { createServer } from "vite";

const SEEDS = [1, 2, 3];
const EPOCHS = 3000;
const LOOK_EVERY = 100;
const SHAPES = ["line", "two", "ring", "three"];

const vite = await createServer({
  server: { middlewareMode: true, hmr: false, watch: null },
  appType: "custom",
  logLevel: "error",
});
const { GanTrainer } = await vite.ssrLoadModule("/src/learn/gan/trainer.ts");
const { DEFAULT } = await vite.ssrLoadModule("/src/learn/gan/config.ts");
const short = (list) => list.map((one) => ({ ...one, value: one.value.map((number) => Number(number.toPrecision(5))) }));

const starts = {};
for (const shape of SHAPES) {
  let best = null;
  for (const seed of SEEDS) {
    const trainer = new GanTrainer({ ...DEFAULT, shape, seed });
    for (let epoch = LOOK_EVERY; epoch <= EPOCHS; epoch += LOOK_EVERY) {
      if (epoch === 2000)
        trainer.set({ rate: { generator: DEFAULT.rate.generator / 3, discriminator: DEFAULT.rate.discriminator / 3 } });
      trainer.step("epoch", LOOK_EVERY);
      const { js } = trainer.frame();
      if (!best || js < best.js) best = { js, seed, epoch, state: trainer.state() };
    }
  }
  const { state } = best;
  starts[shape] = {
    seed: best.seed,
    epoch: best.epoch,
    js: Number(best.js.toFixed(3)),
    layers: state.config.layers,
    neurons: state.config.neurons,
    generator: short(state.generator),
    discriminator: short(state.discriminator),
  };
  console.log(`${shape}: JS ${best.js.toFixed(3)} at epoch ${best.epoch} of seed ${best.seed}`);
  writeFileSync(new URL("../src/learn/gan/starts.json", import.meta.url), `${JSON.stringify(starts)}\n`);
}
await vite.close();
