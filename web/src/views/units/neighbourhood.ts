// What stands before and behind a layer in the model's graph?
import type { ModelGraph } from "./answers";

/** An operation of the graph, by its place in it. */
export interface Place {
  at: number;
  /** The layer it is named by; its kind where no layer is named after it. */
  name: string;
  type: string;
  shape: number[];
  layer: string | null;
  captured: boolean;
}

export interface Neighbourhood {
  before: Place[];
  self: Place | null;
  after: Place[];
}

export function around(graph: ModelGraph | null, layer: string): Neighbourhood {
  const nodes = graph?.nodes ?? [];
  const edges = graph?.edges ?? [];
  const here = nodes.findIndex((node) => node.layers.includes(layer));
  const place = (at: number): Place => {
    const { type, shape, captured } = nodes[at];
    const own = at === here ? layer : nodes[at].layer;
    return { at, name: own ?? type, type, shape, layer: own, captured };
  };
  const each = (places: number[]) => [...new Set(places)].map(place);
  if (here < 0) return { before: [], self: null, after: [] };
  return {
    before: each(edges.filter((edge) => edge.to === here).map((edge) => edge.from)),
    self: place(here),
    after: each(edges.filter((edge) => edge.from === here).map((edge) => edge.to)),
  };
}
