// What crosses between Python and the browser. Generated from src/underglass/wire.py by `make types`; do not edit.

export type ColumnType = "number" | "integer" | "text" | "category" | "boolean" | "time" | "list";

export type InstanceKind = "image" | "text" | "row";

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export type Role = "viewer" | "annotator" | "owner";

export type ViewGroup = "case" | "learned" | "fails for" | "labels" | "learn";

/** A column of the served table ``instances``. */
export interface ColumnInfo {
  name: string;
  type: "number" | "integer" | "text" | "category" | "boolean" | "time" | "list";
  nulls: number;
  categories: string[] | null;
  min: number | string | null;
  max: number | string | null;
}

/** A layer of a model; ``shape`` is one instance's output without the batch axis. */
export interface LayerInfo {
  name: string;
  type: string;
  units: number;
  shape: number[];
  captured: boolean;
}

/** A captured model; accuracies are fractions or null. */
export interface ModelInfo {
  name: string;
  layers: LayerInfo[];
  pooling: string[];
  output: string;
  accuracy_stated: number | null;
  accuracy_captured: number | null;
  fingerprint: string;
  captured_at: string;
  attached: boolean;
}

/** A named set of instances; ``filter`` is its text when it is live, ``table`` the served table of its rows.

    ``problem`` says why a live subset cannot be evaluated any more, such as a column that is gone. */
export interface SubsetInfo {
  name: string;
  table: string;
  kind: "live" | "frozen";
  count: number;
  filter: string | null;
  problem: string | null;
  author: string;
  time: string;
}

/** A tag and on how many instances it is. */
export interface TagInfo {
  name: string;
  count: number;
}

/** Where the journal stands, and what undo and redo would do, in words. */
export interface EditsInfo {
  count: number;
  sequence: number;
  undo: string | null;
  redo: string | null;
}

/** Why, for whom, what, how, when, from where, and within which limits a view is to be read. */
export interface Card {
  why: string;
  who: string;
  what: string;
  how: string;
  when: string;
  source: string;
  limits: string;
}

/** A view as the rail and its frame need it; one that is not ``listed`` is a part of another page.

    ``fits`` says whether the case has what it needs. ``size`` is what it takes on a page, in columns and rows; ``beside`` whether
    it can be drawn for a model beside the active one, ``by_model`` which of its calls are told the model, ``alone`` why it
    cannot; ``module`` the address of the browser half of somebody else's view, ``by`` the package and version that bring it. */
export interface ViewInfo {
  name: string;
  listed: boolean;
  title: string;
  group: "case" | "learned" | "fails for" | "labels" | "learn";
  question: string;
  card: Card;
  fits: boolean;
  size: [number, number];
  beside: boolean;
  alone: string;
  by_model: string[];
  by: string;
  module: string | null;
}

/** A finished pattern search of one layer of a model, as the strip of layers shows it. */
export interface PatternsInfo {
  model: string;
  layer: string;
  key: string;
  count: number;
  none_share: number;
  n: number;
  settings: Record<string, unknown>;
}

/** A finished projection of one layer. */
export interface ProjectionInfo {
  layer: string;
  key: string;
  method: string;
  n: number;
  trustworthiness: number | null;
}

/** An instance that could not be read, and why. */
export interface SkippedInfo {
  id: string;
  reason: string;
}

/** An extension of somebody else that cannot be used, and why. */
export interface BrokenInfo {
  name: string;
  kind: string;
  package: string;
  reason: string;
}

/** Somebody's way to draw the instances of this case; ``module`` is the address of its browser half. */
export interface RendererInfo {
  name: string;
  title: string;
  module: string;
}

/** One place on a page, on a grid of 12 columns and rows of 48 px.

    ``props`` are given to the view or the widget; those that nobody knows survive a round trip. Of a view,
    ``props["shown_for"]`` is ``{"filter": typed, "model": name}``, both or one: what this tile alone shows. ``by`` is the package
    and version that brought the view when it was put here; without, the view is ours. */
export interface Tile {
  id: string;
  kind: "view" | "text" | "widget";
  view: string | null;
  props: Record<string, unknown>;
  text: string | null;
  title: string | null;
  x: number;
  y: number;
  width: number;
  height: number;
  by?: string;
}

/** One sheet of a page. */
export interface Tab {
  title: string;
  tiles: Tile[];
}

/** A composed page, the same in every host; ``version`` is that of this format. */
export interface Page {
  name: string;
  title: string;
  tabs: Tab[];
  version: number;
}

/** Everything the shell shows about a case; refetched when the data version moves.

    ``id`` tells the case from every other; ``role`` is that of who asks; ``signs_as`` the name their token binds them to, null
    where they may say it themselves. */
export interface CaseInfo {
  id: string;
  name: string;
  kind: "image" | "text" | "row";
  description: string;
  instances: number;
  excluded: number;
  classes: string[];
  models: ModelInfo[];
  model: string | null;
  columns: ColumnInfo[];
  subsets: SubsetInfo[];
  tags: TagInfo[];
  edits: EditsInfo;
  views: ViewInfo[];
  patterns: PatternsInfo[];
  projections: ProjectionInfo[];
  pages: string[];
  widgets: string[];
  renderer: RendererInfo | null;
  broken: BrokenInfo[];
  suspects: number | null;
  skipped: SkippedInfo[];
  warnings: string[];
  author: string;
  role: "viewer" | "annotator" | "owner";
  signs_as: string | null;
  version: number;
  preaggregate: boolean;
  bytes: number;
}

/** Long work: what, how far, how long; the same in every host. */
export interface Job {
  id: string;
  kind: string;
  title: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  done: number;
  total: number;
  stage: string;
  seconds_left: number | null;
  error: string | null;
  details: string | null;
  result: unknown;
}

/** One line of the journal, in words. */
export interface EditInfo {
  sequence: number;
  time: string;
  author: string;
  op: string;
  summary: string;
  count: number;
  undoes: number | null;
  undone: boolean;
}

/** A near instance in a layer's space; ``distance`` in units of the pooled activations. */
export interface Neighbour {
  row: number;
  distance: number;
  label: string | null;
}

/** What the side panel shows of one instance. */
export interface InstanceDetail {
  row: number;
  id: string;
  label: string | null;
  original_label: string | null;
  prediction: string | null;
  correct: boolean | null;
  probabilities: [string, number][];
  text: string | null;
  missing: string | null;
  metadata: [string, unknown][];
  tags: string[];
  note: string | null;
  excluded: boolean;
  subsets: string[];
  layer: string | null;
  neighbours: Neighbour[];
  units: number[];
  label_units: number[];
  history: EditInfo[];
}

/** An edit to make: on the rows that a filter tree holds, or on named rows.

    ``value`` of a label may be a list, one for each of ``rows``; ``seen`` is the label the person saw on each of them (of a page
    the page they saw), and the edit is refused where it is another by now. ``author`` signs; without it the server's own author
    does. */
export interface EditRequest {
  op: string;
  where?: Record<string, unknown> | null;
  rows?: number[] | null;
  value?: unknown;
  seen?: (string | null)[] | Page | null;
  author?: string | null;
}

/** What an edit did. */
export interface EditAnswer {
  version: number;
  count: number;
  summary: string;
  sequence: number;
}

/** A case that was opened on this machine. */
export interface RecentCase {
  name: string;
  path: string;
  model: string | null;
  kind: "image" | "text" | "row";
  instances: number;
  classes: number;
  accuracy_stated: number | null;
  accuracy_captured: number | null;
  edits: number;
  opened: string;
}

/** A case that can be made here from data that ships with the package. */
export interface DemoInfo {
  name: string;
  title: string;
  text: string;
  command: string;
}

/** What the start page shows. */
export interface StartInfo {
  recent: RecentCase[];
  demos: DemoInfo[];
}

/** Somebody who has the case open, by the name that signs their edits; ``role`` says what they may do. */
export interface PersonInfo {
  name: string;
  role: "viewer" | "annotator" | "owner";
}

/** One choice in a selection: the filter tree it is, in words, and whether clearing leaves it. */
export interface SelectionPart {
  tree: Record<string, unknown>;
  text: string;
  pinned: boolean;
}

/** What is picked: its parts, and all of them together as one filter tree; ``page`` names the page that picked, if one did. */
export interface SelectionInfo {
  parts: SelectionPart[];
  tree: Record<string, unknown> | null;
  page: string;
}

/** What the server tells an open page of its own accord.

    ``case`` is the id of the case that is open now; ``listening`` says that Python follows the selection, so that pages send
    theirs; ``text`` of a ``problem`` is for people. */
export interface ServerEvent {
  type: "hello" | "version" | "job" | "case" | "people" | "selection" | "listening" | "problem" | "closed" | "widget";
  widget?: string;
  message?: Record<string, unknown>;
  people?: PersonInfo[];
  version?: number;
  case?: string;
  job?: Job;
  session?: string;
  selection?: SelectionInfo;
  listening?: boolean;
  text?: string;
}
