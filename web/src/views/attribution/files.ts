// How does a graph leave as Summit's JSON, and how does one come in?
import { message, type Case } from "../../runtime/case.svelte";
import { save } from "../../parts/save";
import { exported, offerFile, type Settings, type Subset } from "./answers";

/** Save a subset's graph; says on the screen why it cannot be. */
export async function takeFile(study: Case, a: Subset, settings: Settings): Promise<void> {
  try {
    const text = JSON.stringify(await exported(study, a.tree, settings));
    save(new Blob([text], { type: "application/json" }), `attribution-${a.text.replaceAll(/[^\p{L}\p{N}]+/gu, "-")}.json`);
  } catch (error) {
    study.say(message(error), { wrong: true });
  }
}

/** The key by which a file's graph is kept; null if it was refused, which is said on the screen. */
export async function giveFile(study: Case, file: File): Promise<string | null> {
  try {
    const kept = await offerFile(study, await file.text(), file.name);
    if ("key" in kept) return kept.key;
    study.say(kept.refused, { wrong: true });
  } catch (error) {
    study.say(message(error), { wrong: true });
  }
  return null;
}
