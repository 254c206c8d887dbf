// What does the page know of the run? Its settings, the last frame, and whether it plays; all training is in the worker.
import { Latest } from "../../runtime/turns";
import { Remote } from "../engine/remote";
import { given, writeAddress } from "../shell/given";
import { formatLink, LINK_VERSION, parseLink } from "../shell/link";
import { fromWords, toWords } from "./address";
import { DEFAULT, mistake, type GanConfig, type Live, type Side } from "./config";
import type { ShapeName } from "./data";
import starts from "./starts.json";
import { PHASES, type GanFrame, type GanState, type Step } from "./trainer";
import GanWorker from "./worker?worker&inline";

export type Playing = "no" | "fast" | "slow";
export const SPEEDS = [1, 2, 5, 10, 20, 50] as const;
/** A frame of training may take this long, in milliseconds, before it is drawn. */
const BUDGET = 40;
/** How long a caption of slow motion stands, in milliseconds. */
export const CAPTION = 1250;
/** As far as a link may ask to train on opening. */
const MOST_EPOCHS = 5000;
export const LAYERS = ["heat", "real", "gradients", "fake", "manifold"] as const;
export type LayerName = (typeof LAYERS)[number];

export class Session {
  config = $state<GanConfig>(structuredClone(DEFAULT));
  frame = $state.raw<GanFrame | null>(null);
  playing = $state<Playing>("no");
  speed = $state<number>(5);
  /** An epoch of the past that is looked at, or null. */
  past = $state.raw<GanFrame | null>(null);
  layers = $state<Record<LayerName, boolean>>({ heat: true, real: true, gradients: true, fake: true, manifold: false });
  settingsOpen = $state(false);
  trained = $state(false);
  notice = $state<string | null>(null);
  error = $state<string | null>(null);
  /** A fake that is followed, and where it has been: (n, 2). */
  followed = $state<number | null>(null);
  trail = $state.raw<number[]>([]);
  #remote = new Remote<Live, GanFrame, GanState>(() => new GanWorker());
  #run = 0;
  readonly #looks = new Latest();
  /** The structure that was set before trained networks brought their own. */
  #untrained: GanConfig | null = null;
  #alive = true;

  /** What the pictures show: the past while it is looked at, else now. */
  get shown(): GanFrame | null {
    return this.past ?? this.frame;
  }

  // ---- starting -----------------------------------------------------------------------------------------------------------

  async open(hash: string): Promise<void> {
    let { version, values } = parseLink(hash);
    const python = version === null && !Object.keys(values).length ? given("gan")?.words : undefined;
    if (python) ({ version, values } = parseLink(`#gan?${python}`));
    const { config, wrong } = fromWords(values);
    const said: string[] = [];
    if (version !== null && version !== LINK_VERSION)
      said.push(
        `This link was made by another version (${Number.isNaN(version) ? "unknown" : version}); what is known here was taken.`,
      );
    if (wrong.length) said.push(`Left out of the link: ${wrong.join("; ")}.`);
    this.notice = said.length ? said.join(" ") : null;
    this.config = config;
    this.pause();
    const run = this.#run;
    await this.#begin();
    const epochs = Math.min(MOST_EPOCHS, Math.floor(Number(values.epoch ?? 0)));
    while (this.#alive && run === this.#run && this.frame && this.frame.epoch < epochs && !this.frame.diverged)
      await this.#take(() => this.#remote.step("epoch", Math.min(50, epochs - this.frame!.epoch)));
  }

  /** Begin anew with the settings as they are. */
  async reset(): Promise<void> {
    this.pause();
    await this.#begin();
  }

  async #begin(): Promise<void> {
    this.leavePast();
    this.follow(null);
    const start = this.trained ? (starts as unknown as Record<string, (typeof starts)["two"]>)[this.config.shape] : undefined;
    if (start) Object.assign(this.config, { layers: start.layers, neurons: start.neurons, noise: "uniform", noiseSize: 2 });
    const config = $state.snapshot(this.config) as GanConfig;
    await this.#take(() => this.#remote.start("gan", config, start ? this.#trainedState(config, start) : undefined));
  }

  #trainedState(config: GanConfig, start: (typeof starts)["two"]): GanState {
    const empty = (side: Side) => ({ name: config.optimiser[side], steps: 0, memory: [] });
    return {
      format: "underglass.gan",
      version: 1,
      config,
      epoch: start.epoch,
      pristine: false,
      random: [config.seed, 2, 3, 4],
      generator: start.generator,
      discriminator: start.discriminator,
      optimisers: { generator: empty("generator"), discriminator: empty("discriminator") },
    };
  }

  async choose(shape: ShapeName, own: readonly number[] = this.config.own): Promise<void> {
    this.config.shape = shape;
    this.config.own = [...own];
    if (shape === "own") this.trained = false;
    await this.reset();
  }

  async use(config: GanConfig): Promise<void> {
    this.trained = false;
    this.config = structuredClone(config);
    await this.reset();
  }

  /** Start from trained networks, where there are any for the shape. */
  async setTrained(on: boolean): Promise<void> {
    const trained = on && this.config.shape in starts;
    if (trained && !this.trained) this.#untrained = $state.snapshot(this.config) as GanConfig;
    this.trained = trained;
    if (!trained && this.#untrained) {
      const { layers, neurons, noise, noiseSize } = this.#untrained;
      Object.assign(this.config, { layers, neurons, noise, noiseSize });
      this.#untrained = null;
    }
    await this.reset();
  }

  get canBeTrained(): boolean {
    return this.config.shape in starts;
  }

  // ---- training -----------------------------------------------------------------------------------------------------------

  async #take(ask: () => Promise<GanFrame>): Promise<void> {
    try {
      const frame = await ask();
      if (!this.#alive) return;
      this.frame = frame;
      this.error = null;
      if (this.followed !== null) {
        const [x, y] = [frame.fake[2 * this.followed], frame.fake[2 * this.followed + 1]];
        this.trail = [...this.trail.slice(-800), x, y];
      }
      if (frame.diverged) this.playing = "no";
      this.#writeAddress();
    } catch (error) {
      if (this.#alive) this.error = error instanceof Error ? error.message : String(error);
      this.playing = "no";
    }
  }

  #advance(what: Step, count: number): Promise<void> {
    this.leavePast();
    return this.#take(() => this.#remote.step(what, count, BUDGET));
  }

  async play(): Promise<void> {
    const run = ++this.#run;
    this.playing = "fast";
    while (this.playing === "fast" && run === this.#run && this.#alive) {
      await this.#advance("epoch", this.speed);
      await new Promise(requestAnimationFrame);
    }
  }

  async slow(): Promise<void> {
    const run = ++this.#run;
    this.playing = "slow";
    while (this.playing === "slow" && run === this.#run && this.#alive) {
      await this.#advance("phase", 1);
      await new Promise((resolve) => setTimeout(resolve, CAPTION));
    }
  }

  pause(): void {
    this.#run += 1;
    this.playing = "no";
  }

  async step(what: Step): Promise<void> {
    this.pause();
    await this.#advance(what, 1);
  }

  /** Settings that act at once go to the worker; the others begin a new run. */
  async setLive(change: Partial<Live>): Promise<void> {
    Object.assign(this.config, change);
    await this.#take(() => this.#remote.set($state.snapshot(change) as Partial<Live>));
  }

  async setStructure(change: Partial<GanConfig>): Promise<void> {
    const wanted = { ...($state.snapshot(this.config) as GanConfig), ...change };
    const wrong = mistake(wanted);
    if (wrong) {
      this.notice = `Not taken: ${wrong}.`;
      return;
    }
    this.trained = false;
    Object.assign(this.config, change);
    await this.reset();
  }

  // ---- the past -----------------------------------------------------------------------------------------------------------

  async look(epoch: number): Promise<void> {
    if (!this.frame) return;
    this.pause();
    const near = this.frame.kept.reduce((best, one) => (Math.abs(one - epoch) < Math.abs(best - epoch) ? one : best), 0);
    if (epoch >= this.frame.epoch) {
      this.leavePast();
      return;
    }
    const newest = this.#looks.begin();
    try {
      const past = await this.#remote.ask<GanFrame>("show", near);
      if (newest()) this.past = past;
    } catch (error) {
      if (newest()) this.error = error instanceof Error ? error.message : String(error);
    }
  }

  /** Back to now; a look at the past that is on its way does not come back. */
  leavePast(): void {
    this.#looks.forget();
    this.past = null;
  }

  async goOnFrom(epoch: number): Promise<void> {
    this.leavePast();
    await this.#take(() => this.#remote.ask<GanFrame>("return", epoch));
    const state = await this.#remote.state();
    Object.assign(this.config, {
      rate: state.config.rate,
      updates: state.config.updates,
      loss: state.config.loss,
      optimiser: state.config.optimiser,
    });
  }

  /** After numbers ran away: back to the last good epoch that was kept, with rates that are usual. */
  async recover(): Promise<void> {
    const kept = this.frame?.kept ?? [];
    const before = kept.filter((epoch) => epoch <= Math.max(0, (this.frame?.diverged?.epoch ?? 0) - 1));
    await this.goOnFrom(before.at(-1) ?? 0);
    await this.setLive({ rate: { ...DEFAULT.rate } });
  }

  follow(fake: number | null): void {
    this.followed = fake;
    const frame = this.shown;
    this.trail = fake === null || !frame ? [] : [frame.fake[2 * fake], frame.fake[2 * fake + 1]];
  }

  // ---- keeping ------------------------------------------------------------------------------------------------------------

  state(): Promise<GanState> {
    return this.#remote.state();
  }

  /** A saved run; wrong files are named and change nothing. */
  async load(text: string): Promise<void> {
    try {
      const state = JSON.parse(text) as GanState;
      if (state?.format !== "underglass.gan") throw new Error("it is no saved run of GAN Lab");
      if (state.version !== 1) throw new Error(`it was saved by another version (${String(state.version)}); this one reads 1`);
      const wrong = mistake(state.config);
      if (wrong) throw new Error(wrong);
      this.pause();
      const frame = await this.#remote.start("gan", state.config, state);
      this.trained = false;
      this.leavePast();
      this.config = structuredClone(state.config);
      await this.#take(() => Promise.resolve(frame));
      this.notice = `Loaded: epoch ${state.epoch}.`;
    } catch (error) {
      const why = error instanceof SyntaxError ? "it is no JSON" : error instanceof Error ? error.message : String(error);
      this.notice = `The file was not loaded: ${why}.`;
    }
  }

  #writeAddress(): void {
    const now = performance.now();
    if (this.playing !== "no" && now - this.#written < 1000) return;
    this.#written = now;
    const words = toWords($state.snapshot(this.config) as GanConfig);
    const { frame } = this;
    if (frame && frame.epoch > 0 && frame.pristine && frame.epoch <= MOST_EPOCHS) words.epoch = String(frame.epoch);
    writeAddress(formatLink("gan", words));
  }
  #written = 0;

  destroy(): void {
    this.#alive = false;
    this.pause();
    this.#remote.destroy();
  }
}

export { PHASES };
