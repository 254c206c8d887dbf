// Where do the boxes of one level stand? By dagre where it is fit for it, else in ranks of our own.
import { Graph, layout } from "@dagrejs/dagre";
import { BETWEEN_BOXES, DOOR, type LevelPlaces, type LevelTask } from "./levels";
import { placeInRanks } from "./ranks";

/** dagre recurses along paths (its stack ends near 3,000 boxes in a row) and puts a node into every rank that an edge passes. */
const DEEPEST = 400;
const MOST_BOXES = 350;
const MOST_PASSED = 1_200;

/** What decides: the longest path, and in how many ranks edges pass. */
function extent(task: LevelTask): { depth: number; passed: number } {
  const count = task.boxes.length + task.entries + task.exits;
  const out: number[][] = Array.from({ length: count }, () => []);
  const waiting = new Int32Array(count);
  for (const [from, to] of task.edges) {
    out[from].push(to);
    waiting[to] += 1;
  }
  const rank = new Int32Array(count);
  const ready = [...waiting.keys()].filter((at) => !waiting[at]);
  for (let i = 0; i < ready.length; i++)
    for (const to of out[ready[i]]) {
      rank[to] = Math.max(rank[to], rank[ready[i]] + 1);
      if (--waiting[to] === 0) ready.push(to);
    }
  const passed = task.edges.reduce((sum, [from, to]) => sum + Math.max(0, rank[to] - rank[from] - 1), 0);
  return { depth: rank.reduce((most, one) => Math.max(most, one), 0), passed: ready.length < count ? Infinity : passed };
}

export function placeLevel(task: LevelTask): LevelPlaces {
  const count = task.boxes.length + task.entries + task.exits;
  if (!task.boxes.length || count > MOST_BOXES) return placeInRanks(task);
  const { depth, passed } = extent(task);
  if (depth > DEEPEST || passed > MOST_PASSED) return placeInRanks(task);
  try {
    return placeByDagre(task);
  } catch {
    return placeInRanks(task); // whatever dagre stumbles over, the graph is drawn
  }
}

function placeByDagre(task: LevelTask): LevelPlaces {
  const n = task.boxes.length;
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: BETWEEN_BOXES, ranksep: task.gap, edgesep: 14, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  task.boxes.forEach(([width, height], at) => graph.setNode(String(at), { width, height }));
  const doors = task.entries + task.exits;
  for (let i = 0; i < doors; i++) graph.setNode(String(n + i), { width: DOOR, height: 0 });
  task.edges.forEach(([from, to], i) => graph.setEdge(String(from), String(to), { weight: 1, minlen: 1 }, String(i)));
  holdDoors(task, graph);
  layout(graph);
  const node = (at: number) => graph.node(String(at)) as unknown as { x: number; y: number; width: number; height: number };
  const boxes = task.boxes.map(([width, height], at): [number, number] => [node(at).x - width / 2, node(at).y - height / 2]);
  const points = task.edges.map(([from, to], i) => {
    const label = graph.edge(String(from), String(to), String(i)) as unknown as { points: { x: number; y: number }[] };
    return label.points.map(({ x, y }): [number, number] => [x, y]);
  });
  const entries = Array.from({ length: task.entries }, (_, i) => node(n + i).x);
  const exits = Array.from({ length: task.exits }, (_, i) => node(n + task.entries + i).x);
  const top = task.entries ? node(n).y : Math.min(...boxes.map(([, y]) => y));
  const bottom = task.exits ? node(n + task.entries).y : Math.max(...boxes.map(([, y], at) => y + task.boxes[at][1]));
  const xs = [...boxes.flatMap(([x], at) => [x, x + task.boxes[at][0]]), ...points.flat().map(([x]) => x), ...entries, ...exits];
  const left = Math.min(...xs);
  const moved = ([x, y]: [number, number]): [number, number] => [x - left, y - top];
  return {
    width: Math.max(...xs) - left,
    height: bottom - top,
    boxes: boxes.map(moved),
    entries: entries.map((x) => x - left),
    exits: exits.map((x) => x - left),
    edges: points.map((line) => line.map(moved)),
    by: "dagre",
  };
}

/** Entries all stand in the first rank and exits in the last: heavy edges tie them to a node before, or behind, all others. */
function holdDoors(task: LevelTask, graph: Graph): void {
  const n = task.boxes.length;
  const free = { width: 0, height: 0 };
  if (task.entries) {
    const fed = new Set(task.edges.map(([, to]) => to));
    graph.setNode("before", { ...free });
    for (let i = 0; i < task.entries; i++) graph.setEdge("before", String(n + i), { weight: 1000, minlen: 1 }, "hold");
    for (let at = 0; at < n; at++) if (!fed.has(at)) graph.setEdge("before", String(at), { weight: 0, minlen: 2 }, "hold");
  }
  if (task.exits) {
    const feeding = new Set(task.edges.map(([from]) => from));
    graph.setNode("behind", { ...free });
    for (let i = 0; i < task.exits; i++)
      graph.setEdge(String(n + task.entries + i), "behind", { weight: 1000, minlen: 1 }, "hold");
    for (let at = 0; at < n; at++) if (!feeding.has(at)) graph.setEdge(String(at), "behind", { weight: 0, minlen: 2 }, "hold");
  }
}
