// The font's letters beyond western Europe weigh twice the rest of it: they are asked for when the first of them is shown.
import { addFonts } from "../shadow";

/** What `letters.css` has letters for, and Inter's first file has not. */
const BEYOND =
  /[\u0100-\u0130\u0132-\u0151\u0154-\u02ba\u02bd-\u02ff\u1d00-\u1eff\u2020\u20a0-\u20c0\u2113\u2c60-\u2c7f\ua720-\ua7ff]/;
const watchers = new Set<MutationObserver>();
let there: Promise<void> | null = null;

/** Whether a text has letters that the first file of the font lacks. */
export const beyond = (text: string): boolean => BEYOND.test(text);

/** Watch what is written in a root until a letter is missing; gives the end of it. */
export function watchLetters(root: ShadowRoot): () => void {
  const read = (nodes: Iterable<Node>) => {
    for (const node of nodes) if (beyond(node.textContent ?? "")) return fetchLetters();
  };
  const watcher = new MutationObserver((records) => {
    for (const record of records) read(record.type === "characterData" ? [record.target] : record.addedNodes);
  });
  if (there) return () => undefined;
  watchers.add(watcher);
  watcher.observe(root, { subtree: true, childList: true, characterData: true });
  read(root.childNodes);
  return () => {
    watcher.disconnect();
    watchers.delete(watcher);
  };
}

function fetchLetters(): void {
  there ??= import("./more_letters").then(
    ({ default: css }) => {
      addFonts(css);
      for (const watcher of watchers) watcher.disconnect();
      watchers.clear();
    },
    () => void (there = null), // no kernel answers: the next such letter asks again
  );
}
