// Which parts match what was typed?
import type { Model } from "./model";

export interface Found {
  parts: number[];
  problem: string;
}

/** Parts whose name, type or shape matches a regular expression, in order; a series never does. */
export function search(model: Model, typed: string): Found {
  if (!typed.trim()) return { parts: [], problem: "" };
  let pattern: RegExp;
  try {
    pattern = new RegExp(typed.trim(), "i");
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /, "") : String(error);
    return { parts: [], problem: `This is no regular expression: ${reason}. A plain word will do.` };
  }
  const { id, type, kind, shapes } = model.tables.parts;
  const parts = model.tables.order.filter(
    (part) =>
      kind[part] !== "series" &&
      [id[part], type[part], ...shapes[part].map((at) => model.tables.shapes[at])].some((text) => pattern.test(text)),
  );
  return { parts, problem: "" };
}
