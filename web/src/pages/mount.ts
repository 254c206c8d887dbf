// A page in any host: opens the case, draws the page, and the bar of the selection below it where the host wants one.
import { flushSync, mount, unmount } from "svelte";
import { Case } from "../runtime/case.svelte";
import type { Host } from "../runtime/host";
import { reactive } from "../runtime/reactive.svelte";
import type { Context, Description } from "../runtime/view";
import type { Page } from "../runtime/wire";
import Mounted from "./Mounted.svelte";

export interface Options {
  /** Whether tiles can be moved, added and removed here. */
  editable?: boolean;
  /** Whether the bar of the selection and what was said last are drawn with it. */
  chrome?: boolean;
  /** A case that is open already, so that several pages share one selection; it is then not closed with the page. */
  study?: Case;
  /** What going to another view of the case does; without, nothing. */
  go?: Context["go"];
}

export interface MountedPage {
  /** Resolves when the case is open and the page drawn; rejects with why it could not be. */
  ready: Promise<void>;
  update(page: Page): void;
  /** What a tile has drawn, by the tile's id or its view's name. */
  describe(id: string): Description | null;
  /** The case, once it is open. */
  study(): Case | null;
  destroy(): void;
}

export function mountPage(element: HTMLElement, host: Host, page: Page, options: Options = {}): MountedPage {
  const state = reactive(page);
  let study: Case | null = options.study ?? null;
  let drawn: ReturnType<typeof mount> | null = null;
  let gone = false;

  const open = async () => {
    if (!study) {
      const opened = await Case.open(host);
      if (gone) return;
      opened.follow();
      study = opened;
    }
    if (gone) return;
    drawn = mount(Mounted, {
      target: element,
      props: {
        study,
        get page() {
          return state.current;
        },
        editable: options.editable ?? false,
        chrome: options.chrome ?? false,
        go: options.go,
      },
    });
    flushSync();
  };
  return {
    ready: open(),
    update: (next) => {
      state.current = next;
      flushSync();
    },
    describe: (id) =>
      (window as unknown as { underglass?: { describe(name: string): Description | null } }).underglass?.describe(id) ?? null,
    study: () => study,
    destroy: () => {
      gone = true;
      if (drawn) void unmount(drawn);
      if (!options.study) study?.close();
      drawn = null;
    },
  };
}
