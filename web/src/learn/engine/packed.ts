// How do weights travel in little space? As 16-bit whole numbers times one scale a parameter: a ten-thousandth of the largest is lost.
import type { SavedParameter } from "./saved";

export interface PackedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly scale: number;
  /** Base64 of little-endian 16-bit numbers. */
  readonly value: string;
}

export function pack({ name, shape, value }: SavedParameter): PackedParameter {
  const scale = Math.max(1e-12, ...value.map(Math.abs)) / 32767;
  const bytes = new Uint8Array(2 * value.length);
  const view = new DataView(bytes.buffer);
  value.forEach((number, i) => view.setInt16(2 * i, Math.round(number / scale), true));
  return { name, shape: [...shape], scale, value: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
}

export function unpack({ name, shape, scale, value }: PackedParameter): SavedParameter {
  const text = atob(value);
  const view = new DataView(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
  return { name, shape, value: Array.from({ length: text.length / 2 }, (_, i) => view.getInt16(2 * i, true) * scale) };
}
