// What the Python half of `edits` tells: what holds after all edits, and the journal in pages.
import type { EditInfo } from "../../runtime/wire";

export interface LabelChange {
  old: string | null;
  new: string | null;
  count: number;
}

export interface Note {
  row: number;
  id: string;
  text: string;
}

export interface Standing {
  relabelled: number;
  changes: LabelChange[];
  confirmed: number;
  flagged: number;
  flagged_rows: number[];
  excluded: number;
  excluded_rows: number[];
  noted: number;
  notes: Note[];
  authors: { name: string; edits: number }[];
  stands: number;
  undone: number;
  undo: string | null;
  redo: string | null;
  writable: boolean;
}

export interface JournalPage {
  edits: EditInfo[];
  more: boolean;
}

/** Edits that are about instances, which can be picked again. */
export const ABOUT_INSTANCES = new Set(["label", "confirm", "tag", "untag", "note", "exclude", "include", "flag", "hide"]);
