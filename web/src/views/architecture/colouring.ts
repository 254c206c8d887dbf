// What does a part's colour say: its type, its structure, or a number, and which colours are those?
import { count, number } from "../../runtime/format";
import type { Numbers, Times } from "./answers";
import { operationsIn, type Model } from "./model";

/** "type", "structure", "parameters", "multiply_adds", "time", or "own NAME". */
export type Colouring = string;

export interface Scale {
  by: Colouring;
  title: string;
  /** What a part's colour rests on, in words; "" without. */
  say(part: number): string;
  /** A token such as "--cat-3", null for the plain box. */
  token(part: number): string | null;
  /** Whether words on the colour are light. */
  light(part: number, dark: boolean): boolean;
  /** Whether colours are amounts, which fill the box, rather than kinds, which mark its edge. */
  amounts: boolean;
  legend: { token: string; text: string }[];
  value(part: number): number | null;
}

const KINDS = 12;

export function scaleOf(model: Model, by: Colouring, numbers: Numbers[], times: Times | null): Scale {
  if (by === "structure") return structures(model);
  if (by === "parameters") return amounts(by, "Parameters", (part) => model.tables.parts.parameters[part], model, count);
  if (by === "multiply_adds") return amounts(by, "Multiply-adds", (part) => model.tables.parts.multiply_adds[part], model, count);
  if (by === "time" && times) {
    const seconds = summed(model, times.seconds, "sum");
    return amounts(by, "Time", seconds, model, (value) => milliseconds(value));
  }
  const own = by.startsWith("own ") ? numbers.find((one) => `own ${one.name}` === by) : undefined;
  if (own) {
    const unit = own.unit ? ` ${own.unit}` : "";
    return amounts(by, own.name, summed(model, own.values, own.inside), model, (value) => `${number(value)}${unit}`, true);
  }
  return types(model);
}

export const milliseconds = (seconds: number) =>
  seconds >= 1 ? `${number(seconds)} s` : seconds >= 1e-3 ? `${number(seconds * 1e3)} ms` : `${number(seconds * 1e6)} µs`;

/** Values by name as values by part: a part without its own has the sum, mean or maximum of the operations in it. */
export function summed(model: Model, values: Record<string, number>, inside: Numbers["inside"]): (part: number) => number | null {
  const known = new Map<number, number | null>();
  return (part) => {
    const before = known.get(part);
    if (before !== undefined) return before;
    const id = model.tables.parts.id[part];
    let found: number | null = Object.hasOwn(values, id) ? values[id] : null;
    if (found === null && model.tables.parts.kind[part] !== "operation" && inside !== "none") {
      const below = valuesBelow(model, part, values);
      if (below.length) {
        if (inside === "max") found = below.reduce((most, one) => Math.max(most, one), -Infinity);
        else found = below.reduce((sum, one) => sum + one, 0) / (inside === "mean" ? below.length : 1);
      }
    }
    known.set(part, found);
    return found;
  };
}

/** The outermost values inside a part: a module's own number stands for all that is in it. */
function valuesBelow(model: Model, part: number, values: Record<string, number>): number[] {
  const found: number[] = [];
  const waiting = [...(model.children.get(part) ?? [])];
  while (waiting.length) {
    const at = waiting.pop() as number;
    const id = model.tables.parts.id[at];
    if (Object.hasOwn(values, id)) found.push(values[id]);
    else waiting.push(...(model.children.get(at) ?? []));
  }
  return found;
}

function types(model: Model): Scale {
  const { type, kind } = model.tables.parts;
  const often = new Map<string, number>();
  for (let part = 0; part < model.count; part++)
    if (kind[part] === "operation" && type[part] !== "Input") often.set(type[part], (often.get(type[part]) ?? 0) + 1);
  const names = [...often].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const shown = names.slice(0, KINDS);
  const place = new Map(shown.map(([name], i) => [name, i]));
  const token = (part: number) => {
    if (kind[part] !== "operation" || type[part] === "Input") return null;
    const at = place.get(type[part]);
    return at === undefined ? "--mark" : `--cat-${at + 1}`;
  };
  const legend = shown.map(([name, n], i) => ({ token: `--cat-${i + 1}`, text: `${name} ${count(n)}` }));
  const rest = names.slice(KINDS).reduce((sum, [, n]) => sum + n, 0);
  if (rest) legend.push({ token: "--mark", text: `${names.length - KINDS} other types ${count(rest)}` });
  return {
    by: "type",
    title: "Type of operation",
    say: () => "",
    token,
    light: () => false,
    amounts: false,
    legend,
    value: () => null,
  };
}

function structures(model: Model): Scale {
  const { structure, kind, type } = model.tables.parts;
  const often = new Map<number, number[]>();
  for (const part of model.tables.order)
    if (kind[part] === "module") often.set(structure[part], [...(often.get(structure[part]) ?? []), part]);
  const depth = (parts: number[]) => operationsIn(model, parts[0]).length;
  const alike = [...often]
    .filter(([, parts]) => parts.length > 1)
    .sort((a, b) => b[1].length - a[1].length || depth(b[1]) - depth(a[1]));
  const place = new Map(alike.slice(0, KINDS).map(([one], i) => [one, i]));
  const of = (part: number): number => (kind[part] === "series" ? of((model.children.get(part) ?? [])[0]) : structure[part]);
  const token = (part: number) => {
    if (kind[part] === "operation") return null;
    const at = place.get(of(part));
    return at !== undefined ? `--cat-${at + 1}` : (often.get(of(part))?.length ?? 0) > 1 ? "--mark" : null;
  };
  return {
    by: "structure",
    title: "Built alike",
    token,
    light: () => false,
    amounts: false,
    value: () => null,
    say: (part) => {
      const n = often.get(of(part))?.length ?? 0;
      return kind[part] === "operation" ? "" : n > 1 ? `one of ${n} built alike` : "the only one built so";
    },
    legend: alike
      .slice(0, KINDS)
      .map(([, parts], i) => ({ token: `--cat-${i + 1}`, text: `${type[parts[0]] || "scope"} ×${parts.length}` })),
  };
}

/** Six steps over the logarithm of the amount, or evenly where the numbers are a person's own; the diverging ramp if some are negative. */
function amounts(
  by: Colouring,
  title: string,
  value: (part: number) => number | null,
  model: Model,
  say: (value: number) => string,
  even = false,
): Scale {
  const all: number[] = [];
  for (let part = 0; part < model.count; part++) {
    const one = value(part);
    if (one !== null && (even || (model.tables.parts.kind[part] === "operation" && one > 0))) all.push(one);
  }
  const low = all.reduce((least, one) => Math.min(least, one), Infinity);
  const top = all.reduce((most, one) => Math.max(most, one), -Infinity);
  const signed = even && low < 0;
  const least = even ? Math.min(0, low) : Math.max(low, top / 1e4);
  const bounds = Array.from({ length: 6 }, (_, i) => {
    const t = (i + 1) / 6;
    return even ? least + (top - least) * t : least * (top / least) ** t;
  });
  const most = Math.max(Math.abs(low), Math.abs(top));
  const step = (one: number) => {
    if (signed) return Math.round((3 * one) / (most || 1));
    if (!even && one <= 0) return 0;
    const at = bounds.findIndex((bound) => one <= bound * (1 + 1e-9));
    return at < 0 ? 6 : even && one === 0 ? 0 : at + 1;
  };
  const token = (part: number) => {
    const one = value(part);
    if (one === null) return null;
    const at = step(one);
    return signed ? (at === 0 ? "--div-0" : at < 0 ? `--div-n${-at}` : `--div-p${at}`) : `--seq-${at}`;
  };
  const legend = !all.length
    ? []
    : signed
      ? [-3, -2, -1, 0, 1, 2, 3].map((at) => ({
          token: at === 0 ? "--div-0" : at < 0 ? `--div-n${-at}` : `--div-p${at}`,
          text: Math.abs(at) === 3 ? say((most * at) / 3) : at === 0 ? "0" : "",
        }))
      : [
          { token: "--seq-0", text: "0" },
          ...bounds.map((bound, i) => ({
            token: `--seq-${i + 1}`,
            text: i === 0 || i === 5 ? `${i ? "" : "to "}${say(bound)}` : "",
          })),
        ];
  return {
    by,
    title,
    value,
    token,
    amounts: true,
    legend,
    say: (part) => {
      const one = value(part);
      return one === null ? "" : say(one);
    },
    light: (part, dark) => {
      const one = value(part);
      if (one === null) return false;
      return signed ? Math.abs(step(one)) === 3 : step(one) >= (dark ? 3 : 4);
    },
  };
}
