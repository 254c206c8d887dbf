// What can be set? Everything that decides a training run; the same settings and seed give the same run, number by number.
import type { GanLoss } from "../engine/losses";
import type { OptimiserName } from "../engine/types";
import type { ShapeName } from "./data";

export type Noise = "uniform" | "gaussian";
export type Side = "generator" | "discriminator";

/** May change while training. */
export interface Live {
  loss: GanLoss;
  /** Updates of each network an epoch. */
  updates: Record<Side, number>;
  optimiser: Record<Side, OptimiserName>;
  rate: Record<Side, number>;
}

export interface GanConfig extends Live {
  seed: number;
  shape: ShapeName;
  /** (points, 2) of a drawing or paste. */
  own: readonly number[];
  noise: Noise;
  noiseSize: 1 | 2;
  /** Hidden layers, 1 to 6, and neurons in each, 1 to 100. */
  layers: Record<Side, number>;
  neurons: Record<Side, number>;
}

export const RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10] as const;
export const OPTIMISERS: readonly OptimiserName[] = ["sgd", "momentum", "adam", "rmsprop"];
export const OPTIMISER_TITLES: Record<OptimiserName, string> = {
  sgd: "SGD",
  momentum: "Momentum",
  adam: "Adam",
  rmsprop: "RMSProp",
};
export const MOST = { layers: 6, neurons: 100, updates: 10 } as const;
export const BATCH = 150;

export const DEFAULT: GanConfig = {
  seed: 1,
  shape: "ring",
  own: [],
  noise: "uniform",
  noiseSize: 2,
  layers: { generator: 2, discriminator: 2 },
  neurons: { generator: 16, discriminator: 16 },
  loss: "log",
  updates: { generator: 1, discriminator: 2 },
  optimiser: { generator: "adam", discriminator: "adam" },
  rate: { generator: 0.002, discriminator: 0.01 },
};

/** A sentence about what is wrong with settings from a link or a file, or null. */
export function mistake(config: GanConfig): string | null {
  for (const side of ["generator", "discriminator"] as const) {
    const whole = (value: number, least: number, most: number) => Number.isInteger(value) && value >= least && value <= most;
    if (!whole(config.neurons[side], 1, MOST.neurons))
      return `a layer of the ${side} has 1 to ${MOST.neurons} neurons, not ${config.neurons[side]}: with none, nothing could pass`;
    if (!whole(config.layers[side], 1, MOST.layers))
      return `the ${side} has 1 to ${MOST.layers} hidden layers, not ${config.layers[side]}`;
    if (!whole(config.updates[side], 0, MOST.updates)) return `the ${side} is updated 0 to ${MOST.updates} times an epoch`;
    if (!(config.rate[side] > 0 && config.rate[side] <= 10))
      return `a learning rate is between 0 and 10, not ${config.rate[side]}`;
    if (!OPTIMISERS.includes(config.optimiser[side])) return `there is no optimiser named ${config.optimiser[side]}`;
  }
  if (!["log", "least squares"].includes(config.loss)) return `there is no loss named ${config.loss}`;
  if (!["line", "two", "ring", "three", "own"].includes(config.shape)) return `there is no shape named ${config.shape}`;
  if (!["uniform", "gaussian"].includes(config.noise)) return `there is no noise named ${config.noise}`;
  if (config.noiseSize !== 1 && config.noiseSize !== 2) return "noise has one or two dimensions";
  if (!Number.isInteger(config.seed) || config.seed < 0 || config.seed > 0xffffffff) return "a seed is a whole number from 0 on";
  if (config.shape === "own" && (config.own.length < 6 || config.own.some((value) => !(Math.abs(value) <= 1))))
    return "an own shape needs at least three points within the square";
  return null;
}
