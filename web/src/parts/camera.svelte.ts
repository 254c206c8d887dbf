// How is a drawing moved and zoomed? By dragging, by the wheel and by steps, within limits; for drawings in SVG.
import { focused } from "./focus";

interface Limits {
  least: number;
  most: number;
  /** Turns of the wheel, in pixels, that enlarge it e times. */
  turns: number;
}

/** A pointer has to go so far, in pixels, until a press is a drag and not a click. */
const SLACK = 4;

export class Camera {
  x = $state(0);
  y = $state(0);
  k = $state(1);
  #from: { x: number; y: number; id: number; moved: boolean } | null = null;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether the press that goes on, or has just ended, moved the drawing. */
  get moved(): boolean {
    return this.#from?.moved ?? false;
  }

  /** Enlarge around a place of the drawing's own box; null shows all of it. */
  zoom(factor: number | null, x: number, y: number): void {
    if (factor === null) {
      [this.x, this.y, this.k] = [0, 0, 1];
      return;
    }
    const k = Math.min(this.#limits.most, Math.max(this.#limits.least, this.k * factor));
    [this.x, this.y] = [x - ((x - this.x) * k) / this.k, y - ((y - this.y) * k) / this.k];
    this.k = k;
  }

  /** The wheel zooms with Ctrl, or where the drawing has the focus; else the page scrolls. */
  wheel(event: WheelEvent, svg: SVGSVGElement, x: number, y: number): void {
    if (!event.ctrlKey && !event.metaKey && !svg.contains(focused(svg))) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / this.#limits.turns), x, y);
  }

  down(event: PointerEvent): void {
    if (event.button === 0) this.#from = { x: event.clientX, y: event.clientY, id: event.pointerId, moved: false };
  }

  move(event: PointerEvent, svg: SVGSVGElement): void {
    const from = this.#from;
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.hypot(dx, dy) < SLACK) return;
    if (!from.moved) svg.setPointerCapture(from.id);
    this.#from = { ...from, x: event.clientX, y: event.clientY, moved: true };
    [this.x, this.y] = [this.x + dx, this.y + dy];
  }

  /** Ends a press; the click that follows can still ask whether it was a drag. Gives whether it was. */
  up(): boolean {
    const moved = this.moved;
    setTimeout(() => (this.#from = null));
    return moved;
  }
}
