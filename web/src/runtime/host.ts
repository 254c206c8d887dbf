// What a host (web app, notebook, static page) gives to the runtime: queries, calls, media and news, whatever carries them.
import type { Connector } from "@uwdata/mosaic-core";
import type { EditAnswer, EditRequest, InstanceDetail, Job, SelectionPart, ServerEvent } from "./wire";

/** An error whose message is meant to be read by the person. */
export class HostError extends Error {
  constructor(
    message: string,
    readonly status = 0,
    readonly details: string | null = null,
  ) {
    super(message);
  }
}

/** What is answered to the making of a pre-aggregate: nothing, or that it was asked for data that have changed since. */
export interface Made {
  stale?: string;
}

/** Refuse what was not made: Mosaic then asks without it. */
export function made({ stale }: Made): void {
  if (stale) throw new HostError(stale, 409);
}

export type Link = "connected" | "waiting" | "lost";

export interface Host {
  /** SQL to Arrow; Mosaic hands answers on in the order they were asked. */
  readonly connector: Connector;
  /** What this host can do; a view shows what it cannot as disabled, with the reason. */
  readonly can: { compute: true } | { compute: false; reason: string };
  /** The address of the list of all cases, where the host has one. */
  readonly start?: string;
  /** The case's card; undo and redo in it are those of `author`, by default the server's. */
  caseInfo(author?: string | null): Promise<import("./wire").CaseInfo>;
  /** Ask the Python half of a view. */
  call<T>(view: string, name: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<T>;
  /** Make another captured model the active one. */
  useModel(name: string): Promise<void>;
  edit(request: EditRequest): Promise<EditAnswer>;
  undo(author?: string | null): Promise<EditAnswer>;
  redo(author?: string | null): Promise<EditAnswer>;
  /** Make a server table of rows, from rows or from a polygon on a layer's projection. */
  pick(request: { rows: number[] } | { polygon: [number, number][]; layer: string }): Promise<{ name: string; count: number }>;
  instance(row: number, layer?: string | null): Promise<InstanceDetail>;
  jobs(): Promise<Job[]>;
  cancelJob(id: string): Promise<void>;
  /** A contact sheet of instances in the given order, row-major, `columns` wide. */
  sheet(rows: number[], size: number): Promise<ImageBitmap>;
  /** The browser half of somebody else's view or renderer, by the address in the case's card; absent where none can be had. */
  module?(address: string): Promise<Record<string, unknown>>;
  /** Where a browser finds another file of somebody else's, such as a style; absent where its address is one of the page. */
  file?(address: string): Promise<string>;
  /** The address of an instance's full image; where it must be fetched first, when it is there. */
  imageUrl(row: number): string | Promise<string>;
  /** Tell Python what is picked, where there is a Python that listens. */
  select?(parts: SelectionPart[], tree: Record<string, unknown> | null): Promise<void>;
  /** Whether every selection is told, not only when a function of Python's follows it. */
  readonly sharesSelection?: boolean;
  /** The edits made in this page as a file for the case; only where edits do not reach the case themselves. */
  patch?(): { name: string; text: string } | null;
  /** Why this host cannot draw a view at all; null where it can. */
  absent?(view: string): string | null;
  /** News, until the returned function is called; `author` is how the others at the case see who is at this page. */
  listen(onEvent: (event: ServerEvent) => void, onLink: (link: Link) => void, author?: string | null): () => void;
}
