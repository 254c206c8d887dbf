// What does the page's address ask the view for? All that is chosen, each within its limits.
import type { Props } from "../../runtime/view";
import type { LayerInfo } from "../../runtime/wire";
import type { Choices, Settings, Subset, Where } from "./answers";
import type { Spread } from "./layout";

export interface Asked {
  /** Of an imported graph; null for one of this case. */
  key: string | null;
  a: Subset | null;
  b: Subset | null;
  settings: Settings;
  /** Share of the instances in which a unit must be among the most active. */
  least: number;
  spread: Spread;
  /** What a tile shows: the part a unit looks at, or a picture made to excite it. */
  look: "crop" | "made";
  /** The unit that is open, as layer:number. */
  unit: string | null;
}

const FEW_UNITS = 1000;

const isSubset = (value: unknown): value is Subset =>
  typeof (value as Subset)?.text === "string" && typeof (value as Subset)?.tree?.op === "string";

const between = (value: unknown, least: number, most: number, or: number) =>
  typeof value === "number" && value >= least && value <= most ? value : or;

/** @param or the subset to begin with, where the address names none */
export function readAddress(props: Props, captured: readonly LayerInfo[], or: Subset | null): Asked {
  const key = typeof props.imported === "string" ? props.imported : null;
  const few = captured.reduce((sum, layer) => sum + layer.units, 0) < FEW_UNITS;
  const known = (name: unknown): name is string => captured.some((layer) => layer.name === name);
  return {
    key,
    a: isSubset(props.a) ? props.a : or,
    b: isSubset(props.b) && !key ? props.b : null,
    settings: {
      mass: between(props.mass, 0.01, 1, few ? 0.5 : 0.1),
      weight: props.weight === "total" ? "total" : "count",
      negative: props.negative === "shift" || props.negative === "abs" ? props.negative : "relu",
      layers: Array.isArray(props.layers) ? props.layers.filter(known) : [],
    },
    least: between(props.least, 0, 1, 0),
    spread: { across: between(props.across, 4, 120, 12), down: between(props.down, 20, 320, 74) },
    look: props.look === "made" ? "made" : "crop",
    unit: typeof props.unit === "string" && /:\d+$/.test(props.unit) ? props.unit : null,
  };
}

/** The class with most instances. */
export function largestClass(chosen: Choices | null): Subset | null {
  const largest = chosen?.classes.reduce<{ label: string; n: number } | null>((x, y) => (y.n > (x?.n ?? 0) ? y : x), null);
  return largest ? { tree: { op: "compare", column: "label", is: "=", value: largest.label }, text: largest.label } : null;
}

/** The graph to ask Python for; null where there is nothing to draw one of. */
export function whereOf(asked: Asked, layers: number): Where | { key: string } | null {
  if (asked.key) return { key: asked.key };
  return asked.a && layers > 1 ? { a: asked.a.tree, b: asked.b?.tree ?? null, settings: asked.settings } : null;
}
