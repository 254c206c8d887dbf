// What must an explorable say of itself so that the frame can show it?
import type { Component } from "svelte";

export interface Show {
  label: string;
  run: () => void;
}

/** One step of a guided tour: a thing to see, the state that shows it, and a question that checks it was seen. */
export interface TourStep {
  id: string;
  title: string;
  /** A few sentences; `*words*` are stressed. */
  text: string;
  /** What to learn from it, as the table in the docs lists it. */
  objective?: string;
  /** The part of the page it speaks of: elements with this `data-part` are outlined. */
  part?: string;
  /** Brings a state about, when the reader asks for it; several are states to compare. */
  show?: Show | readonly Show[];
  question?: { ask: string; answers: readonly string[]; right: number; because: string };
}

/** What an ⓘ says: paragraphs with `*stressed*` words, then equations in the small TeX. */
export interface InfoText {
  title: string;
  text: readonly string[];
  equations?: readonly string[];
}

export interface Term {
  term: string;
  text: string;
}
/** An equation in the small TeX of `tex.ts`, several on lines of their own, and what it says in words. */
export interface Equation {
  title: string;
  tex: string;
  text: string;
}
export interface Source {
  text: string;
  url?: string;
}

/** How the index lists it; `learn/<name>/explorable.ts` exports one as its default and is found by that name. */
export interface Entry {
  name: string;
  title: string;
  question: string;
  text: string;
  order: number;
  component: Component<Record<string, never>>;
  picture: Component<Record<string, never>>;
}
