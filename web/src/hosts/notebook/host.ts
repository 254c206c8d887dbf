// The notebook's host: everything over the widgets' messages to the kernel, big answers as bytes.
import { made, type Host, type Link, type Made } from "../../runtime/host";
import type { EditAnswer, InstanceDetail, Job, ServerEvent } from "../../runtime/wire";
import { Pool, type Presence } from "./pool";

const LINKS: Record<Presence, Link> = { here: "connected", busy: "waiting", gone: "lost" };

export interface NotebookHost extends Host {
  readonly pool: Pool;
  /** Ask for the news anew, over whichever widget answers now. */
  greet(): Promise<void>;
}

export function notebookHost(): NotebookHost {
  const events = new Set<(event: ServerEvent) => void>();
  const links = new Set<(link: Link) => void>();
  const pictures = new Map<number, Promise<string>>();
  const pool = new Pool(
    (event) => events.forEach((tell) => tell(event)),
    (presence) => links.forEach((tell) => tell(LINKS[presence])),
  );
  const json = async <T>(content: Record<string, unknown>, signal?: AbortSignal) => (await pool.ask(content, signal)).json as T;
  const bytes = async (content: Record<string, unknown>) => {
    const { bytes: data, type } = await pool.ask(content);
    return new Blob([data ?? new Uint8Array()], { type });
  };

  return {
    pool,
    can: { compute: true },
    connector: {
      query: async ({ type, sql }: { type: string; sql: string }) => {
        const answer = await pool.ask({ ask: "query", type: type === "exec" ? "exec" : "arrow", sql });
        return type === "exec" ? made(answer.json as Made) : answer.bytes;
      },
    } as unknown as Host["connector"],
    caseInfo: (author) => json({ ask: "case", author: author ?? null }),
    async call<T>(view: string, name: string, args: Record<string, unknown> = {}, signal?: AbortSignal): Promise<T> {
      const answer = await pool.ask({ ask: "call", view, name, arguments: args }, signal);
      return (answer.bytes ? answer.bytes.buffer : answer.json) as T;
    },
    useModel: async (name) => void (await pool.ask({ ask: "model", name })),
    edit: (request) => json<EditAnswer>({ ...request, ask: "edit" }),
    undo: (author) => json<EditAnswer>({ ask: "undo", author: author ?? null }),
    redo: (author) => json<EditAnswer>({ ask: "redo", author: author ?? null }),
    pick: (request) => json({ ...request, ask: "pick" }),
    instance: (row, layer) => json<InstanceDetail>({ ask: "instance", row, layer: layer ?? null }),
    jobs: () => json<Job[]>({ ask: "jobs" }),
    cancelJob: async (id) => void (await pool.ask({ ask: "cancel", job: id })),
    sheet: async (rows, size) => createImageBitmap(await bytes({ ask: "sheet", rows, size })),
    imageUrl(row) {
      const here = pictures.get(row) ?? bytes({ ask: "image", row }).then((blob) => URL.createObjectURL(blob));
      pictures.set(row, here);
      here.catch(() => pictures.delete(row));
      return here;
    },
    async module(address) {
      const url = await this.file!(address);
      try {
        return (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
      } finally {
        URL.revokeObjectURL(url);
      }
    },
    async file(address) {
      const [name, digest, ...path] = address
        .replace(/^.*extensions\//, "")
        .split("/")
        .map(decodeURIComponent);
      return URL.createObjectURL(await bytes({ ask: "module", name, digest, file: path.join("/") }));
    },
    select: async (parts, tree) => void (await pool.ask({ ask: "select", parts, tree, page: pool.page })),
    sharesSelection: true,
    async greet() {
      const event = await json<ServerEvent>({ ask: "listen", page: pool.page });
      pool.greeted();
      events.forEach((tell) => tell(event));
    },
    listen(onEvent, onLink) {
      events.add(onEvent);
      links.add(onLink);
      void this.greet().catch(() => undefined); // the link's own state says that the kernel is away
      return () => {
        events.delete(onEvent);
        links.delete(onLink);
      };
    },
  } as NotebookHost;
}
