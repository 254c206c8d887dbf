// The contract of a view: what it gets, what it gives back. Nothing here knows in which host it runs.
import type { Component } from "svelte";
import { flushSync, mount, unmount } from "svelte";
import type { Case } from "./case.svelte";
import { reactive } from "./reactive.svelte";
import type { Scales } from "./scales.svelte";

export type Props = Record<string, unknown>;

/** The numbers a view has drawn, read back from its marks: for screen readers and for tests. */
export interface Description {
  view: string;
  question: string;
  sentence: string;
  n: number | null;
  selected: number | null;
  [numbers: string]: unknown;
}

/** What every view gets. */
export interface Context {
  case: Case;
  /** Go to a view of the same case; hosts that show one view open it beside. */
  go(view: string, props?: Props): void;
  /** Keep a view's own settings where the host keeps state (the address, the page's layout). */
  remember(props: Props): void;
  /** A place beside the view for what is compared or opened, where the host has one. */
  aside?(): HTMLElement | null;
  /** The id of what is written above the view where it stands twice, so that its landmark has a name of its own. */
  labelledby?: string;
  /** Where views that stand side by side agree on the ends of their axes; absent where a view stands alone. */
  scales?: Scales;
}

export interface ViewHandle {
  update(props: Props): void;
  describe(): Description;
  destroy(): void;
}

export interface View {
  name: string;
  mount(element: HTMLElement, context: Context, props: Props): ViewHandle;
}

/** What a view's component exports for its handle. */
export interface Described {
  describe(): Description;
}

/** A view drawn by a Svelte component that takes `context` and `props`, and `given` if any, and exports `describe`. */
export function define<Given extends object = object>(
  name: string,
  component: Component<{ context: Context; props: Props } & Given, Described>,
  given: Given = {} as Given,
): View {
  return {
    name,
    mount(element, context, props) {
      const state = reactive(props);
      let drawn: Described | null = mount(component, {
        target: element,
        props: {
          ...given,
          context,
          get props() {
            return state.current;
          },
        },
      });
      flushSync();
      return {
        update: (next) => {
          state.current = next;
          flushSync();
        },
        describe: () => {
          flushSync();
          return drawn!.describe();
        },
        destroy: () => {
          void unmount(drawn!);
          drawn = null; // engines keep the getter above for longer than the view
        },
      };
    },
  };
}
