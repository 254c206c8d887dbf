import { describe, expect, it } from "vitest";
import { sigmoid } from "../engine/activations";
import { DEFAULT, type GanConfig } from "./config";
import { GanTrainer } from "./trainer";

const config = (more: Partial<GanConfig> = {}): GanConfig => ({ ...structuredClone(DEFAULT), ...more });
const weights = (trainer: GanTrainer, side: "generator" | "discriminator") =>
  trainer.networks[side].parameters.flatMap(({ value }) => Array.from(value));

describe("the GAN trainer", () => {
  it("gives the same run for the same seed and another for another", () => {
    const run = (seed: number) => {
      const trainer = new GanTrainer(config({ seed }));
      trainer.step("epoch", 20);
      return trainer.frame();
    };
    const [a, b, c] = [run(3), run(3), run(4)];
    expect(a.fake).toEqual(b.fake);
    expect(a.losses).toEqual(b.losses);
    expect(a.fake).not.toEqual(c.fake);
  });

  it("moves only the generator in a generator's step and only the discriminator in the other's", () => {
    const trainer = new GanTrainer(config());
    trainer.step("epoch", 3);
    const [g, d] = [weights(trainer, "generator"), weights(trainer, "discriminator")];
    const before = trainer.frame();
    trainer.step("discriminator", 1);
    const after = trainer.frame();
    expect(weights(trainer, "generator")).toEqual(g);
    expect(weights(trainer, "discriminator")).not.toEqual(d);
    expect(after.fake).toEqual(before.fake);
    expect(after.heat).not.toEqual(before.heat);
    const still = weights(trainer, "discriminator");
    trainer.step("generator", 1);
    expect(weights(trainer, "discriminator")).toEqual(still);
    expect(trainer.frame().heat).toEqual(after.heat);
    expect(trainer.frame().fake).not.toEqual(after.fake);
  });

  it("walks an epoch in five phases per update and ends where one step of an epoch ends", () => {
    const [walked, stepped] = [new GanTrainer(config()), new GanTrainer(config())];
    const seen: string[] = [];
    do {
      walked.step("phase", 1);
      const { update } = walked.frame();
      seen.push(`${update!.side[0]}${update!.number}${update!.phase}`);
    } while (walked.frame().walking);
    stepped.step("epoch", 1);
    expect(seen.join(" ")).toBe("d11 d12 d13 d14 d15 d21 d22 d23 d24 d25 g11 g12 g13 g14 g15");
    expect(weights(walked, "generator")).toEqual(weights(stepped, "generator"));
    expect(walked.frame().epoch).toBe(1);
  });

  it("changes the heat map at phase five of the discriminator and at no other", () => {
    const trainer = new GanTrainer(config());
    const heat = () => Array.from(trainer.frame().heat);
    const before = heat();
    trainer.step("phase", 4);
    expect(heat()).toEqual(before);
    trainer.step("phase", 1);
    expect(heat()).not.toEqual(before);
  });

  it("draws arrows that lead to higher D", () => {
    const trainer = new GanTrainer(config());
    trainer.step("epoch", 50);
    const { fake, fakeScores, gradients } = trainer.frame();
    const moved = fake.map((value, i) => value + (0.001 * gradients[i]) / (Math.hypot(gradients[i & ~1], gradients[i | 1]) || 1));
    const discriminator = trainer.networks.discriminator;
    const after = discriminator.forward(moved, discriminator.record(150)).y;
    const up = Array.from(after, sigmoid).filter((score, i) => score >= fakeScores[i] - 1e-6);
    expect(up.length).toBe(150);
  });

  it("goes on from a saved state exactly as it would have", () => {
    const one = new GanTrainer(config({ shape: "ring" }));
    one.step("epoch", 10);
    const kept = JSON.parse(JSON.stringify(one.state()));
    one.step("epoch", 10);
    const other = new GanTrainer(kept.config);
    other.restore(kept);
    other.step("epoch", 10);
    expect(other.frame().epoch).toBe(20);
    expect(weights(other, "generator")).toEqual(weights(one, "generator"));
  });

  it("shows a kept epoch without going there, and goes there when asked", () => {
    const trainer = new GanTrainer(config());
    trainer.step("epoch", 5);
    const then = trainer.frame();
    trainer.step("epoch", 5);
    const now = trainer.frame();
    expect(trainer.ask("show", 5).fake).toEqual(then.fake);
    expect(trainer.frame().fake).toEqual(now.fake);
    expect(trainer.ask("return", 5).epoch).toBe(5);
    trainer.step("epoch", 5);
    expect(trainer.frame().fake).toEqual(now.fake);
    expect(() => trainer.ask("show", 99)).toThrow("epoch 99 was not kept; the nearest one that was is 10");
  });

  it("keeps few states and points however long it runs", () => {
    const trainer = new GanTrainer(config({ neurons: { generator: 2, discriminator: 2 } }));
    trainer.step("epoch", 900);
    const { kept, curve } = trainer.frame();
    expect(kept.length).toBeLessThanOrEqual(121);
    expect(curve.length).toBeLessThanOrEqual(401);
    expect(kept[0]).toBe(0);
  });

  it("takes a new rate, optimiser, loss and number of updates while training", () => {
    const trainer = new GanTrainer(config());
    trainer.step("epoch", 2);
    expect(trainer.frame().pristine).toBe(true);
    trainer.set({
      rate: { generator: 1e-9, discriminator: 0.01 },
      optimiser: { generator: "sgd", discriminator: "adam" },
      loss: "least squares",
    });
    const before = weights(trainer, "generator");
    trainer.step("epoch", 1);
    weights(trainer, "generator").forEach((value, i) => expect(Math.abs(value - before[i])).toBeLessThan(1e-6));
    expect(trainer.frame().losses.generator).toBeLessThanOrEqual(1);
    expect(trainer.frame().pristine).toBe(false);
    trainer.set({ updates: { generator: 0, discriminator: 1 } });
    const still = weights(trainer, "generator");
    trainer.step("epoch", 1);
    expect(weights(trainer, "generator")).toEqual(still);
  });

  it("stops when numbers run away at a learning rate of 10, and can be brought back", () => {
    const trainer = new GanTrainer(config());
    trainer.step("epoch", 10);
    trainer.set({ rate: { generator: 10, discriminator: 10 } });
    trainer.step("epoch", 100);
    const { diverged, epoch } = trainer.frame();
    expect(diverged).not.toBeNull();
    trainer.step("epoch", 5);
    expect(trainer.frame().epoch).toBe(epoch);
    trainer.ask("return", 10);
    trainer.step("epoch", 5);
    expect(trainer.frame()).toMatchObject({ diverged: null, epoch: 15 });
  });

  it("draws one-dimensional noise as a line of points", () => {
    const frame = new GanTrainer(config({ noiseSize: 1, noise: "gaussian" })).frame();
    expect([frame.noise.length, frame.manifold.length]).toEqual([150, 2 * 161]);
  });

  it("refuses what cannot be trained, in words", () => {
    const none = config({ neurons: { generator: 0, discriminator: 8 } });
    expect(() => new GanTrainer(none)).toThrow(
      "a layer of the generator has 1 to 100 neurons, not 0: with none, nothing could pass",
    );
    expect(() => new GanTrainer(config({ shape: "own" }))).toThrow("an own shape needs at least three points");
  });

  it("learns the ring within 1,000 epochs from seed 1", () => {
    const trainer = new GanTrainer(config());
    const before = trainer.frame();
    trainer.step("epoch", 1000);
    const after = trainer.frame();
    expect(after.js).toBeLessThan(0.4 * before.js);
    expect(after.kl).toBeLessThan(0.4 * before.kl);
  });
});
