// What of the view is in the page's address, read from it with care and written back as the difference from what is shown first.
import { openTo, type Model } from "./model";
import type { Direction } from "./compound";
import type { State } from "./showing";
import type { Way } from "./tracing";
import type { Camera } from "./camera";
import type { Props } from "../../runtime/view";

export interface Settings {
  depth: number;
  state: State;
  direction: Direction;
  colour: string;
  find: string;
  /** A module whose likes are marked. */
  alike: number | null;
  part: number | null;
  ways: Way[];
  camera: Camera | null;
}

const words = (value: unknown) => (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []);

export function read(model: Model, props: Props): Settings {
  const places = (value: unknown) => words(value).flatMap((id) => model.byId.get(id) ?? []);
  const depth = typeof props.depth === "number" ? Math.max(0, Math.min(model.tables.levels, Math.round(props.depth))) : 0;
  const opened = openTo(model, depth);
  for (const part of places(props.open)) opened.add(part);
  for (const part of places(props.shut)) opened.delete(part);
  const [x, y, k] = Array.isArray(props.camera) ? props.camera : [];
  return {
    depth,
    state: {
      opened,
      folded: props.series !== false,
      unfolded: new Set(places(props.unfolded)),
      swapped: new Set(places(props.swapped)),
      constants: props.constants === "boxes" || props.constants === "hidden" ? props.constants : "badges",
    },
    direction: props.direction === "right" ? "right" : "down",
    colour: typeof props.colour === "string" ? props.colour : "type",
    find: typeof props.find === "string" ? props.find : "",
    alike: typeof props.alike === "string" ? (model.byId.get(props.alike) ?? null) : null,
    part: typeof props.part === "string" ? (model.byId.get(props.part) ?? null) : null,
    ways: words(props.ways).filter((one): one is Way => one === "up" || one === "down"),
    camera: [x, y, k].every((one) => typeof one === "number" && Number.isFinite(one)) && k > 0 ? { x, y, k } : null,
  };
}

/** Open parts as what differs from a depth. */
export function opening(model: Model, depth: number, opened: ReadonlySet<number>): Props {
  const usual = openTo(model, depth);
  const { id } = model.tables.parts;
  const more = [...opened].filter((part) => !usual.has(part)).map((part) => id[part]);
  const fewer = [...usual].filter((part) => !opened.has(part)).map((part) => id[part]);
  return { depth: depth || null, open: more.length ? more : null, shut: fewer.length ? fewer : null };
}
