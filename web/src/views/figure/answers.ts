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

/** Ask Python; what it refuses is an error with its reason. */
async function call<T>(study: Case, name: string, args: Record<string, unknown> = {}): Promise<T> {
  const answer = await study.host.call<T | { refused: string }>("figure", name, args);
  if (answer && typeof answer === "object" && "refused" in answer) throw new Error(answer.refused);
  return answer;
}

export const ask = (study: Case, settings: Settings | null) =>
  call<Answer | NoModel>(study, "scene", settings === null ? {} : { settings });

export const between = (study: Case, settings: Settings, first: string, last: string) =>
  call<string[]>(study, "between", { settings, first, last });

export const ofModule = (study: Case, settings: Settings, path: string) => call<string[]>(study, "module", { settings, path });

export const groupOf = (study: Case, settings: Settings, glyphs: string[]) => call<Group>(study, "group", { settings, glyphs });

export const repetitionOf = (study: Case, settings: Settings) => call<Group | null>(study, "repetition", { settings });

export const fileOf = (study: Case, settings: Settings, ending: string, part: Piece) =>
  call<ArrayBuffer>(study, "export", { settings, ending, part });

export const styleOf = (study: Case, settings: Settings, ending: string) =>
  call<ArrayBuffer>(study, "style", { settings, ending });

export const settingsOf = (study: Case, name: string, text: string) => call<Settings>(study, "read_style", { name, text });

export const keep = (study: Case, settings: Settings) => call<boolean>(study, "keep", { settings });

export const keepPicture = (study: Case, data: string) => call<string>(study, "sample", { data });

export const font = (study: Case) => call<ArrayBuffer>(study, "font");
