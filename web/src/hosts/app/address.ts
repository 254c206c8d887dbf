// The state of the page in its address: view, its settings, filter, selection, opened instance and layer.
import type { Tree } from "../../runtime/filter";

export interface PageState {
  view: string;
  props: Record<string, unknown>;
  filter: string | null;
  picks: { tree: Tree; text: string; pinned?: boolean }[];
  row: number | null;
  layer: string | null;
}

/** Read the state from a fragment such as "#patterns?layer=%22conv2%22&filter=…"; what cannot be read is left out. */
export function read(fragment: string): PageState {
  const [path, query = ""] = fragment.replace(/^#/, "").split("?", 2);
  const given = new URLSearchParams(query);
  const props: Record<string, unknown> = {};
  for (const [name, value] of given) {
    if (name.startsWith("p.")) props[name.slice(2)] = parsed(value);
  }
  const picks = parsed(given.get("picks"));
  const row = parsed(given.get("row"));
  return {
    view: decoded(path || "overview"),
    props,
    filter: given.get("filter"),
    picks: Array.isArray(picks) ? picks.filter((pick) => pick?.tree?.op && typeof pick.text === "string") : [],
    row: typeof row === "number" ? row : null,
    layer: given.get("layer"),
  };
}

/** Write the state as a fragment; read(write(state)) is the state. */
export function write(state: PageState): string {
  const given = new URLSearchParams();
  if (state.filter) given.set("filter", state.filter);
  if (state.picks.length) given.set("picks", JSON.stringify(state.picks));
  if (state.row !== null) given.set("row", JSON.stringify(state.row));
  if (state.layer !== null) given.set("layer", state.layer);
  for (const [name, value] of Object.entries(state.props)) {
    if (value !== undefined && value !== null) given.set(`p.${name}`, JSON.stringify(value));
  }
  const query = given.toString();
  return `#${encodeURIComponent(state.view)}${query ? `?${query}` : ""}`;
}

/** A name as it was before it was written into an address; one that was cut short stays as it is, and no view is called so. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function parsed(text: string | null): any {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
