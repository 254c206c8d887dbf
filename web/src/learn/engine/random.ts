// Where do random numbers come from? From a seed: the same seed gives the same numbers on every machine.

const TWO_PI = 2 * Math.PI;

/** The place of a generator: four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/**
 * A small generator of good quality (sfc32), seeded through splitmix32.
 *
 * Source: Doty-Humphrey, PractRand 0.93; Steele, Lea and Flood 2014 for the seeding.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 1;

  constructor(seed: number) {
    let s = seed >>> 0;
    const word = () => {
      s = (s + 0x9e3779b9) | 0;
      let t = Math.imul(s ^ (s >>> 16), 0x21f0aaad);
      t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
      return t ^ (t >>> 15);
    };
    this.#a = word();
    this.#b = word();
    this.#c = word();
    for (let i = 0; i < 12; i += 1) this.integer();
  }

  /** 32 random bits, as an unsigned integer. */
  integer(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.integer() / 4294967296);
  }

  /** Normal with mean 0 and standard deviation 1, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.integer() + 1) / 4294967297));
    return radius * Math.cos(TWO_PI * this.uniform());
  }

  /** One of 0 … n − 1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  state(): RandomState {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  restore(state: RandomState): void {
    [this.#a, this.#b, this.#c, this.#d] = state;
  }
}
