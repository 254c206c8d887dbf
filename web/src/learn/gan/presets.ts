// Which settings show something worth seeing? Each is a whole run: settings and a seed.
import { DEFAULT, type GanConfig } from "./config";

export interface Preset {
  name: string;
  title: string;
  text: string;
  config: Partial<GanConfig>;
}

export const PRESETS: readonly Preset[] = [
  { name: "balanced", title: "Balanced", text: "Both learn at a pace the other can follow.", config: {} },
  {
    name: "collapse",
    title: "Mode collapse",
    text: "The generator is updated ten times for each update of the discriminator. It finds one place that passes and puts everything there; the discriminator learns of it, and the whole heap moves on.",
    config: {
      shape: "three",
      updates: { generator: 10, discriminator: 1 },
      rate: { generator: 0.01, discriminator: 0.01 },
    },
  },
  {
    name: "strong",
    title: "Discriminator too strong",
    text: "The discriminator is updated ten times for each update of the generator. It is soon right about everything; where it is sure, its map is flat, and a flat map gives the generator no direction.",
    config: {
      shape: "two",
      updates: { generator: 1, discriminator: 10 },
      rate: { generator: 0.003, discriminator: 0.03 },
      neurons: { generator: 16, discriminator: 20 },
    },
  },
  {
    name: "line",
    title: "One dimension into a ring",
    text: "One-dimensional noise is a thread. The generator can bend it but not widen it, and lays it along the ring.",
    config: { shape: "ring", noiseSize: 1 },
  },
  {
    name: "runaway",
    title: "Learning rate of 10",
    text: "Each update oversteps, the next one more so: the numbers run away.",
    config: { rate: { generator: 10, discriminator: 10 } },
  },
];

export function presetConfig(preset: Preset): GanConfig {
  return { ...structuredClone(DEFAULT), ...structuredClone(preset.config) };
}
