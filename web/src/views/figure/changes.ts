// What a change by hand makes of a figure's settings: pure, so that undo is a list of settings.
import type { Group, Kind, Settings } from "./answers";

/** With some settings changed; those that are undefined or null are as they would be anyway. */
export function changed(settings: Settings, next: Settings | Record<string, unknown>): Settings {
  const found: Settings = { ...settings, ...next };
  for (const [name, value] of Object.entries(found)) {
    const empty = typeof value === "object" && value !== null && !Object.keys(value).length && name !== "hide";
    if (value === undefined || value === null || empty) delete found[name];
  }
  return found;
}

/** A table of settings by type with one entry set, or taken away. */
export function entry<T>(table: Record<string, T> | undefined, type: string, value: T | null): Record<string, T> {
  const found = { ...table };
  if (value === null) delete found[type];
  else found[type] = value;
  return found;
}

/** A type hidden, or drawn; of types that are not named in the settings, those stay hidden that are. */
export function withHidden(settings: Settings, kinds: Kind[], type: string, hidden: boolean): Settings {
  const before = settings.hide ?? kinds.filter((kind) => kind.kind === "hidden").map((kind) => kind.type);
  if (before.includes(type) === hidden) return settings;
  return changed(settings, { hide: hidden ? [...before, type] : before.filter((one) => one !== type) });
}

/** Another name for a type; a group gets it as its own, and keeps its colour. */
export function renamed(settings: Settings, kind: Kind, name: string): Settings {
  const next = name.trim();
  if (!next || next === kind.alias) return settings;
  const at = (settings.groups ?? []).findIndex((group) => group.name === kind.type);
  if (at < 0) return changed(settings, { aliases: entry(settings.aliases, kind.type, next === kind.type ? null : next) });
  const groups = (settings.groups ?? []).map((group, i) => (i === at ? { ...group, name: next } : group));
  const moved = <T>(table: Record<string, T> | undefined) =>
    Object.fromEntries(Object.entries(table ?? {}).map(([type, value]) => [type === kind.type ? next : type, value]));
  return changed(settings, { groups, colours: moved(settings.colours), textures: moved(settings.textures) });
}

export function withGroup(settings: Settings, group: Group): Settings {
  return changed(settings, { groups: [...(settings.groups ?? []), group] });
}

export function withoutGroup(settings: Settings, name: string): Settings {
  return changed(settings, { groups: (settings.groups ?? []).filter((group) => group.name !== name) });
}

/** A group drawn as one, or opened for now. */
export function withActive(settings: Settings, name: string, active: boolean): Settings {
  return changed(settings, {
    groups: (settings.groups ?? []).map((group) => (group.name === name ? { ...group, active } : group)),
  });
}

/** What was done before and what was undone, as settings. */
export interface History {
  past: Settings[];
  future: Settings[];
}

const MOST = 100;

export const done = (history: History, before: Settings): History => ({
  past: [...history.past, before].slice(-MOST),
  future: [],
});

export function undone(history: History, now: Settings): { history: History; settings: Settings } | null {
  const settings = history.past.at(-1);
  return settings ? { history: { past: history.past.slice(0, -1), future: [now, ...history.future] }, settings } : null;
}

export function redone(history: History, now: Settings): { history: History; settings: Settings } | null {
  const [settings, ...future] = history.future;
  return settings ? { history: { past: [...history.past, now], future }, settings } : null;
}

/** Left, top, right and bottom of points as SVG writes them. */
export function boxOf(points: string): [number, number, number, number] {
  const pairs = points.split(" ").map((pair) => pair.split(",").map(Number));
  const xs = pairs.map(([x]) => x);
  const ys = pairs.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
