// The case as an open page knows it: its card, its data version, its edits and jobs, kept fresh by the host's news.
import { Coordinator } from "@uwdata/mosaic-core";
import type { Host, Link } from "./host";
import { columnTypes } from "./filter";
import { Media } from "./media";
import { Picks } from "./selection.svelte";
import { SharedSelection } from "./sharing";
import { Latest, Queue } from "./turns";
import type {
  CaseInfo,
  ColumnInfo,
  EditAnswer,
  EditRequest,
  InstanceDetail,
  Job,
  ModelInfo,
  PersonInfo,
  ServerEvent,
} from "./wire";

const SILENT = { debug() {}, info() {}, log() {}, warn() {}, error() {}, group() {}, groupCollapsed() {}, groupEnd() {} };

/** What the pointer or the keyboard is on, so that every view can outline the same thing. */
export interface Hover {
  source: object;
  row?: number;
  values?: Record<string, string | number | null>;
  text?: string;
}

const SIGNATURE = "underglass.author";

export class Case {
  info = $state.raw<CaseInfo>() as CaseInfo;
  link = $state<Link>("connected");
  jobs = $state.raw<Job[]>([]);
  /** Who has the case open, whoever is at this page included. */
  people = $state.raw<PersonInfo[]>([]);
  /** The instance in the side panel. */
  opened = $state<number | null>(null);
  detail = $state.raw<InstanceDetail | null>(null);
  /** The layer that neighbours and unit strips refer to. */
  layer = $state<string | null>(null);
  hover = $state.raw<Hover | null>(null);
  /** What the last action did, for the polite live region and the toast. */
  said = $state.raw<{ text: string; undoable: boolean; wrong: boolean; serial: number } | null>(null);
  /** Edits, undos and redos of this page that are on their way: what was said last is not the last change then. */
  changing = $state(0);
  /** Who edits from this page; null while it is whoever the server says. */
  signature = $state<string | null>(stored());
  /** Why the case can be asked no more, where Python has closed it. */
  ended = $state<string | null>(null);
  /** Who wants to hear what stock widgets send, and when the link is there again. */
  readonly widgetNews = new Set<(event: ServerEvent) => void>();
  readonly picks: Picks;
  readonly shared: SharedSelection;
  readonly coordinator: Coordinator;
  readonly media: Media;
  #serial = 0;
  #stop: (() => void) | null = null;
  #shownVersion = -1;
  /** Whether the server shows another case by now, so that this one can no longer be asked. */
  replaced = $state(false);
  #session: string | undefined;
  readonly #coming = new Set<Promise<unknown>>();
  #refreshing = false;
  #refreshAgain = false;
  #cardsAsked = 0;
  #cardTaken = 0;
  readonly #jobLists = new Latest();
  readonly #opens = new Latest();
  readonly #renewals = new Latest();
  readonly #changes = new Queue();
  /** What news has told of jobs since their list was asked for: it is newer than the list, whichever comes first. */
  #jobNews: Job[] = [];

  constructor(
    readonly host: Host,
    info: CaseInfo,
  ) {
    this.info = info;
    this.#shownVersion = info.version;
    this.layer = info.models[0]?.layers.findLast((layer) => layer.captured)?.name ?? null;
    this.coordinator = new Coordinator(host.connector, {
      logger: SILENT as unknown as Console,
      consolidate: false,
      preagg: { enabled: info.preaggregate, schema: `pre_${info.version}` },
    });
    this.media = new Media(host);
    this.picks = new Picks(() => this.vocabulary);
    this.shared = new SharedSelection(this.picks, host);
  }

  static async open(host: Host): Promise<Case> {
    return new Case(host, await host.caseInfo(stored()));
  }

  /** Follow the host's news until `close`. */
  follow(): void {
    this.#stop?.();
    this.#stop = this.host.listen(
      (event) => {
        if (event.type === "case" || (event.case !== undefined && event.case !== this.info.id)) this.replaced = true;
        if (this.replaced) return;
        if (event.type === "closed") this.ended = "The case was closed in Python: open it again, and show this view again.";
        else if (event.type === "hello") this.ended = null;
        if (event.type === "problem" && event.text) this.say(event.text, { wrong: true });
        const another = event.type === "hello" && this.#isAnotherServer(event.session);
        if (event.type === "hello") this.shared.greet(event.selection, another);
        else if (event.selection) this.shared.take(event.selection);
        if (event.listening || (event.type === "hello" && this.host.sharesSelection))
          this.shared.begin(another && !event.selection);
        if (another) void this.refresh(true);
        if (event.type === "widget" || event.type === "hello") for (const heard of this.widgetNews) heard(event);
        if (event.widget && !this.info.widgets.includes(event.widget)) this.#refreshSoon();
        if (event.type === "people") this.people = event.people ?? [];
        if (event.type === "job" && event.job) this.#onJob(event.job);
        else if (event.version !== undefined && event.version !== this.info.version) this.#refreshSoon();
        if (event.type === "hello") void this.#loadJobs();
      },
      (link) => {
        const back = this.link === "lost" && link === "connected";
        this.link = link;
        if (back) void this.refresh();
      },
      this.signature,
    );
    void this.#loadJobs();
  }

  close(): void {
    this.#stop?.();
    this.shared.stop();
    this.coordinator.clear();
  }

  /** Resolves when every view has its answers and has drawn them, and Python has heard what is picked. */
  async settled(): Promise<void> {
    let before: Promise<unknown>[] = [];
    for (;;) {
      const now = [this.shared.telling, ...this.#coming, ...[...this.coordinator.clients].map((client) => client.pending)];
      if (now.length === before.length && now.every((pending, i) => pending === before[i])) return;
      await Promise.allSettled(now);
      await new Promise((resolve) => setTimeout(resolve));
      before = now;
    }
  }

  /** A view that is being fetched: until it is here it has not drawn. */
  coming<T>(view: Promise<T>): Promise<T> {
    this.#coming.add(view);
    const gone = () => void this.#coming.delete(view);
    view.then(gone, gone);
    return view;
  }

  /** A server started anew counts its versions anew, so that equal numbers say nothing. */
  #isAnotherServer(session: string | undefined): boolean {
    const another = this.#session !== undefined && session !== this.#session;
    this.#session = session;
    return another;
  }

  /** Puts another model's columns in place of the active one's, where a tile shows that model; else absent. */
  readonly rename?: <T>(query: T, filter: unknown) => T;

  /** This case, also where a tile shows only a part of it. */
  get whole(): Case {
    return this;
  }

  /** The data version, which what must be asked anew depends on: the card itself is another object after every news. */
  readonly version = $derived.by(() => this.info.version);

  get model(): ModelInfo | undefined {
    return this.info.models.find((model) => model.name === this.info.model) ?? this.info.models[0];
  }

  column(name: string): ColumnInfo | undefined {
    return this.info.columns.find((column) => column.name === name);
  }

  /** What a typed filter can speak of. */
  get vocabulary() {
    return {
      columns: columnTypes(this.info.columns),
      subsets: new Map(this.info.subsets.map((subset) => [subset.name, subset.table])),
    };
  }

  /** Why Python cannot be asked, or null. */
  get cannotCompute(): string | null {
    return this.host.can.compute ? null : this.host.can.reason;
  }

  /** Why whoever is at this page may not start work, or null. */
  get cannotStart(): string | null {
    if (this.cannotCompute !== null || this.info.role === "owner") return this.cannotCompute;
    return `Only the owner of this case starts work on it; you are here as ${this.info.role}.`;
  }

  /** Why whoever is at this page may not edit, or null. */
  get cannotEdit(): string | null {
    return this.info.role === "viewer" ? "You may look at this case, but not change it." : null;
  }

  /** Fetch the card anew and make every view ask again, so that none shows an old number. */
  async refresh(anew = false): Promise<void> {
    const asked = ++this.#cardsAsked;
    const info = await this.host.caseInfo(this.signature);
    if (asked < this.#cardTaken && !anew) return; // a card asked for later came first
    this.#cardTaken = Math.max(asked, this.#cardTaken);
    const moved = anew || info.version !== this.#shownVersion;
    if (info.id !== this.info.id) this.replaced = true;
    if (this.replaced) return;
    this.info = info;
    if (!moved) return;
    this.#shownVersion = info.version;
    this.coordinator.preaggregator.clear();
    this.coordinator.preaggregator.schema = `pre_${info.version}`;
    this.#forgetAnswers();
    this.picks.renew();
    for (const client of this.coordinator.clients) void client.requestQuery();
    if (this.opened !== null) void this.open(this.opened);
  }

  /** No answer to what was asked until now serves for what is asked from now on. */
  #forgetAnswers(): void {
    const counts = this.#renewals.begin();
    const { manager } = this.coordinator;
    const { inflight } = manager as unknown as { inflight: Map<string, Promise<unknown>> };
    inflight.clear();
    manager.cache(false); // an answer is kept when it comes, whenever it was asked for
    void Promise.allSettled(manager.pendingResults).then(() => counts() && manager.cache(true));
  }

  /** Show an instance in the side panel. */
  async open(row: number | null): Promise<void> {
    const counts = this.#opens.begin();
    this.opened = row;
    if (row === null) {
      this.detail = null;
      return;
    }
    try {
      const detail = await this.host.instance(row, this.layer);
      if (counts()) this.detail = detail;
    } catch (error) {
      if (counts()) this.say(message(error), { wrong: true });
    }
  }

  /** Make another captured model the active one: bare prediction and confidence are then its. */
  async useModel(name: string): Promise<void> {
    try {
      await this.host.useModel(name);
      await this.refresh();
    } catch (error) {
      this.say(message(error), { wrong: true });
    }
  }

  async edit(request: EditRequest): Promise<EditAnswer | null> {
    return this.#change(() => this.host.edit(this.signed(request)), true);
  }

  async undo(): Promise<EditAnswer | null> {
    return this.#change(() => this.host.undo(this.signature), false);
  }

  async redo(): Promise<EditAnswer | null> {
    return this.#change(() => this.host.redo(this.signature), false);
  }

  /** Who signs the edits of this page. */
  get author(): string {
    return this.info.signs_as ?? this.signature ?? this.info.author;
  }

  /** Sign the edits of this page with a name from now on; it is kept in this browser. */
  async sign(name: string): Promise<void> {
    const text = name.trim();
    if (!text) throw new Error("an author needs a name");
    if (this.info.signs_as !== null)
      throw new Error(`You came in as ${this.info.signs_as}: what you do is signed with that name.`);
    this.signature = text;
    try {
      localStorage.setItem(SIGNATURE, text);
    } catch {
      // storage may be refused in a sandboxed frame: the name then lasts as long as the page
    }
    await this.refresh();
    if (this.#stop) this.follow();
  }

  /** A request with the name that this page signs with. */
  signed(request: EditRequest): EditRequest {
    return this.signature === null ? request : { ...request, author: this.signature };
  }

  /** Say something to the person; it is read aloud too. */
  say(text: string, { undoable = false, wrong = false } = {}): void {
    this.said = { text, undoable, wrong, serial: ++this.#serial };
  }

  /** Refresh once for any number of news that come while one is on its way. */
  #refreshSoon(): void {
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return;
    }
    this.#refreshing = true;
    void this.refresh()
      .catch(() => undefined) // the link's own state says that the host is away
      .finally(() => {
        this.#refreshing = false;
        if (!this.#refreshAgain) return;
        this.#refreshAgain = false;
        this.#refreshSoon();
      });
  }

  async #change(ask: () => Promise<EditAnswer>, undoable: boolean): Promise<EditAnswer | null> {
    if (this.cannotEdit) {
      this.say(this.cannotEdit, { wrong: true });
      return null;
    }
    this.changing += 1;
    return this.#changes.do(async () => {
      try {
        if (this.replaced) return null; // the server would do it in another case
        const answer = await ask();
        await this.refresh();
        this.say(answer.summary, { undoable });
        return answer;
      } catch (error) {
        this.say(message(error), { wrong: true });
        return null;
      } finally {
        this.changing -= 1;
      }
    });
  }

  async #loadJobs(): Promise<void> {
    const counts = this.#jobLists.begin();
    this.#jobNews = [];
    let listed: Job[] = [];
    try {
      listed = await this.host.jobs();
    } catch {
      // the link's own state says that the host is away
    }
    if (counts()) this.jobs = this.#jobNews.reduce(withJob, listed);
  }

  #onJob(job: Job): void {
    this.#jobNews = withJob(this.#jobNews, job);
    this.jobs = withJob(this.jobs, job);
    if (job.state === "done") void this.refresh();
  }
}

function withJob(jobs: Job[], job: Job): Job[] {
  return [...jobs.filter((other) => other.id !== job.id), job];
}

function stored(): string | null {
  try {
    return localStorage.getItem(SIGNATURE);
  } catch {
    return null; // as above
  }
}

/** The message of anything that was thrown. */
export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
