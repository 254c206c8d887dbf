// Requests to the kernel over the widgets of one case: any of them carries any request, so that a view lives on when a cell goes.
import { HostError } from "../../runtime/host";
import type { ServerEvent } from "../../runtime/wire";

/** What we use of an anywidget model. */
export interface Model {
  get(name: string): unknown;
  send(content: unknown, callbacks?: unknown, buffers?: (ArrayBuffer | DataView)[]): void;
  on(event: string, callback: (...given: never[]) => void): void;
  off(event: string, callback?: ((...given: never[]) => void) | null): void;
  widget_manager?: unknown;
}
export interface Answer {
  json: unknown;
  bytes: Uint8Array<ArrayBuffer> | null;
  type: string;
}
/** here: it answers; busy: it does not answer now; gone: there is no kernel behind any widget. */
export type Presence = "here" | "busy" | "gone";

interface Open {
  content: Record<string, unknown>;
  model: Model;
  since: number;
  answered: (answer: Answer) => void;
  failed: (error: unknown) => void;
}
interface Said {
  id?: string;
  error?: string;
  status?: number;
  details?: string;
  json?: unknown;
  type?: string;
  news?: ServerEvent;
  serial?: number;
}

export const GONE = "The kernel was started anew or has ended. Run the cell again and the view goes on.";
/** Milliseconds after which an open request makes us ask whether anybody is there, and after which the silence is said. */
const ASK_AFTER = 1_200;
const SILENT_AFTER = 800;
/** A widget whose connection has changed is given this long to answer. */
const LOST_AFTER = 4_000;
const LOOK_EVERY = 300;

export class Pool {
  /** This page's own name. */
  readonly page = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");
  #models: Model[] = [];
  #open = new Map<string, Open>();
  #number = 0;
  #serial = 0;
  #presence: Presence = "gone";
  #asked: number | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly onNews: (event: ServerEvent) => void,
    readonly onPresence: (presence: Presence) => void,
  ) {}

  get presence(): Presence {
    return this.#presence;
  }

  /** Carry requests over this widget from now on. */
  add(model: Model): void {
    if (this.#models.includes(model)) return;
    const heard = (said: Said, buffers: DataView[]) => this.#heard(model, said, buffers);
    model.on("msg:custom", heard as never);
    model.on("comm_live_update", (() => void this.#check(model)) as never);
    for (const end of ["comm:close", "destroy"]) model.on(end, (() => this.remove(model)) as never);
    this.#models.push(model);
    this.#set("here");
  }

  /** Use a widget no longer; what it was asked is asked over another. */
  remove(model: Model): void {
    this.#models = this.#models.filter((other) => other !== model);
    const next = this.#models.at(-1);
    for (const [id, open] of [...this.#open]) {
      if (open.model !== model) continue;
      if (next) this.#send(id, { ...open, model: next });
      else {
        this.#open.delete(id);
        open.failed(new HostError(GONE));
      }
    }
    if (!next) this.#set("gone");
  }

  ask(content: Record<string, unknown>, signal?: AbortSignal, buffers?: ArrayBuffer[]): Promise<Answer> {
    const model = this.#models.at(-1);
    if (!model) return Promise.reject(new HostError(GONE));
    const id = `${this.page}-${++this.#number}`;
    return new Promise((answered, failed) => {
      signal?.addEventListener("abort", () => {
        const open = this.#open.get(id);
        if (!open) return;
        this.#open.delete(id);
        open.model.send({ ask: "abort", id });
        failed(signal.reason);
      });
      this.#send(id, { content, model, since: Date.now(), answered, failed }, buffers);
      this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY);
    });
  }

  #send(id: string, open: Open, buffers?: ArrayBuffer[]): void {
    this.#open.set(id, open);
    try {
      open.model.send({ ...open.content, id }, undefined, buffers);
    } catch {
      this.remove(open.model); // its connection is closed
    }
  }

  #heard(model: Model, said: Said, buffers: DataView[]): void {
    this.#asked = null;
    if (!this.#models.includes(model)) this.#models.unshift(model);
    this.#set("here");
    if (said.news && said.serial !== undefined) {
      if (said.serial <= this.#serial) return;
      this.#serial = said.serial;
      this.onNews(said.news);
    }
    if (said.id === undefined) return;
    const open = this.#open.get(said.id);
    if (!open) return;
    this.#open.delete(said.id);
    if (said.error !== undefined) open.failed(new HostError(said.error, said.status, said.details ?? null));
    else open.answered({ json: said.json, bytes: buffers.length ? copied(buffers[0]) : null, type: said.type ?? "" });
  }

  /** The news are counted anew when a kernel greets this page. */
  greeted(): void {
    this.#serial = 0;
  }

  /** While something is open: a long answer is not silence, so somebody is asked whether they are there. */
  #look(): void {
    const now = Date.now();
    const oldest = Math.min(...[...this.#open.values()].map((open) => open.since));
    if (!this.#open.size) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    } else if (this.#asked !== null) {
      if (now - this.#asked > SILENT_AFTER && this.#models.length) this.#set("busy");
    } else if (now - oldest > ASK_AFTER) {
      this.#asked = now;
      this.#ping(this.#models.at(-1));
    }
  }

  #ping(model: Model | undefined): void {
    try {
      model?.send({ ask: "ping", id: `${this.page}-${++this.#number}` });
    } catch {
      if (model) this.remove(model);
    }
  }

  /** A widget's connection has changed: it counts as lost unless it answers. */
  async #check(model: Model): Promise<void> {
    if (!this.#models.includes(model)) return;
    let there = false;
    const heard = () => (there = true);
    model.on("msg:custom", heard as never);
    this.#ping(model);
    await new Promise((done) => setTimeout(done, LOST_AFTER));
    model.off("msg:custom", heard as never);
    if (!there) this.remove(model);
  }

  #set(presence: Presence): void {
    if (presence === this.#presence) return;
    this.#presence = presence;
    this.onPresence(presence);
  }
}

/** A copy: the values of an Arrow stream are aligned to where it begins. */
function copied(data: DataView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).slice();
}
