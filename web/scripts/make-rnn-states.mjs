// Trains the states of low, medium and high settings that exploRNN's tour shows, after 10 and 20 epochs. Writes trained.json.
import { writeFileSync } from "node:fs";
import { createServer } from "vite";

const vite = await createServer({
  server: { middlewareMode: true, hmr: false, watch: null },
  appType: "custom",
  logLevel: "error",
});
writeFileSync(new URL("../src/learn/rnn/trained.json", import.meta.url), "{}\n"); // what is read below must exist
const { RnnTrainer } = await vite.ssrLoadModule("/src/learn/rnn/trainer.ts");
const { SETTINGS, trainedConfig } = await vite.ssrLoadModule("/src/learn/rnn/trained.ts");
const { pack } = await vite.ssrLoadModule("/src/learn/engine/packed.ts");

const found = {};
for (const [name, { change }] of Object.entries(SETTINGS)) {
  const key = Object.keys(change).length ? name : "usual";
  if (key in found) continue;
  const trainer = new RnnTrainer(trainedConfig(name));
  found[key] = {};
  for (const epochs of [10, 20]) {
    while (trainer.frame().epoch < epochs) trainer.step("epoch", 1);
    const { epoch, updates, network } = trainer.state();
    const { error } = trainer.frame();
    const short = network.map(pack).map((one) => ({ ...one, scale: Number(one.scale.toPrecision(6)) }));
    found[key][epochs] = { epoch, updates, error: Number(error.toPrecision(4)), network: short };
    console.log(`${key} after ${epochs}: error ${error.toPrecision(3)}`);
  }
}
writeFileSync(new URL("../src/learn/rnn/trained.json", import.meta.url), `${JSON.stringify(found)}\n`);
await vite.close();
