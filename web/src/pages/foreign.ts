// The browser half of somebody else's view: an ES module with `mount(element, context, props)`; it stands in our frame.
import type { Case } from "../runtime/case.svelte";
import type { Host } from "../runtime/host";
import { define, type Context, type Description, type Props, type View } from "../runtime/view";
import type { ViewInfo } from "../runtime/wire";
import ForeignView from "./ForeignView.svelte";
import { over } from "./over";
import { tools } from "./tools";

export interface ForeignHandle {
  update?(props: Props): void;
  describe?(): Partial<Description>;
  destroy?(): void;
}
export interface ForeignContext extends Context {
  tools: typeof tools;
  /** Tell that the picture has changed, so that the frame reads its sentence and counts anew. */
  drawn(): void;
}
export interface ForeignHalf<Given> {
  mount(element: HTMLElement, context: ForeignContext, props: Given): ForeignHandle | void;
}

export async function foreignView(study: Case, info: ViewInfo): Promise<View> {
  const half = await halfOf<Props>(study, info.title, info.module ?? "");
  return define(info.name, ForeignView, { half, info });
}

/** The `mount` of a module: of its default export, or exported itself. */
export async function halfOf<Given>(study: Case, title: string, address: string): Promise<ForeignHalf<Given>> {
  if (!study.host.module)
    throw new Error(`“${title}” comes from another package, which this host cannot load. Open the case in the web app.`);
  let found: Record<string, unknown>;
  try {
    found = await study.host.module(address);
  } catch (error) {
    throw new Error(`The browser half of “${title}” cannot be loaded: ${error instanceof Error ? error.message : error}`);
  }
  const half = (found.default ?? found) as Partial<ForeignHalf<Given>>;
  if (typeof half.mount !== "function")
    throw new Error(`The browser half of “${title}” does not export mount(element, context, props).`);
  return half as ForeignHalf<Given>;
}

/**
 * The context of a view, with what plain JavaScript needs beside it.
 *
 * A view that shares its name with another package's is called `name@package` here, which its own script cannot know.
 */
export function foreignContext(context: Context, drawn: () => void, name = ""): ForeignContext {
  const own = name.split("@")[0];
  const called = (view: string) => (view === own ? name : view);
  const host = (study: Case) =>
    over(study.host, { call: (view, ...rest) => study.host.call(called(view), ...rest) } as Partial<Host>);
  return {
    get case() {
      return own === name ? context.case : over(context.case, { host: host(context.case) });
    },
    go: (view, props) => context.go(view, props),
    remember: (props) => context.remember(props),
    aside: () => context.aside?.() ?? null,
    scales: context.scales,
    tools,
    drawn,
  };
}
