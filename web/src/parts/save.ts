// Saving what is drawn: SVG with its styles inside, PNG from SVG or canvas, CSV that a spreadsheet cannot execute.

const STYLES = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "fill-opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
  "shape-rendering",
  "stroke-linecap",
  "stroke-linejoin",
];

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function styledCopy(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll<SVGElement>("*")];
  const to = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  from.forEach((element, i) => {
    const computed = getComputedStyle(element);
    for (const property of STYLES) {
      const value = computed.getPropertyValue(property);
      if (value) to[i].style.setProperty(property, value);
    }
    to[i].removeAttribute("class");
    to[i].removeAttribute("tabindex");
  });
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return copy;
}

/** The chart of a frame; several, such as a row of small multiples, stand in one drawing as they stand on the screen. */
function drawingOf(frame: HTMLElement): { svg: SVGSVGElement; width: number; height: number } | null {
  const charts = [...frame.querySelectorAll<SVGSVGElement>("svg.chart")].filter(
    (chart) => chart.getBoundingClientRect().width > 0,
  );
  if (!charts.length) return null;
  const boxes = charts.map((chart) => chart.getBoundingClientRect());
  const left = Math.min(...boxes.map((box) => box.left));
  const top = Math.min(...boxes.map((box) => box.top));
  const width = Math.max(...boxes.map((box) => box.right)) - left;
  const height = Math.max(...boxes.map((box) => box.bottom)) - top;
  if (charts.length === 1) return { svg: styledCopy(charts[0]), width, height };
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` }))
    svg.setAttribute(name, String(value));
  charts.forEach((chart, i) => {
    const copy = styledCopy(chart);
    copy.setAttribute("x", String(boxes[i].left - left));
    copy.setAttribute("y", String(boxes[i].top - top));
    svg.append(copy);
  });
  return { svg, width, height };
}

export function saveSvg(frame: HTMLElement, name: string): void {
  const drawing = drawingOf(frame);
  if (drawing) save(new Blob([new XMLSerializer().serializeToString(drawing.svg)], { type: "image/svg+xml" }), `${name}.svg`);
}

export async function savePng(frame: HTMLElement, name: string): Promise<void> {
  const drawing = drawingOf(frame);
  const drawn = frame.querySelector<HTMLCanvasElement>("canvas:not(.tile canvas)");
  const canvas = document.createElement("canvas");
  const paint = canvas.getContext("2d");
  if (!paint) return;
  const surface = getComputedStyle(frame).getPropertyValue("--surface");
  if (drawing) {
    const { svg, width, height } = drawing;
    [canvas.width, canvas.height] = [2 * width, 2 * height];
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
    await image.decode();
    paint.fillStyle = surface;
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(image, 0, 0, canvas.width, canvas.height);
  } else if (drawn) {
    [canvas.width, canvas.height] = [drawn.width, drawn.height];
    paint.fillStyle = surface;
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(drawn, 0, 0);
  } else return;
  canvas.toBlob((blob) => blob && save(blob, `${name}.png`));
}

/** A cell of CSV; text that a spreadsheet would take for a formula gets a quote in front. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function saveCsv(rows: (string | number | null)[][], name: string): void {
  const text = rows.map((row) => row.map(csvCell).join(",")).join("\r\n");
  save(new Blob([text, "\r\n"], { type: "text/csv;charset=utf-8" }), `${name}.csv`);
}
