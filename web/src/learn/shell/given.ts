// What did Python put into this page? A state to open, in a script element of its own; null on a page that was served or exported.

export interface Given {
  explorable: string;
  /** Words of an address, as after the "?" of a link; or a whole saved state. */
  words?: string;
  state?: unknown;
  /** What it is, in a sentence. */
  said?: string;
}

export function given(explorable: string): Given | null {
  const found = document.getElementById("given")?.textContent;
  if (!found) return null;
  const read = JSON.parse(found) as Given;
  return read.explorable === explorable ? read : null;
}

/** Write the address; a page inside a frame without an address of its own may not, and needs none. */
export function writeAddress(hash: string): void {
  try {
    history.replaceState(null, "", hash);
  } catch {
    // about:srcdoc and sandboxed frames refuse
  }
}
