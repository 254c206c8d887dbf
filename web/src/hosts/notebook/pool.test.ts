// Does a request find its answer, whatever happens to widgets and kernel?
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { HostError } from "../../runtime/host";
import { GONE, Pool, type Model, type Presence } from "./pool";

interface Sent {
  ask: string;
  id?: string;
}

/** A widget whose kernel is this test. */
class Widget implements Model {
  sent: Sent[] = [];
  alive = true;
  #listeners = new Map<string, Set<(...given: never[]) => void>>();
  get = () => undefined;
  send(content: unknown) {
    if (!this.alive) throw new Error("Cannot send");
    this.sent.push(content as Sent);
  }
  on(event: string, callback: (...given: never[]) => void) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(callback));
  }
  off(event: string, callback?: ((...given: never[]) => void) | null) {
    if (callback) this.#listeners.get(event)?.delete(callback);
  }
  say(content: object, buffers: DataView[] = []) {
    this.tell("msg:custom", content, buffers);
  }
  tell(event: string, ...given: unknown[]) {
    for (const callback of [...(this.#listeners.get(event) ?? [])]) callback(...(given as never[]));
  }
}

let news: unknown[];
let said: Presence[];
let pool: Pool;
beforeEach(() => {
  vi.useFakeTimers();
  [news, said] = [[], []];
  pool = new Pool(
    (event) => news.push(event),
    (presence) => said.push(presence),
  );
});
afterEach(() => vi.useRealTimers());

it("gives each request its own answer, in whatever order they come", async () => {
  const widget = new Widget();
  pool.add(widget);
  const [first, second] = [pool.ask({ ask: "case" }), pool.ask({ ask: "jobs" })];
  const [a, b] = widget.sent;

  widget.say({ id: b.id, json: "jobs" });
  widget.say({ id: a.id, json: "case" });

  expect((await first).json).toBe("case");
  expect((await second).json).toBe("jobs");
});

it("copies bytes, so that values are aligned to where they begin", async () => {
  const widget = new Widget();
  pool.add(widget);
  const asked = pool.ask({ ask: "query" });
  const held = new Uint8Array([9, 1, 2, 3]);

  widget.say({ id: widget.sent[0].id, json: null }, [new DataView(held.buffer, 1, 3)]);

  const { bytes } = await asked;
  expect([...bytes!]).toEqual([1, 2, 3]);
  expect(bytes!.byteOffset).toBe(0);
});

it("passes an error on with its message and number", async () => {
  const widget = new Widget();
  pool.add(widget);
  const asked = pool.ask({ ask: "query" });
  widget.say({ id: widget.sent[0].id, error: "no", status: 409, details: "why" });

  await expect(asked).rejects.toMatchObject({ message: "no", status: 409, details: "why" } satisfies Partial<HostError>);
});

it("ends a request that nobody waits for", async () => {
  const widget = new Widget();
  pool.add(widget);
  const stop = new AbortController();
  const asked = pool.ask({ ask: "call" }, stop.signal);
  stop.abort();

  await expect(asked).rejects.toThrow("abort");
  expect(widget.sent[1]).toEqual({ ask: "abort", id: widget.sent[0].id });
  widget.say({ id: widget.sent[0].id, json: 1 });
});

it("asks another widget when the one that was asked goes", async () => {
  const [first, second] = [new Widget(), new Widget()];
  pool.add(first);
  const asked = pool.ask({ ask: "case" });
  pool.add(second);

  first.tell("comm:close");
  second.say({ id: second.sent[0].id, json: "there" });

  expect((await asked).json).toBe("there");
  expect(said).toEqual(["here"]);
});

it("says that there is no kernel when the last widget goes, and is there again with the next", async () => {
  const widget = new Widget();
  pool.add(widget);
  const asked = pool.ask({ ask: "case" });
  const refused = expect(asked).rejects.toThrow(GONE);
  widget.tell("destroy");
  await refused;
  await expect(pool.ask({ ask: "case" })).rejects.toThrow(GONE);

  pool.add(new Widget());

  expect(said).toEqual(["here", "gone", "here"]);
});

it("tells a silent kernel from a long answer", async () => {
  const widget = new Widget();
  pool.add(widget);
  void pool.ask({ ask: "call" });
  await vi.advanceTimersByTimeAsync(1600);
  const ping = widget.sent.find((one) => one.ask === "ping")!;
  widget.say({ id: ping.id, json: true });
  await vi.advanceTimersByTimeAsync(600);
  expect(said).toEqual(["here"]);

  await vi.advanceTimersByTimeAsync(4000);
  expect(said).toEqual(["here", "busy"]);

  widget.say({ id: widget.sent[0].id, json: 1 });
  expect(said).toEqual(["here", "busy", "here"]);
});

it("loses a widget whose connection changed and that does not answer, and takes it back when it does", async () => {
  const widget = new Widget();
  pool.add(widget);
  widget.tell("comm_live_update");
  await vi.advanceTimersByTimeAsync(4100);
  expect(said).toEqual(["here", "gone"]);

  widget.say({ news: { type: "version", version: 2 }, serial: 1 });

  expect(said).toEqual(["here", "gone", "here"]);
});

it("keeps a widget whose connection changed and that answers", async () => {
  const widget = new Widget();
  pool.add(widget);
  widget.tell("comm_live_update");
  widget.say({ id: widget.sent[0].id, json: true });
  await vi.advanceTimersByTimeAsync(4100);

  expect(said).toEqual(["here"]);
});

it("hears news once, though several widgets bring them, and from the start again after a greeting", () => {
  const [first, second] = [new Widget(), new Widget()];
  pool.add(first);
  pool.add(second);
  for (const widget of [first, second]) widget.say({ news: { type: "version", version: 7 }, serial: 3 });
  expect(news).toHaveLength(1);

  pool.greeted();
  second.say({ news: { type: "version", version: 1 }, serial: 1 });

  expect(news).toHaveLength(2);
});

it("does not ask over a widget whose connection is closed", async () => {
  const [first, second] = [new Widget(), new Widget()];
  pool.add(first);
  pool.add(second);
  second.alive = false;

  const asked = pool.ask({ ask: "case" });
  first.say({ id: first.sent[0].id, json: "there" });

  expect((await asked).json).toBe("there");
});
