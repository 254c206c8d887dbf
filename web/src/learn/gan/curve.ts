// How did the numbers go? Points along the epochs; when they grow too many, every second one goes.
const MOST = 400;

export interface Point {
  epoch: number;
  generator: number | null;
  discriminator: number | null;
  kl: number;
  js: number;
}

export class Curve {
  points: Point[] = [];
  #every = 1;

  /** `make` is called only for an epoch that is drawn. */
  add(epoch: number, make: () => Point): void {
    if (epoch % this.#every || this.points.at(-1)?.epoch === epoch) return;
    this.points.push(make());
    if (this.points.length <= MOST) return;
    this.#every *= 2;
    this.points = this.points.filter((point) => point.epoch % this.#every === 0);
  }

  forgetAfter(epoch: number): void {
    this.points = this.points.filter((point) => point.epoch <= epoch);
  }

  nearest(epoch: number): Point | undefined {
    let best: Point | undefined;
    for (const point of this.points) if (!best || Math.abs(point.epoch - epoch) < Math.abs(best.epoch - epoch)) best = point;
    return best;
  }
}
