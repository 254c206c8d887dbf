// Where is the data of an exported page? In blocks: texts of base64 in the file itself, or files of such texts beside it.

declare global {
  interface Uint8ArrayConstructor {
    fromBase64?(text: string): Uint8Array<ArrayBuffer>;
  }
  // filled by the files d/<name>.js of a folder
  var underglassBlocks: Record<string, string> | undefined; // eslint-disable-line no-var
}

/** The bytes of a block as they were before compression; null where the page has none of that name. */
export async function block(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const found = place(name) ?? (await whole(), place(name));
  if (!found) return null;
  const { path, gzip } = found.dataset;
  if (path === undefined) return unpacked(found.textContent ?? "", gzip !== undefined);
  await scriptOf(path);
  const text = globalThis.underglassBlocks?.[name];
  if (text === undefined) throw new Error(`${path} is not where this page left it: keep the folder together`);
  delete globalThis.underglassBlocks![name];
  return unpacked(text, gzip !== undefined);
}

const place = (name: string): HTMLElement | null =>
  document.getElementById(`ug-${name}`) ?? document.querySelector<HTMLElement>(`link[data-block="${CSS.escape(name)}"]`);

/** Resolves when the page is read to its end: what is not wanted at once stands after the program. */
function whole(): Promise<void> {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("DOMContentLoaded", () => resolve(), { once: true }));
}

export const textOf = (bytes: Uint8Array<ArrayBuffer>): string => new TextDecoder().decode(bytes);

/** A file of a folder, read as a script: a page opened from a disk may not fetch. */
export function scriptOf(path: string): Promise<void> {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = path;
    for (const end of ["load", "error"]) script.addEventListener(end, () => (script.remove(), resolve()));
    document.head.append(script);
  });
}

/** Run a script that travelled as a block. */
export function run(code: Uint8Array<ArrayBuffer>): void {
  const script = document.createElement("script");
  script.textContent = textOf(code);
  document.head.append(script);
  script.remove();
}

async function unpacked(base64: string, gzip: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = fromBase64(base64.trim());
  if (!gzip) return bytes;
  const unzip = new DecompressionStream("gzip");
  const writer = unzip.writable.getWriter();
  writer.write(bytes).catch(() => undefined); // damaged bytes fail the reading too, which says so
  writer.close().catch(() => undefined);
  return new Uint8Array(await new Response(unzip.readable).arrayBuffer());
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

/** Named arrays and plain JSON in one block: length of the head (uint32), the head, then the bytes, each part at a multiple of 8. */
export interface Packed {
  json: unknown;
  /** The bytes of a part, a copy of their own. */
  bytes(name: string): ArrayBuffer | null;
  names: string[];
}

export function readPacked(block: Uint8Array<ArrayBuffer>): Packed {
  const size = new DataView(block.buffer, block.byteOffset, 4).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(block.subarray(4, 4 + size))) as {
    json: unknown;
    parts: Record<string, [start: number, length: number]>;
  };
  const base = Math.ceil((4 + size) / 8) * 8;
  return {
    json: head.json,
    names: Object.keys(head.parts),
    bytes(name) {
      if (!Object.hasOwn(head.parts, name)) return null;
      const [start, length] = head.parts[name];
      return block.slice(base + start, base + start + length).buffer;
    },
  };
}
