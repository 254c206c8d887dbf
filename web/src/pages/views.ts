// The browser halves of the views: ours by their file, web/src/views/<name>.ts, each loaded when first shown; other people's by the
// address that the case's list of views gives.
import type { Case } from "../runtime/case.svelte";
import { define, type View } from "../runtime/view";
import type { ViewInfo } from "../runtime/wire";
import Absent from "./Absent.svelte";

const found = import.meta.glob<{ default: View }>("../views/*.ts");

export async function load(name: string): Promise<View | null> {
  const loader = found[`../views/${name}.ts`];
  return loader ? (await loader()).default : null;
}

/** Names of the views that can be drawn: our own, and those of a case that bring their own browser half. */
export function known(study?: Case): string[] {
  const ours = Object.keys(found).map((path) => path.slice(path.lastIndexOf("/") + 1, -3));
  return [...ours, ...(study?.info.views.filter((view) => view.module).map((view) => view.name) ?? [])];
}

/** The views that can stand on a page of a case: those that have a browser half and what they need. */
export function drawable(study: Case): ViewInfo[] {
  const names = new Set(known(study));
  return study.info.views.filter((view) => view.fits && view.name !== "pages" && names.has(view.name));
}

const absent = define("absent", Absent);

/** How the views of a case are loaded; in the place of one that the host cannot draw stands why. */
export function loading(study: Case): (name: string) => Promise<View | null> {
  return async (name) => {
    const reason = study.host.absent?.(name) ?? null;
    if (reason !== null) {
      const props = { absent: name, reason };
      return { name, mount: (element, context) => ({ ...absent.mount(element, context, props), update: () => undefined }) };
    }
    const info = study.info.views.find((view) => view.name === name);
    if (!info?.module) return load(name);
    const { foreignView } = await import("./foreign");
    return foreignView(study, info);
  };
}
