// What comes of low, medium and high settings? States trained beforehand by a script, after 10 and 20 epochs each.
import { unpack, type PackedParameter } from "../engine/packed";
import { DEFAULT, type RnnConfig } from "./config";
import type { RnnState } from "./trainer";
import found from "./trained.json";

export const SETTINGS = {
  lowRate: { title: "Low, .0001", change: { rate: 0.0001 } },
  mediumRate: { title: "Medium, .01", change: {} },
  highRate: { title: "High, 1", change: { rate: 1 } },
  smallBatch: { title: "Small, 5", change: { batch: 5 } },
  mediumBatch: { title: "Medium, 20", change: {} },
  largeBatch: { title: "Large, 50", change: { batch: 50 } },
  noNoise: { title: "None", change: {} },
  mediumNoise: { title: "Medium, .1", change: { noise: 0.1 } },
  highNoise: { title: "High, .4", change: { noise: 0.4 } },
} as const satisfies Record<string, { title: string; change: Partial<RnnConfig> }>;
export type TrainedName = keyof typeof SETTINGS;

/** All of them continue two waves: harder than the sine, so that settings make a difference. */
export const TRAINED_ON: Partial<RnnConfig> = { data: "waves" };

interface Saved {
  epoch: number;
  updates: number;
  error: number;
  network: PackedParameter[];
}
const states = found as unknown as Record<string, Record<"10" | "20", Saved>>;
/** Settings that change nothing are the same run. */
const key = (name: TrainedName) => (Object.keys(SETTINGS[name].change).length ? name : "usual");

export function trainedConfig(name: TrainedName): RnnConfig {
  return { ...structuredClone(DEFAULT), ...TRAINED_ON, ...SETTINGS[name].change };
}

/** Error on held-out sequences, as it was found when the state was trained. */
export const trainedError = (name: TrainedName, epochs: 10 | 20): number => states[key(name)][`${epochs}`].error;

export function trainedState(name: TrainedName, epochs: 10 | 20): RnnState {
  const { epoch, updates, network } = states[key(name)][`${epochs}`];
  const config = trainedConfig(name);
  return {
    format: "underglass.rnn",
    version: 1,
    config,
    epoch,
    updates,
    pristine: false,
    random: [config.seed, 2, 3, 4],
    network: network.map(unpack),
    optimiser: { name: "rmsprop", steps: 0, memory: [] },
  };
}
