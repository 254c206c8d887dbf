// How does the whole view become one vector figure? Every drawn text, chart and picture at its place, with its computed style.
import { save } from "../../parts/save";

const TEXT_STYLES = ["font-family", "font-size", "font-weight", "fill", "font-feature-settings"];
const SHAPE_STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity"];
const MARGIN = 12;
const NS = "http://www.w3.org/2000/svg";

/** Save the grid and the bar of a view as one SVG. */
export async function saveFigure(view: HTMLElement, name: string): Promise<void> {
  save(new Blob([figure(view)], { type: "image/svg+xml" }), `${name}.svg`);
}

/** The SVG of what is drawn in a view: its heading, its sentence, its bar and its rows. */
export function figure(view: HTMLElement): string {
  const parts = [...view.querySelectorAll<HTMLElement>("h2, .sentence, .scale, [role='grid']")];
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left)) - MARGIN;
  const top = Math.min(...boxes.map((box) => box.top)) - MARGIN;
  const width = Math.max(...boxes.map((box) => box.right)) - left + MARGIN;
  const height = Math.max(...boxes.map((box) => box.bottom)) - top + MARGIN;
  const root = document.createElementNS(NS, "svg");
  root.setAttribute("xmlns", NS);
  root.setAttribute("viewBox", `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`);
  root.setAttribute("width", String(Math.ceil(width)));
  root.setAttribute("height", String(Math.ceil(height)));
  const ground = element("rect", {
    width,
    height,
    fill: getComputedStyle(view).getPropertyValue("--surface"),
  });
  root.append(ground);
  for (const part of parts) paint(part, root, left, top);
  return new XMLSerializer().serializeToString(root);
}

function paint(node: Element, root: SVGElement, left: number, top: number): void {
  if (node instanceof HTMLElement && (node.closest(".visually-hidden, .pop") || !node.checkVisibility({ opacityProperty: true })))
    return;
  const box = node.getBoundingClientRect();
  if (node instanceof SVGSVGElement) {
    if (node.closest("button")) return;
    const copy = styled(node);
    copy.setAttribute("x", String(box.left - left));
    copy.setAttribute("y", String(box.top - top));
    copy.setAttribute("width", String(box.width));
    copy.setAttribute("height", String(box.height));
    copy.setAttribute("overflow", "visible");
    root.append(copy);
    return;
  }
  if (node instanceof HTMLCanvasElement) {
    const image = element("image", {
      x: box.left - left,
      y: box.top - top,
      width: box.width,
      height: box.height,
      href: node.toDataURL(),
    });
    image.setAttribute("style", "image-rendering: pixelated");
    root.append(image);
    return;
  }
  const style = getComputedStyle(node);
  if (style.backgroundColor !== "rgba(0, 0, 0, 0)") {
    root.append(
      element("rect", {
        x: box.left - left,
        y: box.top - top,
        width: box.width,
        height: box.height,
        fill: style.backgroundColor,
      }),
    );
  }
  if (parseFloat(style.borderBottomWidth) > 0) {
    const y = box.bottom - top - 0.5;
    root.append(element("line", { x1: box.left - left, x2: box.right - left, y1: y, y2: y, stroke: style.borderBottomColor }));
  }
  for (const child of node.childNodes) {
    if (child instanceof Element) paint(child, root, left, top);
    else if (child.nodeType === Node.TEXT_NODE && child.textContent?.trim()) words(child as Text, style, root, left, top);
  }
}

/** A text line by line, as it was broken on the screen. */
function words(text: Text, style: CSSStyleDeclaration, root: SVGElement, left: number, top: number): void {
  const range = document.createRange();
  const content = text.textContent ?? "";
  let start = 0;
  let line: DOMRect | null = null;
  const put = (end: number) => {
    const said = content.slice(start, end).replace(/\s+/g, " ");
    if (!line || !said.trim()) return;
    const mark = element("text", { x: line.left - left, y: line.top - top + line.height * 0.78 });
    for (const property of TEXT_STYLES)
      mark.style.setProperty(property, property === "fill" ? style.color : style.getPropertyValue(property));
    mark.textContent = said;
    root.append(mark);
  };
  for (let i = 0; i < content.length; i++) {
    range.setStart(text, i);
    range.setEnd(text, i + 1);
    const box = range.getBoundingClientRect();
    if (box.width === 0) continue;
    if (line && Math.abs(box.top - line.top) > 3) {
      put(i);
      start = i;
      line = box;
    }
    line ??= box;
  }
  put(content.length);
}

function styled(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const to = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  [svg, ...svg.querySelectorAll<SVGElement>("*")].forEach((from, i) => {
    const computed = getComputedStyle(from);
    for (const property of [...SHAPE_STYLES, ...TEXT_STYLES])
      to[i].style.setProperty(property, computed.getPropertyValue(property));
    to[i].removeAttribute("class");
  });
  return copy;
}

function element(tag: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
