// What is known of one instance? The side panel's answer, put together from the table, the kept details and the page's edits.
import { HostError } from "../../runtime/host";
import type { InstanceDetail } from "../../runtime/wire";
import { block, readPacked, type Packed } from "./blocks";
import { writeTime } from "./sql/casts";
import type { Table } from "./sql/select";
import { plain } from "./sql/vectors";

interface Kept {
  /** Classes of the model, which the codes of the probabilities are of. */
  classes: string[];
  most: number;
  neighbours: number;
  layer: string | null;
  units: number;
  /** The case's own columns: their name in the source, and in the table. */
  metadata: [source: string, served: string][];
  text: (string | null)[] | null;
  missing: Record<string, string>;
  excerpts: string[] | null;
  labels: (string | null)[];
}

export class Details {
  private constructor(
    readonly kept: Kept,
    readonly packed: Packed,
  ) {}

  static async read(): Promise<Details | null> {
    const bytes = await block("details");
    if (!bytes) return null;
    const packed = readPacked(bytes);
    return new Details(packed.json as Kept, packed);
  }

  #arrays = new Map<string, ArrayBuffer>();
  #bytes(name: string): ArrayBuffer {
    const known = this.#arrays.get(name) ?? this.packed.bytes(name) ?? new ArrayBuffer(0);
    this.#arrays.set(name, known);
    return known;
  }

  of(row: number, table: Table): Omit<InstanceDetail, "subsets" | "history"> {
    if (!Number.isInteger(row) || row < 0 || row >= table.n)
      throw new HostError(`there is no instance ${row}: rows are 0 to ${table.n - 1}`);
    const { kept } = this;
    const value = (name: string) => {
      const column = table.columns.get(name);
      return column ? plain(column, row) : null;
    };
    const label = value("label") as string | null;
    const prediction = value("prediction") as string | null;
    return {
      row,
      id: String(value("id")),
      label,
      original_label: kept.labels[row] ?? null,
      prediction,
      correct: label === null || prediction === null ? null : label === prediction,
      probabilities: this.#probabilities(row),
      text: kept.text?.[row] ?? null,
      missing: kept.missing[row] ?? null,
      metadata: kept.metadata.map(([source, served]) => [source, written(value(served), table, served)]),
      tags: (value("tags") as string[] | null) ?? [],
      note: value("note") as string | null,
      excluded: Boolean(value("excluded")),
      layer: kept.neighbours || kept.units ? kept.layer : null,
      neighbours: this.#neighbours(row, table),
      units: this.#units(row),
      label_units: label === null ? [] : this.#labelUnits(label),
    };
  }

  #probabilities(row: number): [string, number][] {
    const { most, classes } = this.kept;
    const codes = new Int16Array(
      this.#bytes("probability_codes"),
      row * most * 2,
      this.#bytes("probability_codes").byteLength ? most : 0,
    );
    const values = this.#bytes("probabilities").byteLength
      ? new Float32Array(this.#bytes("probabilities"), row * most * 4, most)
      : [];
    return Array.from(codes).flatMap<[string, number]>((code, i) => (code < 0 ? [] : [[classes[code], values[i]]]));
  }

  #neighbours(row: number, table: Table): InstanceDetail["neighbours"] {
    const k = this.kept.neighbours;
    if (!k) return [];
    const rows = new Int32Array(this.#bytes("neighbour_rows"), row * k * 4, k);
    const distances = new Float32Array(this.#bytes("neighbour_distances"), row * k * 4, k);
    const labels = table.columns.get("label")!;
    return Array.from(rows, (other, i) => ({ row: other, distance: distances[i], label: plain(labels, other) as string | null }));
  }

  #units(row: number): number[] {
    const { units } = this.kept;
    return units ? Array.from(new Uint16Array(this.#bytes("units"), row * units * 2, units), half) : [];
  }

  /** Means of each label as they were when the page was exported. */
  #labelUnits(label: string): number[] {
    const { units } = this.kept;
    const names = this.packed.bytes("label_units") ? (this.kept as Kept & { label_names: string[] }).label_names : [];
    const at = names.indexOf(label);
    return units && at >= 0 ? Array.from(new Float32Array(this.#bytes("label_units"), at * units * 4, units)) : [];
  }
}

function written(value: unknown, table: Table, name: string): unknown {
  const kind = table.columns.get(name)?.kind;
  if (value === null || value === undefined) return null;
  if (kind === "time") return writeTime(value as number).replace(/ 00:00:00$/, "");
  if (typeof value === "bigint") return String(value);
  return Array.isArray(value) ? `[${value.map((part) => `'${String(part)}'`).join(", ")}]` : value;
}

/** A number of half precision from its bits. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
