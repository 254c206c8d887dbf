// The state of an audit on the page: what is asked, the groups, which one is pinned and which is hovered.
import { message, type Case } from "../../runtime/case.svelte";
import { Latest } from "../../runtime/turns";
import type { Context, Props } from "../../runtime/view";
import type { ClauseSource } from "@uwdata/mosaic-core";
import {
  unpack,
  type CompareAnswer,
  type Distributions,
  type Group,
  type GroupAnswer,
  type GroupsAnswer,
  type Leak,
  type Making,
  type Measured,
  type Metric,
  type Setup,
  type Spec,
} from "./answers";

export class Audit {
  setup = $state.raw<Setup | null>(null);
  failure = $state<string | null>(null);
  leaks = $state.raw<Leak[]>([]);
  /** What is asked. */
  model = $state<string | null>(null);
  focus = $state<number | null>(null);
  bins = $state.raw<Record<string, number | number[]>>({});
  makings = $state.raw<Making[]>([]);
  past = $state.raw<Making[][]>([]);
  threshold = $state<number | null>(null);
  own = $state.raw<Record<string, number>>({});
  metrics = $state.raw<string[]>([]);
  minSize = $state(0);
  /** What came back. */
  groups = $state.raw<Group[]>([]);
  all = $state.raw<Group | null>(null);
  answer = $state.raw<GroupsAnswer | null>(null);
  working = $state(false);
  /** What the person is on. */
  pinned = $state.raw<Group | null>(null);
  pointed = $state.raw<Group | null>(null);
  held = $state.raw<Group | null>(null);
  compared = $state.raw<CompareAnswer | null>(null);
  /** The groups that `compared` is about: while another answer is on its way, numbers stay under the names they belong to. */
  pair = $state.raw<{ a: Group; b: Group | null } | null>(null);
  readonly hovered = $derived(this.pointed ?? this.held);
  readonly source: ClauseSource = { reset: () => (this.pinned = null) };
  readonly words = $derived(new Map((this.setup?.metrics ?? []).map((metric) => [metric.name, metric])));
  readonly chosen = $derived(this.metrics.flatMap((name) => this.words.get(name) ?? []));
  readonly drawn = $derived(this.groups.filter((group) => group.size >= this.minSize));
  readonly small = $derived(this.groups.filter((group) => group.size < this.minSize));
  readonly #starting = new Latest();
  readonly #counts = new Latest();
  readonly #comparing = new Latest();
  readonly #holding = new Latest();
  #counted = "";
  #started = false;

  constructor(
    readonly study: Case,
    readonly context: Context,
    props: Props,
  ) {
    this.model = typeof props.model === "string" ? props.model : null;
    this.focus = typeof props.focus === "number" ? props.focus : null;
    if (typeof props.threshold === "number") this.threshold = props.threshold;
    if (props.own && typeof props.own === "object") this.own = props.own as Record<string, number>;
    if (Array.isArray(props.makings)) this.makings = props.makings as Making[];
    if (props.bins && typeof props.bins === "object") this.bins = props.bins as Record<string, number | number[]>;
    if (Array.isArray(props.metrics)) this.metrics = props.metrics as string[];
    if (typeof props.min === "number") this.minSize = props.min;
    this.#started = Array.isArray(props.makings);
  }

  get filter() {
    return this.study.picks.filter?.tree ?? null;
  }

  /** What every call is told. */
  get given() {
    return { model: this.model, focus: this.focus, bins: this.bins, filter: this.filter };
  }

  /** What searches depend on: everything but the groups that were made. */
  readonly ground = $derived.by(() => JSON.stringify([this.study.version, this.given, this.threshold]));

  call<T>(name: string, args: Record<string, unknown> = {}): Promise<T> {
    return this.study.host.call<T>("subgroups", name, { audit: this.given, ...args });
  }

  /** Ask anew what there is to audit. */
  async start(): Promise<void> {
    const newest = this.#starting.begin();
    try {
      const setup = await this.call<Setup>("setup");
      if (!newest()) return;
      this.failure = null;
      if (setup.why !== null) {
        this.setup = setup;
        return;
      }
      const before = this.setup;
      this.setup = setup;
      const known = new Set(setup.metrics.map((metric) => metric.name));
      this.metrics = this.metrics.filter((name) => known.has(name));
      if (!this.metrics.length) this.metrics = setup.chosen;
      const names = new Set(setup.features.map((feature) => feature.name));
      if (!this.#started) {
        this.makings = setup.by.length ? [{ by: setup.by.map((feature) => ({ feature, values: null })) }] : [];
        this.minSize = setup.min_size;
        this.#started = true;
      } else this.makings = this.makings.filter((making) => making.by.every(({ feature }) => names.has(feature)));
      if (before && before.model !== setup.model) this.unpin();
      await this.count();
      const leaks = await this.call<Leak[]>("leaks");
      if (newest()) this.leaks = leaks;
    } catch (error) {
      if (newest()) this.failure = message(error);
    }
  }

  /** Whether other groups or thresholds are asked for than were counted last. */
  get moved(): boolean {
    return this.#counted !== this.#counting();
  }

  #counting(): string {
    return JSON.stringify([this.makings, this.threshold, this.own]);
  }

  /** Count the groups anew: after other groups were made, another threshold, an edit. */
  async count(): Promise<void> {
    const newest = this.#counts.begin();
    this.#counted = this.#counting();
    this.working = true;
    try {
      const answer = await this.call<GroupsAnswer>("groups", {
        makings: this.makings,
        threshold: this.threshold,
        own: this.own,
      });
      if (!newest()) return;
      this.answer = answer;
      this.failure = null;
      this.groups = unpack(answer.groups, answer.groups.name, answer.groups.spec, answer.distributions);
      this.all = unpack(answer.all, ["everyone"], [{ values: {} }], answer.all_distributions)[0];
      await this.#renew(newest);
    } catch (error) {
      if (newest()) this.failure = message(error);
    } finally {
      if (newest()) this.working = false;
    }
  }

  /** The pinned and the held group with their numbers of now, unless others were pinned or held meanwhile. */
  async #renew(newest: () => boolean): Promise<void> {
    const { pinned, held } = this;
    const now = async (group: Group | null) => {
      if (!group) return null;
      const made = this.groups.find((other) => other.name === group.name);
      if (made?.spread) return made;
      try {
        return (await this.fetch(group.spec, this.own[group.name] ?? null)).group;
      } catch {
        return null; // a cluster of an earlier search is gone
      }
    };
    const [pinnedNow, heldNow] = await Promise.all([now(pinned), now(held)]);
    if (!newest()) return;
    if (this.pinned === pinned) this.pinned = pinnedNow;
    if (this.held === held) this.held = heldNow;
    if (this.pointed) this.pointed = this.groups.find((other) => other.name === this.pointed?.name) ?? null;
  }

  /** One group with its numbers, and the filter that selects it. */
  async fetch(spec: Spec, own: number | null = null): Promise<{ group: Group; tree: GroupAnswer["tree"] }> {
    const answer = await this.call<GroupAnswer>("group", { group: spec, threshold: this.threshold, own });
    return { group: unpack(answer, [answer.name], [spec], answer.distributions)[0], tree: answer.tree };
  }

  unpacked(measured: Measured, cards: { name: string; spec: Spec }[], distributions: Distributions | null): Group[] {
    return unpack(
      measured,
      cards.map((card) => card.name),
      cards.map((card) => card.spec),
      distributions,
    );
  }

  /** Pin a group and select its instances; pinned again, it is let go. */
  async pin(group: Group): Promise<void> {
    if (this.pinned?.name === group.name) {
      this.unpin();
      return;
    }
    this.pinned = group;
    const { answer } = this;
    try {
      const { group: fresh, tree } = await this.fetch(group.spec, this.own[group.name] ?? null);
      if (this.pinned?.name !== group.name) return;
      if (this.answer === answer) this.pinned = fresh; // else it was counted anew meanwhile
      this.study.picks.pickTree(this.source, tree, fresh.name);
    } catch (error) {
      this.study.say(message(error), { wrong: true });
      if (this.pinned?.name === group.name) this.pinned = null;
    }
  }

  unpin(): void {
    this.pinned = null;
    this.study.picks.drop(this.source);
  }

  /** Keep the hovered group as the second side when the pointer leaves; again, let it go. */
  hold(group: Group | null): void {
    this.#holding.forget();
    this.held = group && this.held?.name === group.name ? null : group;
  }

  /** Keep a group that is not among those counted as the second side. */
  async holdOther(spec: Spec): Promise<void> {
    const newest = this.#holding.begin();
    try {
      const { group } = await this.fetch(spec);
      if (newest()) this.held = group;
    } catch (error) {
      this.study.say(message(error), { wrong: true });
    }
  }

  /** Ask how the pinned and the hovered differ, or the one there is and everyone else. */
  async compare(): Promise<void> {
    const newest = this.#comparing.begin();
    const a = this.pinned ?? this.hovered;
    const b = this.pinned && this.hovered && this.hovered.name !== this.pinned.name ? this.hovered : null;
    if (!a) {
      this.compared = this.pair = null;
      return;
    }
    const own = { a: this.own[a.name], b: b ? this.own[b.name] : undefined };
    try {
      const answer = await this.call<CompareAnswer>("compare", {
        a: a.spec,
        b: b?.spec ?? null,
        threshold: this.threshold,
        own,
      });
      if (newest()) [this.compared, this.pair] = [answer, { a, b }];
    } catch (error) {
      if (!newest()) return;
      this.compared = this.pair = null;
      this.study.say(message(error), { wrong: true });
    }
  }

  /** Other groups; what was before can be had back. */
  make(makings: Making[]): void {
    this.past = [...this.past, this.makings];
    this.makings = makings;
  }

  add(making: Making): void {
    const same = (other: Making) => JSON.stringify(other) === JSON.stringify(making);
    if (!this.makings.some(same)) this.make([...this.makings, making]);
  }

  back(): void {
    const before = this.past.at(-1);
    if (!before) return;
    this.past = this.past.slice(0, -1);
    this.makings = before;
  }

  /** Let all views decide by the thresholds set here: scores of their own, beside the ones they came from. */
  async keep(): Promise<void> {
    try {
      const kept = await this.call<{ name: string; before: string }>("keep_decisions", {
        makings: this.makings,
        threshold: this.threshold,
        own: this.own,
      });
      [this.threshold, this.own, this.model] = [null, {}, null];
      await this.study.refresh();
      this.study.say(`All views decide by “${kept.name}” now. The menu of scores at the top goes back to “${kept.before}”.`);
    } catch (error) {
      this.study.say(message(error), { wrong: true });
    }
  }

  /** Take the decisions shown out of all views: they are set aside, not lost. */
  async setAside(): Promise<void> {
    const name = this.setup!.model;
    await this.#change("set_aside_decisions", name, (now) => `“${name}” is set aside; all views decide by “${now}” again.`);
  }

  async takeBack(name: string): Promise<void> {
    await this.#change("take_back_decisions", name, () => `All views decide by “${name}” again.`);
  }

  async #change(call: string, name: string, words: (now: string) => string): Promise<void> {
    try {
      const { now } = await this.study.host.call<{ now?: string }>("subgroups", call, { name });
      [this.threshold, this.own, this.model] = [null, {}, null];
      await this.study.refresh();
      await this.start();
      this.study.say(words(now ?? name));
    } catch (error) {
      this.study.say(message(error), { wrong: true });
    }
  }

  metric(name: string): Metric | undefined {
    return this.words.get(name);
  }

  /** Keep in the address what another person needs to see the same. */
  remembered(): Props {
    return {
      model: this.model,
      focus: this.focus,
      makings: this.makings,
      threshold: this.threshold,
      own: Object.keys(this.own).length ? this.own : null,
      metrics: this.metrics,
      min: this.minSize,
      bins: Object.keys(this.bins).length ? this.bins : null,
    };
  }
}
