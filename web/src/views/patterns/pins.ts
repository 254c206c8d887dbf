// Which patterns are pinned for comparing? Plain JSON that stands in the address.

export interface Pin {
  model: string;
  layer: string;
  unit: number | null;
  pattern: number;
  /** Of the result it was pinned in: a new search numbers anew. */
  key: string;
}

export function readPins(value: unknown): Pin[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (pin): pin is Pin =>
      typeof pin === "object" &&
      pin !== null &&
      typeof pin.model === "string" &&
      typeof pin.layer === "string" &&
      typeof pin.pattern === "number" &&
      typeof pin.key === "string" &&
      (pin.unit === null || typeof pin.unit === "number"),
  );
}

const same = (a: Pin, b: Pin) => a.key === b.key && a.pattern === b.pattern;

export function isPinned(pins: readonly Pin[], pin: Pin): boolean {
  return pins.some((other) => same(other, pin));
}

/** The pins with one more or one less; null when none is left, which takes them out of the address. */
export function togglePin(pins: readonly Pin[], pin: Pin): Pin[] | null {
  const next = isPinned(pins, pin) ? pins.filter((other) => !same(other, pin)) : [...pins, pin];
  return next.length ? next : null;
}

/** "conv2", "unit 7 of conv2", with the model where there are several. */
export function placeOf(pin: { model: string; layer: string; unit: number | null }, models: number): string {
  const layer = pin.unit === null ? pin.layer : `unit ${pin.unit} of ${pin.layer}`;
  return models > 1 ? `${layer} of ${pin.model}` : layer;
}
