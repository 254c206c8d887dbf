// What the Python half of `associations` tells, and how its bytes are read.

export interface Source {
  kind: "model" | "table" | "run";
  name: string;
  threshold: number | null;
  top: number | null;
}

export interface Offer {
  sources: Source[];
  labels: { name: string; count: number }[];
  columns: string[];
  subsets: string[];
  begin: string[];
  chosen: boolean;
  metrics: string[];
  reasons: string[];
}

/** What is asked at one time; the same words in Python. */
export interface Asked {
  sources: Source[];
  identities: string[];
  min_count: number;
  where: unknown;
}

export interface SideInfo extends Source {
  items: number | null;
  identity_count: (number | null)[];
  labels: number;
  decision: string;
  aligned: boolean;
}

export interface Summary {
  labels: number;
  identities: string[];
  instances: number;
  sides: SideInfo[];
}

/** One metric or gap of one source: a number for every label, with its interval and why it is none. */
export interface Values {
  value: Float64Array;
  low: Float32Array;
  high: Float32Array;
  reason: Uint8Array;
}

/** Counts of one source: of the labels, and with each identity; −1 where not known. */
export interface Counts {
  total: Int32Array;
  joint: Int32Array[];
}

export interface Report {
  metrics: string[];
  sides: string[];
  top: Record<string, number | string | null>[];
  spearman: (number | null)[][];
  kendall: (number | null)[][];
  overlap: (number | null)[][][];
  frequency: (number | null)[];
  biased: string[];
  k: number;
  labels: Record<string, number>;
}

export function readNames(bytes: ArrayBuffer): string[] {
  const n = new Uint32Array(bytes, 0, 1)[0];
  const ends = new Uint32Array(bytes, 4, n);
  const text = new Uint8Array(bytes, 4 * (n + 1));
  const decoder = new TextDecoder();
  return Array.from(ends, (end, i) => decoder.decode(text.subarray(i ? ends[i - 1] : 0, end)));
}

export function readCounts(bytes: ArrayBuffer, labels: number, sides: number, identities: number): Counts[] {
  const all = new Int32Array(bytes);
  const part = (i: number) => all.subarray(i * labels, (i + 1) * labels);
  return Array.from({ length: sides }, (_, side) => ({
    total: part(side * (identities + 1)),
    joint: Array.from({ length: identities }, (_, x) => part(side * (identities + 1) + 1 + x)),
  }));
}

export function readValues(bytes: ArrayBuffer, labels: number): Values {
  return {
    value: new Float64Array(bytes, 0, labels),
    low: new Float32Array(bytes, 8 * labels, labels),
    high: new Float32Array(bytes, 12 * labels, labels),
    reason: new Uint8Array(bytes, 16 * labels, labels),
  };
}
