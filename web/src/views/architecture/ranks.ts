// A layout in ranks for what is too long or too large for dagre: no recursion, near to linear time; the same form of answer.
import { BETWEEN_BOXES, DOOR, type LevelPlaces, type LevelTask } from "./levels";

/** An edge over more ranks than this runs beside the drawing, where it needs no place in each rank. */
const LONGEST = 40;
/** Places for passing edges in all; beyond, edges that pass ranks run beside. */
const MOST_PASSING = 30_000;
const SWEEPS = 3;
const LANE = 12;

interface Item {
  width: number;
  height: number;
  rank: number;
  x: number;
  weight: number;
}

export function placeInRanks(task: LevelTask): LevelPlaces {
  const n = task.boxes.length;
  const items: Item[] = task.boxes.map(([width, height]) => ({ width, height, rank: 0, x: 0, weight: 1 }));
  for (let i = 0; i < task.entries + task.exits; i++) items.push({ width: DOOR, height: 0, rank: 0, x: 0, weight: 1 });
  const ranks = ranked(task, items);
  const chains: (number[] | null)[] = [];
  let passing = 0;
  for (const [from, to] of task.edges) {
    const span = items[to].rank - items[from].rank;
    if (span < 1 || span > LONGEST || (span > 1 && passing + span - 1 > MOST_PASSING)) {
      chains.push(null);
      continue;
    }
    const chain = [from];
    for (let rank = items[from].rank + 1; rank < items[to].rank; rank++) {
      chain.push(items.length);
      items.push({ width: 4, height: 0, rank, x: 0, weight: 6 });
      passing += 1;
    }
    chain.push(to);
    chains.push(chain);
  }
  const rows: number[][] = Array.from({ length: ranks }, () => []);
  const above: number[][] = items.map(() => []);
  const below: number[][] = items.map(() => []);
  for (const chain of chains)
    for (let i = 0; chain && i + 1 < chain.length; i++) {
      below[chain[i]].push(chain[i + 1]);
      above[chain[i + 1]].push(chain[i]);
    }
  items.forEach((item, at) => rows[item.rank].push(at));
  order(rows, above, below, items.length);
  for (const row of rows) {
    let x = 0;
    for (const at of row) {
      items[at].x = x + items[at].width / 2;
      x += items[at].width + BETWEEN_BOXES;
    }
  }
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (let r = 0; r < ranks; r++) straighten(rows[down ? r : ranks - 1 - r], down ? above : below, items);
  }
  return finish(task, items, rows, chains, n);
}

/** Longest paths from the sources; edges of a circle count in one direction alone. Gives the number of ranks. */
function ranked(task: LevelTask, items: Item[]): number {
  const n = task.boxes.length;
  const out: number[][] = items.map(() => []);
  const waiting = new Int32Array(items.length);
  for (const [from, to] of task.edges) {
    out[from].push(to);
    waiting[to] += 1;
  }
  const isExit = (at: number) => at >= n + task.entries;
  const done = new Uint8Array(items.length);
  const ready: number[] = [];
  const first = task.entries > 0 ? 1 : 0;
  items.forEach((item, at) => {
    if (at < n) item.rank = first;
    if (!waiting[at]) ready.push(at);
  });
  let rest = 0;
  for (let i = 0; ; i++) {
    if (i === ready.length) {
      while (rest < items.length && (done[rest] || waiting[rest] === 0)) rest += 1;
      if (rest === items.length) break;
      waiting[rest] = 0;
      ready.push(rest);
    }
    const at = ready[i];
    done[at] = 1;
    for (const to of out[at]) {
      if (done[to]) continue;
      items[to].rank = Math.max(items[to].rank, items[at].rank + 1);
      waiting[to] -= 1;
      if (waiting[to] === 0) ready.push(to);
    }
  }
  let last = 0;
  items.forEach((item, at) => {
    if (!isExit(at)) last = Math.max(last, item.rank);
  });
  const into = new Uint8Array(items.length);
  const nearest = new Int32Array(items.length).fill(-1);
  for (const [from, to] of task.edges) {
    into[to] = 1;
    if (nearest[from] < 0 || items[to].rank < nearest[from]) nearest[from] = items[to].rank;
  }
  items.forEach((item, at) => {
    if (isExit(at)) item.rank = last + 1;
    else if (at < n && !into[at] && nearest[at] > first) item.rank = nearest[at] - 1; // a source stands before what takes it
  });
  return last + 1 + (task.exits > 0 ? 1 : 0);
}

/** Order each row by the mean place of its neighbours, down and up again. */
function order(rows: number[][], above: number[][], below: number[][], count: number): void {
  const place = new Float64Array(count);
  const note = (row: number[]) => row.forEach((at, i) => (place[at] = i));
  rows.forEach(note);
  for (let sweep = 0; sweep < 2 * SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const near = down ? above : below;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[down ? i : rows.length - 1 - i];
      if (row.length < 2) continue;
      const wanted = new Map(
        row.map((at) => [at, near[at].length ? near[at].reduce((sum, one) => sum + place[one], 0) / near[at].length : place[at]]),
      );
      row.sort((a, b) => (wanted.get(a) as number) - (wanted.get(b) as number) || place[a] - place[b]);
      note(row);
    }
  }
}

/** Put a row's items as near to their neighbours as its order and widths allow: least squares by pooling what would overlap. */
function straighten(row: number[], near: number[][], items: Item[]): void {
  const offset: number[] = [];
  let at = 0;
  row.forEach((one, i) => {
    const item = items[one];
    at += i ? items[row[i - 1]].width / 2 + BETWEEN_BOXES + item.width / 2 : 0;
    offset.push(at);
  });
  const blocks: { sum: number; weight: number; count: number }[] = [];
  row.forEach((one, i) => {
    const mean = near[one].length ? near[one].reduce((sum, other) => sum + items[other].x, 0) / near[one].length : items[one].x;
    let block = { sum: (mean - offset[i]) * items[one].weight, weight: items[one].weight, count: 1 };
    while (blocks.length && blocks[blocks.length - 1].sum / blocks[blocks.length - 1].weight >= block.sum / block.weight) {
      const before = blocks.pop() as typeof block;
      block = { sum: before.sum + block.sum, weight: before.weight + block.weight, count: before.count + block.count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const block of blocks) for (let k = 0; k < block.count; k++, i++) items[row[i]].x = block.sum / block.weight + offset[i];
}

function finish(task: LevelTask, items: Item[], rows: number[][], chains: (number[] | null)[], n: number): LevelPlaces {
  let left = Infinity;
  let right = -Infinity;
  for (const item of items) {
    left = Math.min(left, item.x - item.width / 2);
    right = Math.max(right, item.x + item.width / 2);
  }
  const tops: number[] = [];
  const heights = rows.map((row) => row.reduce((most, at) => Math.max(most, items[at].height), 0));
  let y = task.entries > 0 ? 0 : -0;
  heights.forEach((height, rank) => {
    tops.push(y);
    y += height + (rank < heights.length - 1 ? task.gap : 0);
  });
  const height = Math.max(y, 0);
  const middle = (at: number) => tops[items[at].rank] + heights[items[at].rank] / 2;
  const head = (at: number) => middle(at) - items[at].height / 2;
  const foot = (at: number) => middle(at) + items[at].height / 2;
  const x = (at: number) => items[at].x - left;
  let lanes = 0;
  const edges = task.edges.map(([from, to], i): [number, number][] => {
    const chain = chains[i];
    if (chain)
      return chain.map(
        (at, k) => [x(at), k === 0 ? foot(at) : k === chain.length - 1 ? head(at) : middle(at)] as [number, number],
      );
    const lane = right - left + LANE * (1 + (lanes++ % 20));
    return [
      [x(from), foot(from)],
      [lane, foot(from) + task.gap / 2],
      [lane, head(to) - task.gap / 2],
      [x(to), head(to)],
    ];
  });
  return {
    width: Math.max(0, right - left) + (lanes ? LANE * (1 + Math.min(lanes, 20)) : 0),
    height,
    boxes: task.boxes.map((_, at) => [x(at) - items[at].width / 2, head(at)]),
    entries: Array.from({ length: task.entries }, (_, i) => x(n + i)),
    exits: Array.from({ length: task.exits }, (_, i) => x(n + task.entries + i)),
    edges,
    by: "ranks",
  };
}
