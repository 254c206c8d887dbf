// How does the matrix come onto its canvas, and what do its pixels say?
import { HEAD, ROW, labelEvery, stepOf, type Ends, type Line } from "./matrix";

/** What is painted: the columns that are seen, on all rows. */
export interface Scene {
  /** Width and height in CSS pixels, and pixels of the screen in each. */
  room: number;
  height: number;
  ratio: number;
  /** How far it is scrolled, and how wide a column is. */
  scroll: number;
  width: number;
  /** First column that is seen, and the one behind the last. */
  range: [number, number];
  order: Int32Array;
  lines: readonly Line[];
  scale: Ends;
  two: boolean;
  dead: ReadonlySet<number>;
  twins: ReadonlyMap<number, number>;
  opened: number | null;
  hovered: { line: number; place: number } | null;
  font: string;
  /** Of the steps, in their order. */
  ramp: readonly string[];
  colours: Record<"ink" | "muted" | "rule" | "selection" | "surface", string>;
}

const gapOf = (width: number) => (width > 8 ? 2 : 1);

/** Paint all that is seen; gives how many cells that were. */
export function paint(paper: CanvasRenderingContext2D, scene: Scene): number {
  const { room, height, ratio, colours } = scene;
  paper.setTransform(ratio, 0, 0, ratio, 0, 0);
  paper.fillStyle = colours.surface;
  paper.fillRect(0, 0, room, height);
  head(paper, scene);
  const cells = scene.lines.reduce((sum, line, i) => sum + row(paper, scene, line, HEAD + i * ROW), 0);
  frames(paper, scene);
  return cells;
}

function head(paper: CanvasRenderingContext2D, { range, order, width, scroll, dead, twins, opened, font, colours }: Scene) {
  paper.font = `11px ${font}`;
  paper.textAlign = "center";
  const every = labelEvery(width, order.length);
  const half = (width - gapOf(width)) / 2;
  for (let place = range[0]; place < range[1]; place++) {
    const unit = order[place];
    const x = place * width - scroll;
    if (place % every === 0) {
      paper.fillStyle = unit === opened ? colours.ink : colours.muted;
      paper.fillText(String(unit), Math.max(x + half, 3.2 * String(unit).length), 11);
    }
    paper.fillStyle = colours.muted;
    if (dead.has(unit)) paper.fillText("×", x + half, 25);
    else if (twins.has(unit)) paper.fillText("=", x + half, 25);
  }
}

function row(paper: CanvasRenderingContext2D, scene: Scene, line: Line, y: number): number {
  const { range, order, width, scroll, scale, two, ramp } = scene;
  if (!line.values || line.n === 0 || line.n === -1) {
    if (line.n !== null) hatch(paper, scene, y + 2);
    return 0;
  }
  let cells = 0;
  for (let place = range[0]; place < range[1]; place++) {
    const unit = order[place];
    const step = stepOf(line.values[unit], scale.bottom[unit], scale.top[unit], two);
    if (step === null) continue;
    paper.fillStyle = ramp[two ? step + 3 : step];
    paper.fillRect(place * width - scroll, y + 2, width - gapOf(width), ROW - 4);
    cells += 1;
  }
  return cells;
}

function frames(paper: CanvasRenderingContext2D, { range, order, width, scroll, lines, opened, hovered, colours }: Scene) {
  const wide = width - gapOf(width);
  const place = opened === null ? -1 : order.indexOf(opened);
  if (place >= range[0] && place < range[1]) {
    paper.strokeStyle = colours.selection;
    paper.lineWidth = 2;
    paper.strokeRect(place * width - scroll - 2, HEAD - 1, wide + 4, lines.length * ROW);
  }
  if (hovered) {
    paper.strokeStyle = colours.ink;
    paper.lineWidth = 1.5;
    paper.strokeRect(hovered.place * width - scroll - 0.5, HEAD + hovered.line * ROW + 1, wide + 1, ROW - 2);
  }
}

/** A row without instances: empty is not zero. */
function hatch(paper: CanvasRenderingContext2D, { room, order, width, scroll, colours }: Scene, top: number) {
  const tall = ROW - 4;
  paper.save();
  paper.beginPath();
  paper.rect(0, top, Math.min(room, order.length * width - scroll), tall);
  paper.clip();
  paper.strokeStyle = colours.rule;
  paper.lineWidth = 1;
  paper.beginPath();
  for (let x = -tall; x < room; x += 6) {
    paper.moveTo(x, top + tall);
    paper.lineTo(x + tall, top);
  }
  paper.stroke();
  paper.restore();
}

/** Look at the pixel in the middle of each cell that is seen, and say which step of the ramp it has, row by row. */
export function readSteps(paper: CanvasRenderingContext2D, scene: Scene): [string, (number | null)[]][] {
  const { range, width, scroll, ratio, two, ramp } = scene;
  const known = new Map(ramp.map((colour, step) => [colour.toLowerCase(), two ? step - 3 : step]));
  return scene.lines.map((line, i) => {
    const y = Math.round((HEAD + i * ROW + ROW / 2) * ratio);
    const pixels = paper.getImageData(0, y, paper.canvas.width, 1).data;
    const steps = Array.from({ length: range[1] - range[0] }, (_, k) => {
      const x = Math.round(((range[0] + k) * width - scroll + (width - gapOf(width)) / 2) * ratio);
      if (x < 0 || 4 * x + 3 >= pixels.length) return null;
      const hex = [0, 1, 2].map((c) => pixels[4 * x + c].toString(16).padStart(2, "0")).join("");
      return known.get(`#${hex}`) ?? null;
    });
    return [line.key, steps];
  });
}
