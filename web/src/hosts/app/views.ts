// The browser halves of the views, found by their file: web/src/views/<name>.ts, each loaded when first shown.
import type { View } from "../../runtime/view";

const found = import.meta.glob<{ default: View }>("../../views/*.ts");

export async function load(name: string): Promise<View | null> {
  const loader = found[`../../views/${name}.ts`];
  return loader ? (await loader()).default : null;
}

export function known(): string[] {
  return Object.keys(found).map((path) => path.slice(path.lastIndexOf("/") + 1, -3));
}
