// How does a new page begin? Empty, under a name that no other page of the case has.
import type { Case } from "../../runtime/case.svelte";
import type { Page } from "../../runtime/wire";

/** "Page 3", or "Report (2)" after another. */
export function freeName(taken: readonly string[], after?: string): string {
  for (let number = after ? 2 : taken.length + 1; ; number++) {
    const name = after ? `${after} (${number})` : `Page ${number}`;
    if (!taken.includes(name)) return name;
  }
}

/** Keep an empty page in the case; its name, or null if that was refused (and said). */
export async function createPage(study: Case): Promise<string | null> {
  const name = freeName(study.info.pages);
  const page: Page = { name, title: name, tabs: [{ title: "", tiles: [] }], version: 1 };
  return (await study.edit({ op: "page", value: { page } })) ? name : null;
}
