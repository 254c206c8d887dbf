// What has the view drawn? Read back from its marks.

const all = <E extends Element>(root: HTMLElement | undefined, marks: string) => [
  ...(root?.querySelectorAll<E & { dataset: DOMStringMap }>(marks) ?? []),
];
const told = (root: HTMLElement | undefined, name: string) => root?.querySelector(`[${name}]`)?.getAttribute(name) ?? null;
const text = (root: HTMLElement | undefined, marks: string) => root?.querySelector(marks)?.textContent ?? null;
const edges = ({ left, top, right, bottom }: DOMRect) => [left, top, right, bottom];

export function readMarks(root: HTMLElement | undefined) {
  const card = root?.querySelector(".tip");
  return {
    standing: all<HTMLElement>(root, "[data-standing]").map((line) => ({
      text: line.textContent?.replaceAll(/\s+/g, " ").trim(),
      bars: all<SVGRectElement>(line, "rect").map((bar) => Number(bar.getAttribute("height"))),
      histogram: (line.querySelector<SVGElement>("[data-histogram]")?.dataset.histogram ?? "").split(",").map(Number),
    })),
    nodes: all<SVGGElement>(root, "[data-node]").map(readTile),
    edges: all<SVGPathElement>(root, "[data-edge]").map((edge) => [
      ...(edge.dataset.edge ?? "").split(">"),
      edge.dataset.side,
      Number(edge.getAttribute("stroke-width")),
    ]),
    /** Edges in the colours of what leads into and out of the unit that is pointed at. */
    into: all<SVGPathElement>(root, "[data-edge].into").map((edge) => edge.dataset.edge),
    out: all<SVGPathElement>(root, "[data-edge].out").map((edge) => edge.dataset.edge),
    pan: (told(root, "data-pan") ?? "0,0").split(",").map(Number),
    zoom: Number(told(root, "data-zoom") ?? 1),
    pointed: told(root, "data-tip"),
    /** Left, top, right and bottom of the card of what is pointed at. */
    card: card ? edges(card.getBoundingClientRect()) : null,
    unit: told(root, "data-unit"),
    evidence: text(root, "[data-evidence]"),
    messages: all(root, ".messages li").map((one) => one.textContent),
    control: text(root, "[data-control]")?.trim() ?? null,
    ablation: text(root, "[data-ablation]")?.trim() ?? null,
    silenced: all<SVGElement>(root, "[data-random]").map((dot) => Number(dot.dataset.random)),
  };
}

function readTile(tile: SVGGElement) {
  const bars = [...tile.querySelectorAll<SVGRectElement>("[data-bar]")];
  const frame = tile.querySelector(".frame");
  return {
    id: tile.dataset.node,
    side: tile.dataset.side,
    size: Number(frame?.getAttribute("width")),
    picture: tile.querySelector("image") !== null,
    pictured: tile.querySelector("image")?.getAttribute("href") ?? null,
    counts: bars.map((bar) => Number(bar.dataset.count)),
    shares: bars.map((bar) => Number(bar.getAttribute("width")) / Number(tile.dataset.size)),
    chance: tile.classList.contains("chance"),
    dim: tile.classList.contains("dim"),
    box: frame ? edges(frame.getBoundingClientRect()) : [],
  };
}
