import { describe, expect, it } from "vitest";
import { pack, unpack } from "../engine/packed";
import { Random } from "../engine/random";
import { fromWords, toWords } from "./address";
import { CELLS } from "./cells";
import { DEFAULT, mistake, rateText, type RnnConfig } from "./config";
import { FUNCTIONS, parseSeries, sequences, TILES } from "./data";
import { History } from "./history";
import { ticks } from "./ticks";
import { SETTINGS, trainedConfig, trainedError, trainedState, type TrainedName } from "./trained";
import { RnnTrainer, type Walk } from "./trainer";

const settings = (change: Partial<RnnConfig>): RnnConfig => ({ ...structuredClone(DEFAULT), units: 5, ...change });
const trained = (change: Partial<RnnConfig>, epochs: number) => {
  const trainer = new RnnTrainer(settings(change));
  trainer.step("epoch", epochs);
  return trainer;
};

describe("data", () => {
  it("are the published functions", () => {
    expect(FUNCTIONS.saw(Math.PI / 4)).toBeCloseTo(-0.5, 12);
    expect(FUNCTIONS.saw(-Math.PI / 4)).toBeCloseTo(0.5, 12);
    expect([0.5, 2.5, 4.5].map(FUNCTIONS.square)).toEqual([1, -1, 1]);
    for (const value of Object.values(FUNCTIONS))
      for (let x = -20; x < 20; x += 0.05) expect(Math.abs(value(x))).toBeLessThanOrEqual(1);
  });

  it("hold the last fifth of a long series out, and never learn from a window that reaches into it", () => {
    const series = Array.from({ length: 200 }, (_, i) => Math.sin(i));
    const data = sequences(settings({ data: "series", series }));
    expect(data.isHeldOut).toBe(true);
    expect(Math.min(...data.heldOut)).toBeGreaterThanOrEqual(160);
    const drawn = data.draw(2000, new Random(1));
    expect(Math.max(...drawn) + data.window).toBeLessThan(160);
    expect(data.show(new Random(2)) + data.window + data.roll).toBeLessThanOrEqual(200);
  });

  it("say that nothing is held out of a short series", () => {
    const data = sequences(settings({ data: "series", series: Array.from({ length: 20 }, (_, i) => i % 3) }));
    expect([data.isHeldOut, data.window, data.roll]).toEqual([false, 10, 10]);
  });

  it("cost a blind answer the variance, or the entropy of the symbols", () => {
    expect(sequences(settings({ data: "sine" })).blind).toBeCloseTo(0.5, 2);
    expect(sequences(settings({ data: "abab" })).blind).toBeCloseTo(Math.LN2, 12);
  });

  it("know emoji as one symbol", () => {
    expect(sequences(settings({ data: "text", text: "🙂🙃".repeat(12) })).symbols).toEqual(["🙂", "🙃"].sort());
  });

  it("are read from a paste with what was done to them", () => {
    const found = parseSeries(`value\n${Array.from({ length: 24 }, (_, i) => 10 + (i % 5)).join("\n")}`);
    expect(found.said).toBe("24 values, from 10 to 14, scaled to ±.8, 1 word without a number left out.");
    expect([Math.min(...found.series), Math.max(...found.series)]).toEqual([-0.8, 0.8]);
    expect(() => parseSeries("5")).toThrow("1 value is too few");
    expect(() => parseSeries("3 ".repeat(30))).toThrow("All 30 values are 3");
    expect(() => parseSeries("none")).toThrow("There are no numbers in it");
  });
});

describe("settings", () => {
  it.each([
    [{ units: 0 }, "a layer has 1 to 64 units, not 0"],
    [{ layers: 8 }, "1 to 7 recurrent layers, not 8"],
    [{ rate: 0 }, "a learning rate is between 0.0001 and 10"],
    [{ cell: "lstn" as "lstm" }, "no cell named lstn; known are rnn, lstm and gru"],
    [{ data: "series" as const, series: [1] }, "at least 20 values to learn what follows what, and this one has 1"],
    [{ data: "text" as const, text: "a".repeat(30) }, "one symbol only (“a”)"],
    [{ data: "text" as const, text: "abc".repeat(10), alphabet: ["a", "b"] }, "the network does not know “c”; it knows ab"],
  ])("refuse %o in words", (change, said) => expect(mistake(settings(change))).toContain(said));

  it("travel through an address", () => {
    const config = settings({ data: "text", text: "row, row & row your boat", cell: "gru", rate: 0.003, seed: 7, layers: 3 });
    expect(fromWords(toWords(config))).toEqual({ config, wrong: [] });
    const series = settings({
      data: "series",
      series: Array.from({ length: 30 }, (_, i) => Math.sin(i) * 0.8),
      offset: 3,
      scale: 2,
    });
    const back = fromWords(toWords(series)).config;
    back.series.forEach((value, i) => expect(Math.abs(value - series.series[i])).toBeLessThan(1e-3));
    expect([back.offset, back.scale]).toEqual([3, 2]);
  });

  it("write rates without powers of ten", () => {
    expect([0.0001, 0.01, 0.0251188, 1].map(rateText)).toEqual([".0001", ".01", ".0251", "1"]);
  });
});

describe("a trainer", () => {
  it.each(["rnn", "lstm", "gru"] as const)("learns the sine with %s", (cell) => {
    const { error, curve } = trained({ cell, units: 12 }, 40).frame();
    expect(error).toBeLessThan(0.1 * curve[0].error);
  });

  it("gives the same run for the same seed, also from a state in between", () => {
    const [one, other] = [trained({ seed: 3, noise: 0.1 }, 6), trained({ seed: 3, noise: 0.1 }, 4)];
    const later = new RnnTrainer(settings({ seed: 3, noise: 0.1 }));
    later.restore(JSON.parse(JSON.stringify(other.state())));
    later.step("epoch", 2);
    expect(later.state().network).toEqual(one.state().network);
    expect(trained({ seed: 4, noise: 0.1 }, 6).frame().error).not.toBe(one.frame().error);
  });

  it("takes settings up with the next update and says that the seed alone no longer leads here", () => {
    const trainer = trained({}, 2);
    expect(trainer.frame().pristine).toBe(true);
    trainer.set({ batch: 50 });
    const before = trainer.frame().updates;
    trainer.step("epoch", 1);
    expect(trainer.frame().updates - before).toBe(2);
    expect(trainer.frame().pristine).toBe(false);
    expect(() => trainer.set({ batch: 51 })).toThrow("a batch has 5 to 50 sequences, not 51");
  });

  it("reads its own words after the first prediction", () => {
    const trainer = trained({ data: "verse", units: 8 }, 3);
    const { sample, window, symbols } = trainer.frame();
    const walk = trainer.ask("walk", 0) as Walk;
    expect(Array.from(walk.windows[2].read)).toEqual([...sample.read.slice(2), sample.said[0], sample.said[1]]);
    const hot = Array.from(walk.windows[2].values.x);
    for (let t = 0; t < window; t += 1) expect(hot[t * symbols.length + walk.windows[2].read[t]]).toBe(1);
    expect(hot.reduce((sum, one) => sum + one, 0)).toBe(window);
    for (let k = 0; k < sample.said.length; k += 1) {
      const p = sample.probabilities!.slice(k * symbols.length, (k + 1) * symbols.length);
      expect(p.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
      expect(p.indexOf(Math.max(...p))).toBe(sample.said[k]);
    }
  });

  it("walks each layer of what the frame shows", () => {
    const trainer = trained({ layers: 3 }, 2);
    const { states, derivatives } = trainer.frame();
    for (let layer = 0; layer < 3; layer += 1) {
      const walk = trainer.ask("walk", layer) as Walk;
      expect(Array.from(walk.windows[0].values.h)).toEqual(Array.from(states[layer]));
      expect(Array.from(walk.derivatives.h)).toEqual(Array.from(derivatives[layer]));
    }
    expect(() => trainer.ask("walk", 3)).toThrow("there is no layer 4; the network has 3");
  });

  it("stops where numbers end, keeps its best epoch and goes back to it", () => {
    const series = Array.from({ length: 60 }, (_, i) => Math.sin(i));
    const trainer = trained({ data: "series", series, head: "linear", cell: "rnn" }, 5);
    const best = trainer.ask("best", null) as number;
    trainer.network.parameters[0].value[0] = NaN;
    trainer.step("epoch", 3);
    expect(trainer.frame().diverged?.epoch).toBe(6);
    expect(trainer.frame().epoch).toBe(6);
    trainer.ask("return", best);
    trainer.step("epoch", 1);
    expect(trainer.frame().diverged).toBeNull();
    expect(Number.isFinite(trainer.frame().error)).toBe(true);
    expect(() => trainer.ask("return", 99)).toThrow("epoch 99 was not kept");
  });

  it("fails with a rate of 1 and hardly moves with one of .0001", () => {
    expect(trained({ rate: 1, units: 12 }, 20).frame().failing).toBeGreaterThanOrEqual(3);
    const { error, blind } = trained({ rate: 0.0001, units: 12 }, 20).frame();
    expect(error).toBeGreaterThan(0.9 * blind);
  });
});

describe("what was trained beforehand", () => {
  it.each(Object.keys(SETTINGS) as TrainedName[])("comes back as it was with %s", (name) => {
    for (const epochs of [10, 20] as const) {
      const trainer = new RnnTrainer(trainedConfig(name));
      trainer.restore(trainedState(name, epochs));
      const expected = trainedError(name, epochs);
      expect(trainer.frame().epoch).toBe(epochs);
      expect(Math.abs(trainer.frame().error - expected)).toBeLessThan(0.02 * expected + 1e-4);
    }
  });

  it("is what training with these settings gives", () => {
    const trainer = new RnnTrainer(trainedConfig("smallBatch"));
    trainer.step("epoch", 10);
    expect(trainer.frame().error).toBeCloseTo(trainedError("smallBatch", 10), 5);
  });

  it("loses a ten-thousandth in packing", () => {
    const value = Array.from({ length: 50 }, (_, i) => Math.sin(i) * 3);
    const back = unpack(JSON.parse(JSON.stringify(pack({ name: "w", shape: [50], value }))));
    back.value.forEach((one, i) => expect(Math.abs(one - value[i])).toBeLessThan(3e-4));
  });
});

describe("the walk", () => {
  it.each(Object.keys(CELLS) as (keyof typeof CELLS)[])("of %s fires every part once a step, after what it needs", (name) => {
    const { parts, edges, stages } = CELLS[name];
    const fired = stages.flatMap((stage) => [...stage.parts]);
    expect([...fired].sort()).toEqual(parts.map((part) => part.name).sort());
    const stage = (part: string) => stages.findIndex((one) => one.parts.includes(part));
    for (const { from, to, loop } of edges) if (!loop) expect(stage(from)).toBeLessThanOrEqual(stage(to));
  });

  it("goes forward through all steps, slides, and comes back to the first", () => {
    const all = ticks(CELLS.lstm, 15, 32);
    expect(all.length).toBe(15 * 6 + 3 * 15 + 3 + 5 * 6 + 10);
    expect(all.at(-1)).toEqual({ phase: "backward", step: 0, stage: 0 });
    expect(ticks(CELLS.rnn, 10, 1).some((tick) => tick.phase === "forward" && tick.prediction > 0)).toBe(false);
  });
});

describe("the past", () => {
  it("thins out and keeps the best", () => {
    const past = new History<number, { epoch: number; error: number }>();
    for (let epoch = 0; epoch <= 1000; epoch += 1) past.add(epoch, { epoch, error: Math.abs(epoch - 333) }, () => epoch);
    expect(past.best()).toBe(333);
    expect(past.state(333)).toBe(333);
    expect(past.kept.length).toBeLessThanOrEqual(41);
    expect(past.kept.length).toBeGreaterThan(15);
    expect(past.curve.length).toBeLessThanOrEqual(400);
    past.returnTo(past.kept[3]);
    expect(past.kept.length).toBe(4);
  });
});

it("every tile has data", () => {
  for (const { name, kind } of TILES) expect(sequences(settings({ data: name })).kind).toBe(kind);
});
