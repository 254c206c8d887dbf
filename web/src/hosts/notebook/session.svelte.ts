// What the widgets of one case share on a page: one case, one selection, one way to the kernel.
import { Case, message } from "../../runtime/case.svelte";
import { notebookHost, type NotebookHost } from "./host";
import type { Model, Pool } from "./pool";

export class Session {
  study = $state.raw<Case | null>(null);
  failure = $state<string | null>(null);
  /** The sheet that was used last: the actions on the selection and the opened instance stand there. */
  active = $state.raw<object | null>(null);
  readonly host: NotebookHost = notebookHost();
  #opening = false;

  /** Use a widget of this case; a kernel that was started anew is found through it. */
  add(model: Model): () => void {
    this.host.pool.add(model);
    if (this.study)
      void this.host.greet().catch(() => undefined); // the link's own state says that the kernel is away
    else void this.#open();
    return () => this.host.pool.remove(model);
  }

  async #open(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    this.failure = null;
    try {
      const study = await Case.open(this.host);
      study.follow();
      this.study = study;
    } catch (error) {
      this.failure = message(error);
    } finally {
      this.#opening = false;
    }
  }
}

/** The ways to the kernels of all cases on the page. */
export function* pools(): Iterable<Pool> {
  for (const session of sessions.values()) yield session.host.pool;
}

const sessions = new Map<string, Session>();

/** The session of a key, made when first asked for. */
export function sessionOf(key: string): Session {
  const here = sessions.get(key) ?? new Session();
  sessions.set(key, here);
  return here;
}
