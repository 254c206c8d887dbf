// The web app's host: everything over HTTP to the Python server on this machine.
import { batching, refusal } from "./batching";
import { HostError, made, type Host, type Link } from "../runtime/host";
import type { ServerEvent } from "../runtime/wire";

const HEADERS = { "Content-Type": "application/json", "X-Underglass": "1" };
const LOST_AFTER = 3_000;
/** This page's own name, so that Python knows whose selection it hears of. */
const PAGE = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");

async function ask(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(
      `api/${path}`,
      body === undefined ? { signal } : { method: "POST", headers: HEADERS, body: JSON.stringify(body), signal },
    );
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new HostError("The underglass server does not answer. It may have been stopped: start it again and this page goes on.");
  }
  if (response.ok) return response;
  throw refusal(await response.text(), response.status);
}

const json = async <T>(path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  (await (await ask(path, body, signal)).json()) as T;

/** News by server-sent events; the browser reconnects by itself, we only say when it is away for long. */
function listen(onEvent: (event: ServerEvent) => void, onLink: (link: Link) => void, author?: string | null): () => void {
  const source = new EventSource(`api/events${author ? `?author=${encodeURIComponent(author)}` : ""}`);
  let timer: ReturnType<typeof setTimeout> | undefined;
  source.onopen = () => {
    clearTimeout(timer);
    timer = undefined;
    onLink("connected");
  };
  source.onmessage = ({ data }) => onEvent(JSON.parse(data as string) as ServerEvent);
  source.onerror = () => {
    timer ??= setTimeout(() => onLink("lost"), LOST_AFTER);
  };
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/** Calls that answer with bytes give an ArrayBuffer, all others JSON. */
async function answered<T>(path: string, args: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, args, signal);
  const binary = response.headers.get("content-type")?.startsWith("application/octet-stream");
  return (await (binary ? response.arrayBuffer() : response.json())) as T;
}

const call = <T>(view: string, name: string, args: Record<string, unknown> = {}, signal?: AbortSignal): Promise<T> =>
  answered<T>(`call/${view}/${name}`, args, signal);

const query = batching((sql) => ask("queries", { sql }));

export const http: Host = {
  can: { compute: true },
  start: "start",
  connector: {
    query: async (request: { type: string; sql: string }) =>
      request.type === "exec" ? made(await json("query", request)) : query(request.sql),
  } as unknown as Host["connector"],
  caseInfo: (author) => json(`case${author ? `?author=${encodeURIComponent(author)}` : ""}`),
  call,
  useModel: async (name) => void (await ask("model", { name })),
  edit: (request) => json("edits", request),
  undo: (author) => json("undo", author ? { author } : {}),
  redo: (author) => json("redo", author ? { author } : {}),
  pick: (request) => json("picks", request),
  instance: (row, layer) => json(`instance/${row}${layer ? `?layer=${encodeURIComponent(layer)}` : ""}`),
  jobs: () => json("jobs"),
  cancelJob: async (id) => void (await ask(`jobs/${encodeURIComponent(id)}/cancel`, {})),
  sheet: async (rows, size) => createImageBitmap(await (await ask(`sheet?size=${size}&rows=${rows.join(",")}`)).blob()),
  select: async (parts, tree) => void (await ask("selection", { parts, tree, page: PAGE })),
  imageUrl: (row) => `api/media/${row}`,
  module: (address) => import(/* @vite-ignore */ new URL(address, document.baseURI).href) as Promise<Record<string, unknown>>,
  listen,
};

const PIECE = 8 * 2 ** 20;

/** Send a file in pieces to an address that takes them; it is looked at when all of it is there. */
async function send(to: string, file: File, progress: (share: number) => void, signal?: AbortSignal): Promise<void> {
  for (let at = 0; at === 0 || at < file.size; at += PIECE) {
    const body = await file.slice(at, at + PIECE).arrayBuffer();
    const path = `api/${to}/send?name=${encodeURIComponent(file.name)}&at=${at}`;
    const response = await fetch(path, { method: "POST", headers: { "X-Underglass": "1" }, body, signal });
    if (!response.ok)
      throw new HostError(((await response.json()) as { error?: string }).error ?? "the file was not taken", response.status);
    progress(Math.min(1, (at + PIECE) / Math.max(1, file.size)));
  }
}

/** What Python says of a model that is drawn without a case; calls that answer with bytes give an ArrayBuffer. */
const callDrawn = <T>(model: string, name: string, args: Record<string, unknown> = {}): Promise<T> =>
  answered<T>(`draw/${encodeURIComponent(model)}/${name}`, args);

export const server = {
  sendTable: (file: File, progress: (share: number) => void, signal?: AbortSignal) => send("audit", file, progress, signal),
  sendModel: (file: File, progress: (share: number) => void) => send("draw", file, progress),
  /** Read the model that was sent; gives what it is called, or why it cannot be read. */
  openModel: () => json<{ model?: string; refused?: string }>("draw/open", {}),
  callDrawn,
  lookAtTable: <T>(given: object) => json<T>("audit/look", given),
  previewAudit: <T>(given: object) => json<T>("audit/preview", given),
  makeAudit: (given: object) => json<{ ok: true }>("audit/make", given),
  start: () => json<import("../runtime/wire").StartInfo>("cases"),
  open: (path: string) => json<{ ok: true }>("open", { path }),
};
