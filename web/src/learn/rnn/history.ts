// What happened before? A curve and states to go back to; both thin out as the epochs grow, and the best state always stays.
const POINTS = 400;
const STATES = 40;

export class History<State, Point extends { epoch: number; error: number }> {
  curve: Point[] = [];
  #states = new Map<number, State>();
  #best: { epoch: number; error: number } | null = null;
  #everyPoint = 1;
  #everyState = 1;

  add(epoch: number, point: Point, state: () => State): void {
    if (epoch % this.#everyPoint === 0 && this.curve.at(-1)?.epoch !== epoch) {
      this.curve.push(point);
      if (this.curve.length > POINTS) {
        this.#everyPoint *= 2;
        this.curve = this.curve.filter((one) => one.epoch % this.#everyPoint === 0);
      }
    }
    const better = Number.isFinite(point.error) && (!this.#best || point.error < this.#best.error);
    if (epoch % this.#everyState && !better) return;
    if (better) {
      // The best so far gives its extra place to the new one.
      if (this.#best && this.#best.epoch % this.#everyState) this.#states.delete(this.#best.epoch);
      this.#best = { epoch, error: point.error };
    }
    this.#states.set(epoch, state());
    if (this.#states.size <= STATES) return;
    this.#everyState *= 2;
    for (const one of [...this.#states.keys()]) if (one % this.#everyState && one !== this.#best?.epoch) this.#states.delete(one);
  }

  get kept(): number[] {
    return [...this.#states.keys()].sort((a, b) => a - b);
  }

  best(): number {
    return this.#best?.epoch ?? 0;
  }

  state(epoch: number): State {
    const found = this.#states.get(epoch);
    if (!found) throw new Error(`epoch ${epoch} was not kept; kept are ${this.kept.join(", ")}`);
    return found;
  }

  /** What came after an epoch is forgotten; a state from elsewhere has no past here. */
  returnTo(epoch: number): void {
    if (!this.#states.has(epoch)) {
      this.#states.clear();
      this.curve = [];
      this.#best = null;
    }
    this.curve = this.curve.filter((point) => point.epoch <= epoch);
    for (const one of [...this.#states.keys()]) if (one > epoch) this.#states.delete(one);
    if (this.#best && this.#best.epoch > epoch) {
      const left = this.curve.filter((point) => this.#states.has(point.epoch));
      this.#best = left.length ? left.reduce((best, one) => (one.error < best.error ? one : best)) : null;
    }
  }
}
