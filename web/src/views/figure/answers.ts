// What Python says of a figure, and how it is asked; the same as in underglass.views.figure.
import type { Case } from "../../runtime/case.svelte";

export type Mark =
  | ["outline", points: string, fill: string, stroke: string, width: number, dash: number]
  | ["line", points: string, stroke: string, width: number]
  | ["word", x: number, y: number, text: string, size: number, fill: string, anchor: "start" | "middle" | "end", turned: boolean]
  | ["picture", x: number, y: number, width: number, height: number, address: string];

export interface Part {
  kind: "glyph" | "edge" | "legend";
  key: string;
  about: string[];
  marks: Mark[];
}

export interface Scene {
  width: number;
  height: number;
  title: string;
  description: string;
  parts: Part[];
}

export interface Glyph {
  id: string;
  type: string;
  kind: "layer" | "aggregate" | "input" | "output" | "route";
  times: number;
  features: number | string | null;
  before: (number | string)[];
  after: (number | string)[];
  parameters: number;
  multiply_adds: number;
  operations: string[];
}

/** A type in the figure: what the legend explains, or what is hidden. */
export interface Kind {
  type: string;
  alias: string;
  colour: string | null;
  texture: number | null;
  count: number;
  kind: "layer" | "aggregate" | "group" | "hidden";
}

export interface Group {
  name: string;
  first: string;
  last: string;
  active?: boolean;
  everywhere?: boolean;
}

/** Keywords of `underglass.figure` in plain JSON; what is missing is as it would be anyway. */
export interface Settings {
  depth?: number;
  hide?: string[];
  fold?: boolean;
  same?: "structure" | "shape";
  routes?: boolean;
  groups?: Group[];
  width?: string;
  samples?: Record<string, number | string>;
  palette?: string;
  texture?: boolean;
  colours?: Record<string, string>;
  textures?: Record<string, number>;
  aliases?: Record<string, string>;
  [name: string]: unknown;
}

export interface Answer {
  model: string;
  problem: string | null;
  scene: Scene;
  glyphs: Glyph[];
  edges: [string, string][];
  kinds: Kind[];
  groups: { name: string; places: number; problem: string | null }[];
  repetitions: string[];
  modules: string[];
  depth: number;
  deepest: number;
  settings: Settings;
  used: Record<string, unknown>;
  code: string;
  name: string;
  parameters: number;
  multiply_adds: number;
  notes: string[];
  palettes: string[];
  textures: number;
}

export interface NoModel {
  model: null;
  problem: string;
  scene: null;
}

export type Piece = "figure" | "network" | "legend";

/** Where the editor stands: over a case, or over a model that has none. */
export interface Desk {
  /** Ask Python: a call of underglass.views.drawing. */
  call<T>(name: string, args?: Record<string, unknown>): Promise<T>;
  say(text: string, options?: { wrong?: boolean }): void;
  /** The active model, where another one may take its place. */
  readonly model: string | null;
  /** Why nothing can be changed, or null. */
  readonly cannot: string | null;
  /** Why nothing is kept, or null. */
  readonly cannotKeep: string | null;
  /** Whether there are instances, whose pictures can stand in the boxes. */
  readonly instances: boolean;
}

/** The desk over the case that a page shows now. */
export const deskOf = (context: { readonly case: Case }): Desk => ({
  call: (name, args = {}) => context.case.host.call("figure", name, args),
  say: (text, options) => context.case.say(text, options),
  get model() {
    return context.case.model ? context.case.info.model : null;
  },
  get cannot() {
    return context.case.cannotCompute;
  },
  get cannotKeep() {
    return context.case.cannotEdit;
  },
  instances: true,
});

/** Ask Python; what it refuses is an error with its reason. */
async function call<T>(desk: Desk, name: string, args: Record<string, unknown> = {}): Promise<T> {
  const answer = await desk.call<T | { refused: string }>(name, args);
  if (answer && typeof answer === "object" && "refused" in answer) throw new Error(answer.refused);
  return answer;
}

export const ask = (desk: Desk, settings: Settings | null) =>
  call<Answer | NoModel>(desk, "scene", settings === null ? {} : { settings });

export const between = (desk: Desk, settings: Settings, first: string, last: string) =>
  call<string[]>(desk, "between", { settings, first, last });

export const ofModule = (desk: Desk, settings: Settings, path: string) => call<string[]>(desk, "module", { settings, path });

export const groupOf = (desk: Desk, settings: Settings, glyphs: string[]) => call<Group>(desk, "group", { settings, glyphs });

export const repetitionOf = (desk: Desk, settings: Settings) => call<Group | null>(desk, "repetition", { settings });

export const fileOf = (desk: Desk, settings: Settings, ending: string, part: Piece) =>
  call<ArrayBuffer>(desk, "export", { settings, ending, part });

export const styleOf = (desk: Desk, settings: Settings, ending: string) => call<ArrayBuffer>(desk, "style", { settings, ending });

export const settingsOf = (desk: Desk, name: string, text: string) => call<Settings>(desk, "read_style", { name, text });

export const keep = (desk: Desk, settings: Settings) => call<boolean>(desk, "keep", { settings });

export const keepPicture = (desk: Desk, data: string) => call<string>(desk, "sample", { data });

export const font = (desk: Desk) => call<ArrayBuffer>(desk, "font");
