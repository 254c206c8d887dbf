// The notebook's half in the browser: draws a widget's view in a shadow root; all widgets of a case share one case and one selection.
import { mount, unmount } from "svelte";
import { theme } from "../runtime/theme.svelte";
import type { Page } from "../runtime/wire";
import { load } from "../pages/views";
import { followTheme } from "./notebook/around";
import { keep, notebookOf } from "./notebook/keeping";
import { watchLetters } from "./notebook/letters";
import { loadParts } from "./notebook/parts";
import { photograph } from "./notebook/photograph";
import type { Model } from "./notebook/pool";
import { pools, sessionOf } from "./notebook/session.svelte";
import Sheet from "./notebook/Sheet.svelte";
import { shadowIn } from "./shadow";

loadParts(pools);
theme.embed();
followTheme((said) => theme.set(said, false));

/** A view as it stands in a cell; a notebook that draws the cell anew gets the same one moved, with all that was done in it. */
interface Drawn {
  element: HTMLElement;
  /** Who shows it: the last call of `draw`. */
  owner: object | null;
  destroy(): void;
}
const drawn = new Map<string, Set<Drawn>>();
const attached = new Set<string>();
/** Milliseconds a view lives without a place, for a notebook that takes a cell away to put it elsewhere. */
const LIVES_ON = 1_000;
const REFRESHED_AFTER = 400;

/** Use a widget for requests for as long as it lives. */
export function attach({ model }: { model: Model }): () => void {
  const name = model.get("name") as string;
  attached.add(name);
  const stop = sessionOf(model.get("session") as string).add(model);
  return () => {
    attached.delete(name);
    stop();
  };
}

/** Draw a widget's view in an element. */
export function draw({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const name = model.get("name") as string;
  if (!attached.has(name)) attach({ model });
  const owner = {};
  const here = drawn.get(name) ?? new Set();
  drawn.set(name, here);
  const view = [...here].find((one) => !one.element.isConnected) ?? make(model, name);
  here.add(view);
  view.owner = owner;
  el.append(view.element);
  return () => {
    if (view.owner !== owner) return;
    view.owner = null;
    setTimeout(() => {
      if (view.owner) return;
      here.delete(view);
      view.destroy();
    }, LIVES_ON);
  };
}

function make(model: Model, name: string): Drawn {
  const element = document.createElement("div");
  element.className = "underglass";
  // JupyterLab sees keys inside as keys on this element, and would take them for its own commands
  element.dataset.lmSuppressShortcuts = "true";
  element.dataset.name = name;
  const width = model.get("width") as number | null;
  if (width) element.style.width = `${width}px`;
  const root = shadowIn(element);
  const leave = theme.bear(element);
  const unwatch = watchLetters(root);
  const page = model.get("page") as Page;
  // their code comes while the case is opened; what does not come is asked for again where it is drawn, and said there
  for (const tile of page.tabs.flatMap((tab) => tab.tiles)) if (tile.view) void load(tile.view).catch(() => null);
  const place = document.createElement("div");
  root.append(place);
  const sheet = mount(Sheet, {
    target: place,
    props: {
      session: sessionOf(model.get("session") as string),
      page,
      chrome: model.get("chrome") as string,
      height: model.get("height") as number | null,
      name,
      ondrawn: () => setTimeout(() => void picture(model, name, root, place), REFRESHED_AFTER),
    },
  });
  const destroy = () => {
    leave();
    unwatch();
    void unmount(sheet);
    element.remove();
  };
  return { element, owner: null, destroy };
}

const pictured = new Set<string>();

/** Send how the view looks to Python, and keep it in the notebook's file where there is one. */
async function picture(model: Model, name: string, root: ShadowRoot, place: HTMLElement): Promise<void> {
  if (pictured.has(name) || !place.isConnected) return;
  pictured.add(name);
  const words = `${model.get("words") as string}${sentences(place)}`;
  const image = await photograph(root, place).catch(() => null);
  if (!image) return;
  model.send({ ask: "picture", words }, undefined, [await image.arrayBuffer()]);
  const notebook = notebookOf(model.widget_manager);
  if (!notebook) return;
  const own = ["_esm", "_anywidget_id", "_model_module", "_model_module_version", "_model_name"];
  const views = ["_view_module", "_view_module_version", "_view_name", "name", "session", "runtime", "page", "chrome"];
  const state = Object.fromEntries([...own, ...views, "width", "height"].map((key) => [key, model.get(key)]));
  keep(notebook, name, {
    model_name: "AnyModel",
    model_module: "anywidget",
    model_module_version: model.get("_model_module_version") as string,
    state: { ...state, words, picture: await address(image) },
  });
}

/** What the views say of themselves. */
function sentences(place: HTMLElement): string {
  return [...place.querySelectorAll(".frame")]
    .map((frame) => [frame.querySelector("h2"), frame.querySelector(".n"), frame.querySelector(".sentence")])
    .map((parts) => parts.map((part) => part?.textContent?.trim().replaceAll(/\s+/g, " ")).filter(Boolean))
    .map((parts) => `\n${parts.join(" · ")}`)
    .join("");
}

function address(image: Blob): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(image);
  });
}
