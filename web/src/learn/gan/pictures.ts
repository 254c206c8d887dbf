// What do the two networks look like from outside? Samples, scores, a heat map, the bent grid of noise, gradients and divergences.
//
// All pictures use the same noise and the same real samples throughout a run, so that one can follow a dot; training draws anew.
import { sigmoid } from "../engine/activations";
import type { Network, NetworkRecord } from "../engine/network";
import { Random } from "../engine/random";
import { zeros, type Numbers } from "../engine/types";
import type { GanConfig, Side } from "./config";
import { sample } from "./data";
import { CELLS, histogram, jsDivergence, klDivergence } from "./divergence";

export const FAKES = 150;
export const REALS = 450;
/** Points along a side of the grid of noise, and along a line of one-dimensional noise. */
export const GRID = 21;
export const LINE = 161;
/** Gaussian noise is drawn as a grid this many standard deviations to each side. */
export const REACH = 2.5;
/** Samples of each side behind a divergence. */
export const JUDGED = 2000;

type F32 = Float32Array<ArrayBuffer>;
export interface Picture {
  /** (150, 1 or 2) */
  noise: F32;
  /** (450, 2) and D of each */
  real: F32;
  realScores: F32;
  /** (150, 2), D of each, and ∇ₓD(x) at each: the way to a better mark */
  fake: F32;
  fakeScores: F32;
  gradients: F32;
  /** (30, 30): D at cell centres, row by row from the bottom */
  heat: F32;
  /** (21, 21, 2) or (161, 2): where a regular grid of noise goes */
  manifold: F32;
}

export class Pictures {
  readonly chance: { kl: number; js: number };
  readonly #noise: F32;
  readonly #real: F32;
  readonly #cells: F32;
  readonly #grid: F32;
  readonly #judgedNoise: F32;
  readonly #judged: Float64Array<ArrayBuffer>;
  readonly #records: Record<"fake" | "manifold" | "judged" | "onFake" | "onReal" | "onCells", NetworkRecord>;

  constructor(
    config: GanConfig,
    private readonly networks: Record<Side, Network>,
  ) {
    const { noise, noiseSize, shape, own, seed } = config;
    const random = new Random(seed + 2);
    const draw = (n: number) =>
      Float32Array.from({ length: n * noiseSize }, () => (noise === "uniform" ? random.uniform(-1, 1) : random.normal()));
    this.#noise = draw(FAKES);
    this.#real = sample(shape, REALS, random, own);
    this.#judgedNoise = draw(JUDGED);
    this.#judged = histogram(sample(shape, JUDGED, random, own));
    const again = histogram(sample(shape, JUDGED, random, own));
    this.chance = { kl: klDivergence(this.#judged, again), js: jsDivergence(this.#judged, again) };
    this.#cells = new Float32Array(2 * CELLS * CELLS);
    for (let i = 0; i < CELLS * CELLS; i += 1) {
      this.#cells[2 * i] = centre(i % CELLS);
      this.#cells[2 * i + 1] = centre(Math.floor(i / CELLS));
    }
    this.#grid = noiseGrid(noise, noiseSize);
    const { generator, discriminator } = networks;
    this.#records = {
      fake: generator.record(FAKES),
      manifold: generator.record(this.#grid.length / noiseSize),
      judged: generator.record(JUDGED),
      onFake: discriminator.record(FAKES),
      onReal: discriminator.record(REALS),
      onCells: discriminator.record(CELLS * CELLS),
    };
  }

  draw(): Picture {
    const { generator, discriminator } = this.networks;
    const r = this.#records;
    const fake = generator.forward(this.#noise, r.fake).y;
    const fakeScores = scores(discriminator.forward(fake, r.onFake).y);
    const slopes = zeros(FAKES);
    for (let i = 0; i < FAKES; i += 1) slopes[i] = fakeScores[i] * (1 - fakeScores[i]);
    discriminator.backward(r.onFake, slopes, "input");
    return {
      noise: this.#noise.slice(),
      real: this.#real.slice(),
      realScores: scores(discriminator.forward(this.#real, r.onReal).y),
      fake: fake.slice() as F32,
      fakeScores,
      gradients: r.onFake.dx.slice() as F32,
      heat: scores(discriminator.forward(this.#cells, r.onCells).y),
      manifold: generator.forward(this.#grid, r.manifold).y.slice() as F32,
    };
  }

  divergences(): { kl: number; js: number } {
    const fakes = histogram(this.networks.generator.forward(this.#judgedNoise, this.#records.judged).y);
    return { kl: klDivergence(this.#judged, fakes), js: jsDivergence(this.#judged, fakes) };
  }
}

const centre = (cell: number) => ((cell + 0.5) / CELLS) * 2 - 1;

function scores(logits: Numbers): F32 {
  return Float32Array.from(logits, sigmoid);
}

/** A regular grid over the noise: from −1 to 1 if uniform, ± REACH if Gaussian. (GRID², 2) or (LINE, 1). */
export function noiseGrid(noise: "uniform" | "gaussian", size: 1 | 2): F32 {
  const reach = noise === "uniform" ? 1 : REACH;
  if (size === 1) return Float32Array.from({ length: LINE }, (_, i) => reach * ((2 * i) / (LINE - 1) - 1));
  const grid = new Float32Array(2 * GRID * GRID);
  for (let i = 0; i < GRID * GRID; i += 1) {
    grid[2 * i] = reach * ((2 * (i % GRID)) / (GRID - 1) - 1);
    grid[2 * i + 1] = reach * ((2 * Math.floor(i / GRID)) / (GRID - 1) - 1);
  }
  return grid;
}
