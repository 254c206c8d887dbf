// What does the page know of the run? Its settings, the last frame, the phase that is shown; all training is in the worker.
import { Latest, Queue } from "../../runtime/turns";
import { Remote } from "../engine/remote";
import { given, writeAddress } from "../shell/given";
import { formatLink, LINK_VERSION, parseLink } from "../shell/link";
import { fromWords, toWords } from "./address";
import { CELLS } from "./cells";
import { DEFAULT, mistake, type Live, type RnnConfig } from "./config";
import { sequences, type DataName } from "./data";
import { trainedState, type TrainedName } from "./trained";
import type { RnnFrame, RnnState, Walk } from "./trainer";
import { duration, ticks, type Tick } from "./ticks";
import RnnWorker from "./worker?worker&inline";

export type Phase = "rest" | "forward" | "validation" | "backward";
/** Times the usual speed; the last trains as fast as it goes, without phases. */
export const SPEEDS = [0.5, 1, 2, 4, 8, Infinity] as const;
/** An epoch at speed 1, in milliseconds, by phase. */
const LASTS: Record<Exclude<Phase, "rest">, number> = { forward: 1200, validation: 1200, backward: 1200 };
/** On a slow machine a phase takes longer rather than skip a layer: no frame counts for more milliseconds than these. */
const LONGEST_FRAME = 50;
/** A frame of training at full speed may take this long, in milliseconds. */
const BUDGET = 40;
const MOST_EPOCHS = 2000;
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class Session {
  config = $state<RnnConfig>(structuredClone(DEFAULT));
  frame = $state.raw<RnnFrame | null>(null);
  playing = $state(false);
  speed = $state<number>(2);
  phase = $state<Phase>("rest");
  /** How far the phase is, 0 to 1. */
  share = $state(1);
  /** The layer whose cell is open, or null for the overview. */
  opened = $state<number | null>(null);
  walk = $state.raw<Walk | null>(null);
  /** Place in the walk. */
  at = $state(0);
  /** The unit whose numbers are written out. */
  unit = $state(0);
  notice = $state<string | null>(null);
  error = $state<string | null>(null);
  trained = $state<{ name: TrainedName; epochs: 10 | 20 } | null>(null);
  /** Weights that came from Python or a file: reset returns to them. */
  origin = $state.raw<RnnState | null>(null);
  #remote = new Remote<Live, RnnFrame, RnnState>(() => new RnnWorker());
  #run = 0;
  /** Looks into cells and steps inside them. */
  readonly #inside = new Queue();
  readonly #looks = new Latest();
  #alive = true;
  #written = 0;

  get data() {
    return sequences(this.config);
  }
  get ticks(): Tick[] {
    const { frame } = this;
    return frame ? ticks(CELLS[this.config.cell], frame.window, frame.sample.said.length) : [];
  }

  // ---- starting -----------------------------------------------------------------------------------------------------------

  async open(hash: string): Promise<void> {
    const { version, values } = parseLink(hash);
    const python = Object.keys(values).length || version !== null ? null : given("rnn");
    if (python?.state) return this.take(python.state as RnnState, python.said ?? "");
    const { config, wrong } = fromWords(values);
    const said: string[] = [];
    if (version !== null && version !== LINK_VERSION)
      said.push(
        `This link was made by another version (${Number.isNaN(version) ? "unknown" : version}); what is known here was taken.`,
      );
    if (wrong.length) said.push(`Left out of the link: ${wrong.join("; ")}.`);
    this.notice = said.length ? said.join(" ") : null;
    this.config = config;
    this.origin = null;
    this.pause();
    const run = this.#run;
    await this.#begin();
    const epochs = Math.min(MOST_EPOCHS, Math.floor(Number(values.epoch ?? 0)));
    while (this.#alive && run === this.#run && this.frame && this.frame.epoch < epochs && !this.frame.diverged)
      await this.#take(() => this.#remote.step("epoch", Math.min(20, epochs - this.frame!.epoch), 200));
    if (run !== this.#run) return;
    const layer = Number(values.layer ?? 0);
    if (layer >= 1 && layer <= this.config.layers) await this.look(layer - 1);
  }

  /** Begin anew with the settings as they are, or with the weights that were given. */
  async reset(): Promise<void> {
    this.pause();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    this.trained = null;
    const config = $state.snapshot(this.config) as RnnConfig;
    const { origin } = this;
    await this.#take(() => this.#remote.start("rnn", origin?.config ?? config, origin ?? undefined));
    if (origin) this.config = structuredClone(origin.config);
    if (this.opened !== null && this.opened >= this.config.layers) this.#close();
    if (this.opened !== null) await this.#look(this.opened);
  }

  async choose(data: DataName, own: Partial<RnnConfig> = {}): Promise<void> {
    this.origin = null;
    await this.setStructure({ data, alphabet: null, head: "tanh", ...own });
  }

  async use(config: RnnConfig): Promise<void> {
    this.origin = null;
    this.config = structuredClone(config);
    this.#close();
    await this.reset();
  }

  /** A state that was trained beforehand, at once. */
  async show(name: TrainedName, epochs: 10 | 20): Promise<void> {
    const state = trainedState(name, epochs);
    this.#close();
    this.origin = null;
    await this.#load(state);
    this.trained = { name, epochs };
  }

  // ---- training -----------------------------------------------------------------------------------------------------------

  async #take(ask: () => Promise<RnnFrame>): Promise<void> {
    try {
      const frame = await ask();
      if (!this.#alive) return;
      this.frame = frame;
      this.error = null;
      if (frame.diverged) this.pause();
      this.#writeAddress();
    } catch (error) {
      if (this.#alive) this.error = error instanceof Error ? error.message : String(error);
      this.playing = false;
    }
  }

  /** Let a phase run its time; false if somebody stopped it. */
  #pass(phase: Exclude<Phase, "rest">, run: number): Promise<boolean> {
    this.phase = phase;
    this.share = 0;
    const lasts = still() ? 120 : LASTS[phase];
    return new Promise((resolve) => {
      let before = performance.now();
      const move = () => {
        if (run !== this.#run || !this.#alive) return resolve(false);
        const now = performance.now();
        if (this.speed === Infinity) this.share = 1;
        else this.share = Math.min(1, this.share + (Math.min(now - before, LONGEST_FRAME) * this.speed) / lasts);
        before = now;
        if (this.share < 1) requestAnimationFrame(move);
        else resolve(true);
      };
      move();
    });
  }

  /** One epoch with its three phases shown: what is seen going forward are the weights as they are; backward, what they owe. */
  async #epoch(run: number): Promise<boolean> {
    for (const phase of ["forward", "validation", "backward"] as const) if (!(await this.#pass(phase, run))) return false;
    await this.#take(() => this.#remote.step("epoch", 1));
    this.trained = null;
    return run === this.#run;
  }

  async play(): Promise<void> {
    const run = ++this.#run;
    this.playing = true;
    if (this.opened !== null) return this.#playWalk(run);
    while (this.playing && run === this.#run && this.#alive) {
      if (this.speed === Infinity) {
        this.#rest();
        await this.#take(() => this.#remote.step("epoch", 4, BUDGET));
        this.trained = null;
        await new Promise(requestAnimationFrame);
      } else if (!(await this.#epoch(run))) return;
    }
    if (run === this.#run) this.#rest();
  }

  pause(): void {
    this.#run += 1;
    this.playing = false;
    this.#rest();
  }

  #rest(): void {
    this.phase = "rest";
    this.share = 1;
  }

  /** Exactly one epoch, phases and all; or one tick of the walk through a cell. */
  async step(): Promise<void> {
    const run = ++this.#run;
    this.playing = false;
    if (this.opened !== null) {
      await this.#tick();
      return;
    }
    this.playing = true;
    if (this.speed === Infinity) await this.#take(() => this.#remote.step("epoch", 1));
    else await this.#epoch(run);
    this.trained = null;
    if (run !== this.#run) return;
    this.playing = false;
    this.#rest();
  }

  // ---- inside a cell ------------------------------------------------------------------------------------------------------

  look(layer: number): Promise<void> {
    this.pause();
    return this.#look(layer);
  }

  #look(layer: number): Promise<void> {
    const newest = this.#looks.begin();
    return this.#inside.do(() => this.#walk(layer, newest));
  }

  /** Begin the walk through a layer's cell, if it counts when it is there. */
  async #walk(layer: number, counts: () => boolean): Promise<void> {
    try {
      const walk = await this.#remote.ask<Walk>("walk", layer);
      if (!counts()) return;
      this.walk = walk;
      this.at = 0;
      this.unit = Math.min(this.unit, this.config.units - 1);
      this.opened = layer;
      this.#writeAddress();
    } catch (error) {
      if (counts()) this.error = error instanceof Error ? error.message : String(error);
    }
  }

  leave(): void {
    this.pause();
    this.#close();
    this.#writeAddress();
  }

  /** Back in the overview; a look that is on its way does not come back. */
  #close(): void {
    this.#looks.forget();
    this.opened = null;
    this.walk = null;
  }

  goTo(at: number): void {
    this.pause();
    this.at = Math.max(0, Math.min(this.ticks.length - 1, at));
  }

  /** On by one; after the last, one real epoch is trained and another sample walks. */
  #tick(): Promise<void> {
    return this.#inside.do(async () => {
      const layer = this.opened;
      if (layer === null) return;
      if (this.at < this.ticks.length - 1) {
        this.at += 1;
        return;
      }
      await this.#take(() => this.#remote.step("epoch", 1));
      this.trained = null;
      const counts = () => this.opened === layer;
      if (counts() && !this.frame?.diverged) await this.#walk(layer, counts);
    });
  }

  async #playWalk(run: number): Promise<void> {
    while (this.playing && run === this.#run && this.#alive && this.opened !== null) {
      const speed = this.speed === Infinity ? 16 : this.speed;
      await new Promise((resolve) => setTimeout(resolve, duration(this.ticks[this.at]) / speed));
      if (run !== this.#run || !this.#alive) return;
      await this.#tick();
    }
  }

  // ---- settings -----------------------------------------------------------------------------------------------------------

  /** Acts with the next epoch. */
  async setLive(change: Partial<Live>): Promise<void> {
    const wrong = mistake({ ...($state.snapshot(this.config) as RnnConfig), ...change });
    if (wrong) {
      this.notice = `Not taken: ${wrong}.`;
      return;
    }
    Object.assign(this.config, change);
    await this.#take(() => this.#remote.set(change));
    if (this.opened !== null && "noise" in change) await this.look(this.opened);
  }

  /** Acts at once by beginning a new run; one that was playing plays on. */
  async setStructure(change: Partial<RnnConfig>): Promise<void> {
    const wanted = { ...($state.snapshot(this.config) as RnnConfig), ...change };
    const wrong = mistake(wanted);
    if (wrong) {
      this.notice = `Not taken: ${wrong}.`;
      return;
    }
    const wasPlaying = this.playing && this.opened === null;
    this.origin = null;
    Object.assign(this.config, change);
    await this.reset();
    if (wasPlaying) void this.play();
  }

  /** After numbers ran away or a network fails: the best epoch that was kept, with the usual learning rate. */
  async recover(): Promise<void> {
    this.pause();
    await this.#take(async () => this.#remote.ask<RnnFrame>("return", await this.#remote.ask<number>("best")));
    await this.setLive({ rate: DEFAULT.rate });
  }

  // ---- keeping ------------------------------------------------------------------------------------------------------------

  state(): Promise<RnnState> {
    return this.#remote.state();
  }

  async #load(state: RnnState): Promise<void> {
    this.pause();
    const frame = await this.#remote.start("rnn", state.config, state);
    this.trained = null;
    this.config = structuredClone(state.config);
    await this.#take(() => Promise.resolve(frame));
  }

  /** A state from a file or from Python; a wrong one is named and changes nothing. */
  async take(found: RnnState, said = `Loaded: epoch ${found?.epoch}.`): Promise<void> {
    try {
      if (found?.format !== "underglass.rnn") throw new Error("it is no saved run of exploRNN");
      if (found.version !== 1) throw new Error(`it was saved by another version (${String(found.version)}); this one reads 1`);
      const state = { ...found, config: { ...structuredClone(DEFAULT), ...found.config } };
      const wrong = mistake(state.config);
      if (wrong) throw new Error(wrong);
      await this.#load(state);
      this.origin = state;
      this.#close();
      this.notice = said || null;
    } catch (error) {
      this.notice = `The file was not loaded: ${error instanceof Error ? error.message : String(error)}.`;
      if (!this.frame) await this.reset();
    }
  }

  async load(text: string): Promise<void> {
    let found: RnnState;
    try {
      found = JSON.parse(text) as RnnState;
    } catch {
      this.notice = "The file was not loaded: it is no JSON.";
      return;
    }
    await this.take(found);
  }

  #writeAddress(): void {
    const now = performance.now();
    if (this.playing && now - this.#written < 1000) return;
    this.#written = now;
    if (this.origin) return; // weights do not fit into an address: what Save writes holds them
    const words = toWords($state.snapshot(this.config) as RnnConfig);
    const { frame } = this;
    if (frame && frame.epoch > 0 && frame.pristine && frame.epoch <= MOST_EPOCHS) words.epoch = String(frame.epoch);
    if (this.opened !== null) words.layer = String(this.opened + 1);
    writeAddress(formatLink("rnn", words));
  }

  destroy(): void {
    this.#alive = false;
    this.pause();
    this.#remote.destroy();
  }
}
