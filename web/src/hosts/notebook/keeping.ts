// Where a notebook lets us, its file keeps how each view looked, so that it shows without a kernel; the standard's own place for it.

const STATE = "application/vnd.jupyter.widget-state+json";
const VIEW = "application/vnd.jupyter.widget-view+json";

interface Saved {
  model_name: string;
  model_module: string;
  model_module_version: string;
  state: Record<string, unknown>;
}
interface Widgets {
  version_major: number;
  version_minor: number;
  state: Record<string, Saved>;
}
interface Notebook {
  getMetadata(key: string): unknown;
  setMetadata(key: string, value: unknown): void;
  cells: Iterable<{ outputs?: { toJSON(): { data?: Record<string, { model_id?: string } | undefined> }[] } }>;
}

/** The notebook behind a widget manager: JupyterLab's has one, others need not. */
export function notebookOf(manager: unknown): Notebook | null {
  const found = (manager as { context?: { model?: Partial<Notebook> } } | undefined)?.context?.model;
  return found?.getMetadata && found.setMetadata && found.cells ? (found as Notebook) : null;
}

/** Keep a widget's state and picture in the notebook's file; those of ours that no cell shows any more go. */
export function keep(notebook: Notebook, id: string, saved: Saved): void {
  const widgets = (notebook.getMetadata("widgets") ?? {}) as Record<string, Widgets | undefined>;
  const before = widgets[STATE];
  const shown = new Set([id]);
  for (const { outputs } of notebook.cells)
    for (const { data } of outputs?.toJSON() ?? []) {
      const model = data?.[VIEW]?.model_id;
      if (model) shown.add(model);
    }
  const ours = ({ state }: Saved) => state.session !== undefined && state.runtime !== undefined;
  const others = Object.entries(before?.state ?? {}).filter(([other, one]) => shown.has(other) || !ours(one));
  notebook.setMetadata("widgets", {
    ...widgets,
    [STATE]: { version_major: 2, version_minor: 0, ...before, state: { ...Object.fromEntries(others), [id]: saved } },
  });
}
