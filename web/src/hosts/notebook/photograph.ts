// How does a view look, for where no kernel runs? A PNG of what is drawn now, made by the browser that drew it.
import { givenFonts } from "../shadow";

const LARGEST = 4_000_000; // pixels

/** A picture of an element inside a shadow root; null where the browser cannot make one. */
export async function photograph(root: ShadowRoot, area: HTMLElement): Promise<Blob | null> {
  const { width, height } = area.getBoundingClientRect();
  if (width < 1 || height < 1 || width * height > LARGEST) return null;
  const copy = area.cloneNode(true) as HTMLElement;
  keepPixels(area, copy);
  const sheet = document.createElement("div");
  sheet.className = "sheet";
  sheet.dataset.theme = (root.host as HTMLElement).dataset.theme;
  const style = document.createElement("style");
  style.textContent = `${givenFonts()}\n${stylesOf(root)}\n.sheet{width:${width}px;height:${height}px;overflow:hidden}`;
  sheet.append(style, copy);
  const inside = new XMLSerializer().serializeToString(sheet);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    `<foreignObject width="100%" height="100%">${inside}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width), Math.round(height)];
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function stylesOf(root: ShadowRoot): string {
  const adopted = root.adoptedStyleSheets.map((sheet) => [...sheet.cssRules].map((rule) => rule.cssText).join("\n"));
  const own = [...root.querySelectorAll("style")].map((style) => style.textContent ?? "");
  return [...adopted, ...own]
    .join("\n")
    .replaceAll(/:host\((\[[^\]]*\]|:not\([^)]*\))\)/g, ".sheet$1")
    .replaceAll(":host", ".sheet");
}

/** What a copy of elements does not have: pixels of canvases and pictures, typed values, how far they are scrolled. */
function keepPixels(from: HTMLElement, to: HTMLElement): void {
  const drawn = [...from.querySelectorAll<HTMLCanvasElement | HTMLImageElement>("canvas, img")];
  const places = [...to.querySelectorAll<HTMLElement>("canvas, img")];
  drawn.forEach((source, i) => {
    const image = document.createElement("img");
    const { width, height } = source.getBoundingClientRect();
    image.className = source.className;
    image.style.cssText = `${source.style.cssText};width:${width}px;height:${height}px`;
    const pixels = pixelsOf(source);
    if (pixels) image.src = pixels;
    places[i].replaceWith(image);
  });
  const typed = [...from.querySelectorAll<HTMLInputElement>("input")];
  [...to.querySelectorAll("input")].forEach((input, i) => input.setAttribute("value", typed[i].value));
  const chosen = [...from.querySelectorAll("select")];
  [...to.querySelectorAll("select")].forEach((select, i) =>
    select.options[chosen[i].selectedIndex]?.setAttribute("selected", "selected"),
  );
}

function pixelsOf(source: HTMLCanvasElement | HTMLImageElement): string | null {
  try {
    if (source instanceof HTMLCanvasElement) return source.width && source.height ? source.toDataURL() : null;
    if (!source.complete || !source.naturalWidth) return null;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [source.naturalWidth, source.naturalHeight];
    canvas.getContext("2d")?.drawImage(source, 0, 0);
    return canvas.toDataURL();
  } catch {
    return null; // pixels of another origin cannot be read: their place stays empty
  }
}
