// How wide is a column, how is its head cut into bins, and how is a value of it written?
import type { ColumnInfo } from "../runtime/wire";
import { count, number, probability } from "../runtime/format";

export interface TableColumn {
  name: string;
  info: ColumnInfo;
  /** px */
  width: number;
  /** Numbers stand right, words left. */
  right: boolean;
  /** False for what the page adds to the data's columns: it can be neither sorted nor counted. */
  counted: boolean;
}

const WIDTHS: Record<ColumnInfo["type"], number> = {
  number: 112,
  integer: 104,
  boolean: 88,
  category: 128,
  text: 176,
  time: 152,
  list: 144,
};
const UNGROUPED = 10_000;
const MOST_BINS = 20;

export function tableColumn(info: ColumnInfo): TableColumn {
  const right = (info.type === "number" || info.type === "integer") && info.name !== "id";
  const wide = right && typeof info.max === "number" && Math.max(Math.abs(info.max), Math.abs(Number(info.min))) >= UNGROUPED;
  const width = info.name === "id" ? 96 : WIDTHS[info.type] + (wide ? 16 : 0);
  return { name: info.name, info, width, right, counted: true };
}

/** Whether a column's values are shares of one: the model's confidence, a stability. */
export function isProbability(info: ColumnInfo): boolean {
  return info.type === "number" && /^(confidence|stability)\b/.test(info.name) && isNumber(info.min) && isNumber(info.max);
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** A value as a cell shows it; null stays null, since nothing is not zero. */
export function written(info: ColumnInfo, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (info.name === "correct") return value ? "correct" : "wrong";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") {
    if (Number.isNaN(value)) return "not a number";
    if (isProbability(info)) return probability(value);
    if (info.type === "integer" && Math.abs(value) < UNGROUPED) return value < 0 ? `−${-value}` : String(value);
    return info.type === "number" ? decimal(value, digitsOf(info)) : number(value);
  }
  if (Array.isArray(value)) return value.length ? value.join(", ") : null;
  return String(value);
}

/** How many digits after the point tell the values of a column apart, so that all of them end at the same place. */
export function digitsOf(info: ColumnInfo): number {
  if (!isNumber(info.min) || !isNumber(info.max) || info.max <= info.min) return 2;
  const power = Math.floor(Math.log10(info.max - info.min));
  return Math.max(0, Math.min(6, power >= 0 ? 2 - power : 1 - power));
}

function decimal(value: number, digits: number): string {
  if (!Number.isFinite(value)) return number(value);
  const size = Math.abs(value);
  if (size > 0 && (size < 10 ** -digits / 2 || size >= 1e15)) return `${value < 0 ? "−" : ""}${size.toExponential(1)}`;
  const text = size
    .toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace(/^0\./, ".");
  return (value < 0 ? "−" : "") + text;
}

/** Bins of a numeric column, of a width people read: 1, 2 or 5 times a power of ten. */
export function niceBins(info: ColumnInfo): { low: number; step: number; bins: number } | null {
  if (info.name === "id") return null; // a name, though made of digits
  const [low, high] = info.type === "time" ? [Date.parse(String(info.min)), Date.parse(String(info.max))] : [info.min, info.max];
  if (!isNumber(low) || !isNumber(high)) return null;
  if (isProbability(info) && low >= 0 && high <= 1) return { low: 0, step: 0.05, bins: 20 };
  if (low === high) return { low, step: 1, bins: 1 };
  const rough = (high - low) / (MOST_BINS - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const times = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9)) ?? 10;
  const step = info.type === "integer" ? Math.max(1, times * power) : times * power;
  if (!Number.isFinite(step) || step <= 0) return null;
  const first = Math.floor(low / step) * step;
  return { low: first, step, bins: Math.max(1, Math.floor((high - first) / step) + 1) };
}

/** The edge of a bin in words; rounding keeps .15000000000000002 away. */
export function edge(info: ColumnInfo, value: number): string {
  if (info.type === "time") return new Date(value).toISOString().slice(0, 10);
  const rounded = Number(value.toPrecision(12));
  if (info.type === "integer") return Math.abs(rounded) < UNGROUPED ? String(rounded).replace("-", "−") : count(rounded);
  return number(rounded);
}
