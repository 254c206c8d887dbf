// What does an exported page say of itself? The head that the Python half writes; FORMAT moves when older pages could be misread.
import type { Tree } from "../../runtime/filter";
import { block } from "./blocks";
import type { CaseInfo, Page } from "../../runtime/wire";

export const FORMAT = 1;

export interface SubsetDefinition {
  name: string;
  kind: "live" | "frozen";
  filter: Tree | null;
  rows: number[] | null;
  note: string;
  author: string;
  time: string;
}

/** How the pictures of instances travel. */
export interface MediaInfo {
  /** "none": there are no pictures, or they were left out. */
  way: "none" | "inline" | "copy" | "link";
  /** Edge of a tile of the sheets, and how many tiles lie side by side and in one sheet. */
  edge: number;
  across: number;
  each: number;
  /** Rows that have a picture, in the order of the tiles; null: all of them. */
  rows: number[] | null;
  type: string;
  /** With copies and links: the address of each row's picture, relative to the page. */
  paths: (string | null)[] | null;
}

export interface Head {
  format: number;
  underglass: string;
  exported: string;
  data_fingerprint: string;
  /** How many instances the case has; the page may hold fewer. */
  instances: number;
  /** The last edit of the case that is in this page. */
  sequence: number;
  engine: "small" | "duckdb";
  info: CaseInfo;
  subsets: SubsetDefinition[];
  media: MediaInfo;
  /** Place of the first instance of each block of sounds and films; absent or null where there are none. */
  recordings?: number[] | null;
  /** The page to draw; null draws the case with its rail. */
  page: Page | null;
  /** The rows of the case that are in this page; null: all of them. */
  rows: number[] | null;
  /** Why each view that is not in the page, or not whole, is so. */
  reasons: Record<string, string>;
}

/** The head of this page; refuses one whose script is of another time. */
export async function readHead(): Promise<Head> {
  const bytes = await block("head");
  if (!bytes) throw new Error("the data of this page are missing: it was not saved whole");
  const head = JSON.parse(new TextDecoder().decode(bytes)) as Head;
  if (head.format !== FORMAT)
    throw new Error(
      `This page was exported by underglass ${head.underglass} in format ${head.format}; the script beside it reads format ${FORMAT}. ` +
        "Export it anew, or put the script back that it was exported with.",
    );
  return head;
}
