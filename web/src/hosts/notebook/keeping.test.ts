// Does a notebook's file keep the views it shows, and nothing else of ours?
import { expect, it } from "vitest";
import { keep, notebookOf } from "./keeping";

const STATE = "application/vnd.jupyter.widget-state+json";
const saved = (picture: string) => ({
  model_name: "AnyModel",
  model_module: "anywidget",
  model_module_version: "~0.11.0",
  state: { session: "s", runtime: "r", picture },
});

function notebook(metadata: Record<string, unknown>, shown: string[]) {
  const held = { ...metadata };
  return {
    held,
    getMetadata: (key: string) => held[key],
    setMetadata: (key: string, value: unknown) => void (held[key] = value),
    cells: [
      {},
      {
        outputs: {
          toJSON: () => shown.map((id) => ({ data: { "application/vnd.jupyter.widget-view+json": { model_id: id } } })),
        },
      },
    ],
  };
}

it("keeps a view under its id, leaves what others keep, and forgets our views that no cell shows", () => {
  const slider = {
    model_name: "IntSliderModel",
    model_module: "@jupyter-widgets/controls",
    model_module_version: "2",
    state: { value: 3 },
  };
  const book = notebook(
    {
      widgets: {
        [STATE]: { version_major: 2, version_minor: 0, state: { slider, old: saved("a"), still: saved("b") } },
        other: 1,
      },
    },
    ["still", "slider"],
  );

  keep(book as never, "new", saved("c"));

  const kept = book.held.widgets as Record<string, { state: object }>;
  expect(Object.keys(kept[STATE].state).sort()).toEqual(["new", "slider", "still"]);
  expect(kept.other).toBe(1);
});

it("knows a manager without a notebook", () => {
  expect(notebookOf(undefined)).toBeNull();
  expect(notebookOf({ context: { model: {} } })).toBeNull();
});
