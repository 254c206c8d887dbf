// A host for stock anywidgets: the model that their modules know (get, set, save_changes, on, off, send), over the case's calls and
// news. The state lives in Python; what a page sets is sent when it says save_changes, and heard by all other pages.
import type { Case } from "../runtime/case.svelte";
import { Latest, Queue } from "../runtime/turns";
import type { ServerEvent } from "../runtime/wire";

type Listener = (...given: any[]) => void;
type State = Record<string, unknown>;
interface Opened {
  state: State;
  module: string;
  style: string | null;
}
interface Message {
  method: string;
  state?: State;
  content?: unknown;
  buffers?: unknown[];
  page?: string;
}

/** Bytes and numbers that plain JSON cannot say, put back; the same marks as underglass.pages.widgets. */
export function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (!value || typeof value !== "object") return value;
  const { $bytes, $number } = value as Record<string, unknown>;
  if (typeof $bytes === "string") {
    const text = atob($bytes);
    return new DataView(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
  }
  if (typeof $number === "string") return Number($number);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unpacked(part)]));
}

export function packed(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const bytes =
      value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return { $bytes: btoa(text) };
  }
  if (Array.isArray(value)) return value.map(packed);
  if (!value || typeof value !== "object") return value === undefined ? null : value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, packed(part)]));
}

/** One per widget and page of the browser, whatever number of tiles shows it. */
export class Model {
  #listeners = new Map<string, Set<Listener>>();
  #changed = new Map<string, unknown>();
  /** What was set or heard since the state was last asked for: it is newer than the answer. */
  #newer = new Set<string>();
  readonly #reloads = new Latest();
  readonly #posts = new Queue();
  readonly #page = `page-${Math.random().toString(36).slice(2)}`;
  readonly widget_manager = {
    get_model: () => Promise.reject(new Error("Widgets inside widgets are not shown here.")),
  };

  constructor(
    readonly study: Case,
    readonly name: string,
    private state: State,
    /** Where the widget's module is, and what to do when the widget has another one. */
    readonly module: string,
    readonly replaced: () => void,
  ) {
    study.widgetNews.add(this.#hear);
  }

  get(key: string): unknown {
    return this.state[key];
  }

  set(key: string, value: unknown): void {
    if (this.state[key] === value) return;
    this.state = { ...this.state, [key]: value };
    this.#changed.set(key, value);
    this.#newer.add(key);
    this.#tell(key, value);
  }

  /** Send what was set; said to the person if the widget refuses it. */
  save_changes(): void {
    if (!this.#changed.size) return;
    const state = Object.fromEntries([...this.#changed].map(([key, value]) => [key, packed(value)]));
    this.#changed.clear();
    this.#send({ method: "update", state });
  }

  on(names: string, listener: Listener): void {
    for (const name of names.split(/\s+/)) {
      const known = this.#listeners.get(name) ?? new Set();
      this.#listeners.set(name, known.add(listener));
    }
  }

  off(names?: string | null, listener?: Listener | null): void {
    for (const name of names ? names.split(/\s+/) : [...this.#listeners.keys()]) {
      if (listener) this.#listeners.get(name)?.delete(listener);
      else this.#listeners.delete(name);
    }
  }

  send(content: unknown, _callbacks?: unknown, buffers: (ArrayBuffer | ArrayBufferView)[] = []): void {
    this.#send({ method: "custom", content: packed(content), buffers: buffers.map(packed) });
  }

  close(): void {
    this.study.widgetNews.delete(this.#hear);
    this.#listeners.clear();
  }

  /** Ask for the state, after all that was sent: what was told while nobody listened, or while the module came, is not known. */
  async reload(): Promise<void> {
    const counts = this.#reloads.begin();
    this.#newer.clear();
    try {
      const opened = await this.#posts.do(() => this.study.host.call<Opened>("pages", "open_widget", { name: this.name }));
      if (!counts()) return;
      if (opened.module !== this.module) return this.replaced();
      this.#take(Object.fromEntries(Object.entries(opened.state).filter(([key]) => !this.#newer.has(key))));
    } catch {
      // the link's own state says that the host is away
    }
  }

  /** One message after the other, so that Python ends with the newest. */
  #send(message: Message): void {
    const send = () => this.study.host.call("pages", "send_widget", { name: this.name, message, page: this.#page });
    this.#posts.do(send).catch((error: unknown) => {
      void this.reload(); // what was refused is not so
      this.study.say(error instanceof Error ? error.message : String(error), { wrong: true });
    });
  }

  #hear = (event: ServerEvent): void => {
    if (event.type === "hello") return void this.reload();
    if (event.widget !== this.name) return;
    const message = event.message as unknown as Message;
    if (message.method === "added") return void this.reload(); // another one has this name now
    if (message.method === "custom") {
      const buffers = (message.buffers ?? []).map(unpacked);
      this.#emit("msg:custom", unpacked(message.content), buffers);
    } else if (message.method === "update" && message.page !== this.#page) {
      const state = message.state ?? {};
      for (const key of Object.keys(state)) this.#newer.add(key);
      this.#take(state);
    }
  };

  #take(state: State): void {
    for (const [key, given] of Object.entries(state)) {
      if (this.#changed.has(key)) continue;
      const value = unpacked(given);
      if (JSON.stringify(packed(value)) === JSON.stringify(packed(this.state[key]))) continue;
      this.state = { ...this.state, [key]: value };
      this.#tell(key, value);
    }
  }

  #tell(key: string, value: unknown): void {
    this.#emit(`change:${key}`, this, value);
    this.#emit("change", this, value);
  }

  #emit(name: string, ...given: unknown[]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(...given);
  }
}

type Cleanup = (() => unknown) | void;
interface Widget {
  initialize?(given: { model: Model; experimental: object; signal: AbortSignal }): Cleanup | Promise<Cleanup>;
  render?(given: { model: Model; el: HTMLElement; experimental: object; signal: AbortSignal }): Cleanup | Promise<Cleanup>;
}

/** Draw a stock anywidget into an element; gives its model and how to remove it. `replaced` is called when its module is another. */
export async function mountWidget(
  study: Case,
  name: string,
  element: HTMLElement,
  replaced: () => void,
): Promise<{ model: Model; destroy(): void }> {
  if (!study.host.module) throw new Error("This host cannot load the modules of widgets. Open the case in the web app.");
  const opened = await study.host.call<Opened>("pages", "open_widget", { name });
  const found = await study.host.module(opened.module);
  const given = found.default ?? found;
  const widget = (typeof given === "function" ? await (given as () => unknown)() : given) as Widget;
  if (typeof widget.render !== "function") throw new Error(`The module of the widget “${name}” has no render().`);
  const model = new Model(study, name, unpacked(opened.state) as State, opened.module, replaced);
  await model.reload();
  const leaving = new AbortController();
  const experimental = { invoke: (command: string, message?: unknown, options?: { buffers?: DataView[]; signal?: AbortSignal }) => invoke(model, command, message, options) }; // prettier-ignore
  const cleanups: Cleanup[] = [];
  const place = document.createElement("div");
  if (opened.style) {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = (await study.host.file?.(opened.style)) ?? new URL(opened.style, document.baseURI).href;
    place.append(style);
  }
  const el = document.createElement("div");
  place.append(el);
  element.append(place);
  try {
    cleanups.push(await widget.initialize?.({ model, experimental, signal: leaving.signal }));
    cleanups.push(await widget.render({ model, el, experimental, signal: leaving.signal }));
  } catch (error) {
    model.close();
    place.remove();
    throw new Error(`The widget “${name}” failed: ${error instanceof Error ? error.message : error}`);
  }
  return {
    model,
    destroy() {
      for (const cleanup of cleanups.reverse()) if (typeof cleanup === "function") void cleanup();
      leaving.abort();
      model.close();
      place.remove();
    },
  };
}

/** anywidget's commands: a message with an id, answered by a message with the same id. */
function invoke(
  model: Model,
  name: string,
  message?: unknown,
  { buffers = [], signal }: { buffers?: DataView[]; signal?: AbortSignal } = {},
) {
  const id = crypto.randomUUID?.() ?? Math.random().toString(36);
  return new Promise<[unknown, DataView[]]>((resolve, reject) => {
    const stop = () => model.off("msg:custom", heard);
    const heard = (content: { id?: string; kind?: string; response?: unknown }, found: DataView[]) => {
      if (content?.id !== id || content.kind !== "anywidget-command-response") return;
      stop();
      resolve([content.response, found]);
    };
    signal?.addEventListener("abort", () => (stop(), reject(signal.reason as Error)), { once: true });
    model.on("msg:custom", heard);
    model.send({ id, kind: "anywidget-command", name, msg: message }, undefined, buffers);
  });
}
