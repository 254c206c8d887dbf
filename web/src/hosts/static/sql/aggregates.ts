// What do the rows of each group amount to? Counts, sums, means, extremes and quantiles, missing values passed over.
import { ordering } from "./compare";
import { evaluate, holding, type Scope } from "./evaluate";
import type { Aggregate } from "./syntax";
import { Unanswerable } from "./tokens";
import { gather, has, isNumeric, plain, vector, type Vector } from "./vectors";

/** Which group each row is in, and how many groups there are. */
export interface Groups {
  of: Int32Array;
  count: number;
}

export function aggregate(call: Aggregate, scope: Scope, groups: Groups): Vector {
  const { n } = scope.rows;
  const wanted = call.filter ? holding(evaluate(call.filter, scope), n) : null;
  const one = call.terms.length ? evaluate(call.terms[0], scope) : null;
  const taken: Taken = { groups, n, mask: taking(wanted, one, n) };
  if (call.name === "count") return call.distinct ? different(one, taken) : counted(taken);
  if (!one) throw new Unanswerable(`${call.name} needs a column`);
  if (call.distinct) throw new Unanswerable(`this page's engine does not know ${call.name} of different values`);
  switch (call.name) {
    case "sum":
    case "avg":
    case "mean":
      return summed(one, taken, call.name !== "sum");
    case "min":
    case "max":
      return extreme(one, taken, call.name === "min" ? -1 : 1);
    case "mode":
      return commonest(one, taken);
    case "median":
    case "quantile":
    case "quantile_cont":
    case "quantile_disc": {
      const share = call.terms.length > 1 ? Number(plain(evaluate(call.terms[1], scope), 0)) : 0.5;
      return quantile(one, taken, share, call.name === "median" || call.name === "quantile_cont");
    }
    default:
      return spread(one, taken, call.name);
  }
}

interface Taken {
  groups: Groups;
  n: number;
  /** 1 where a row counts; null where all do. */
  mask: Uint8Array | null;
}

function taking(wanted: Uint8Array | null, one: Vector | null, n: number): Uint8Array | null {
  const valid = one?.valid ?? null;
  if (!one || valid === null) return wanted;
  if (!one.constant && !wanted) return valid;
  return Uint8Array.from({ length: n }, (_, i) => ((!wanted || wanted[i] === 1) && has(one, i) ? 1 : 0));
}

function counted({ groups, n, mask }: Taken): Vector {
  const out = new Float64Array(groups.count);
  for (let i = 0; i < n; i++) if (mask === null || mask[i]) out[groups.of[i]] += 1;
  return vector("integer", out);
}

function different(one: Vector | null, { groups, n, mask }: Taken): Vector {
  if (!one) throw new Unanswerable("count(DISTINCT) needs a column");
  const seen = Array.from({ length: groups.count }, () => new Set<unknown>());
  for (let i = 0; i < n; i++) if (mask === null || mask[i]) seen[groups.of[i]].add(plain(one, i));
  return vector(
    "integer",
    Float64Array.from(seen, (set) => set.size),
  );
}

function summed(one: Vector, { groups, n, mask }: Taken, mean: boolean): Vector {
  const known = one.kind === "null" || isNumeric(one) || one.kind === "boolean";
  if (!known) throw new Unanswerable(`this page's engine cannot sum ${one.kind}`);
  const out = new Float64Array(groups.count);
  const lost = new Float64Array(groups.count);
  const counts = new Uint32Array(groups.count);
  for (let i = 0; i < n; i++) {
    if (mask !== null && !mask[i]) continue;
    const g = groups.of[i];
    counts[g] += 1;
    // Kahan: the database sums in parts, and both must agree
    const y = Number(one.values[one.constant ? 0 : i]) - lost[g];
    const t = out[g] + y;
    lost[g] = Number.isFinite(t) ? t - out[g] - y : 0;
    out[g] = t;
  }
  if (mean) for (let g = 0; g < out.length; g++) out[g] /= counts[g];
  const whole = !mean && (one.kind === "integer" || one.kind === "boolean");
  return vector(whole ? "integer" : "double", out, present(counts));
}

const present = (counts: Uint32Array): Uint8Array | null =>
  counts.includes(0) ? Uint8Array.from(counts, (count) => (count ? 1 : 0)) : null;

function extreme(one: Vector, { groups, n, mask }: Taken, sign: number): Vector {
  const order = ordering(one);
  const best = new Int32Array(groups.count).fill(-1);
  for (let i = 0; i < n; i++) {
    if (mask !== null && !mask[i]) continue;
    const g = groups.of[i];
    if (best[g] < 0 || sign * order(i, best[g]) > 0) best[g] = i;
  }
  return gather(one.constant ? { ...one, values: new Array(n).fill(one.values[0]), constant: false, valid: null } : one, best);
}

/** The commonest value; of several the one that came first. */
function commonest(one: Vector, { groups, n, mask }: Taken): Vector {
  const tallies = Array.from({ length: groups.count }, () => new Map<unknown, [count: number, first: number]>());
  for (let i = 0; i < n; i++) {
    if (mask !== null && !mask[i]) continue;
    const tally = tallies[groups.of[i]];
    const value = one.values[one.constant ? 0 : i];
    const known = tally.get(value);
    if (known) known[0] += 1;
    else tally.set(value, [1, i]);
  }
  const best = tallies.map((tally) => {
    let [most, at] = [0, -1];
    for (const [count, first] of tally.values()) if (count > most) [most, at] = [count, first];
    return at;
  });
  return gather(one, Int32Array.from(best));
}

function quantile(one: Vector, { groups, n, mask }: Taken, share: number, between: boolean): Vector {
  if (!isNumeric(one)) throw new Unanswerable(`this page's engine knows quantiles of numbers, not of ${one.kind}`);
  const values: number[][] = Array.from({ length: groups.count }, () => []);
  for (let i = 0; i < n; i++) if (mask === null || mask[i]) values[groups.of[i]].push(Number(one.values[one.constant ? 0 : i]));
  const counts = Uint32Array.from(values, (some) => some.length);
  const out = Float64Array.from(values, (some) => {
    if (!some.length) return 0;
    some.sort((a, b) => a - b);
    if (!between) return some[Math.max(0, Math.ceil(share * some.length) - 1)];
    const at = share * (some.length - 1);
    const low = Math.floor(at);
    return some[low] + (at - low) * ((some[low + 1] ?? some[low]) - some[low]);
  });
  return vector(between ? "double" : one.kind, out, present(counts));
}

/** Standard deviation and variance, of a sample or of all. */
function spread(one: Vector, taken: Taken, name: string): Vector {
  const { groups, n, mask } = taken;
  const means = summed(one, taken, true).values as Float64Array;
  const squares = new Float64Array(groups.count);
  const counts = new Uint32Array(groups.count);
  for (let i = 0; i < n; i++) {
    if (mask !== null && !mask[i]) continue;
    const g = groups.of[i];
    counts[g] += 1;
    squares[g] += (Number(one.values[one.constant ? 0 : i]) - means[g]) ** 2;
  }
  const less = name.endsWith("_pop") ? 0 : 1;
  const known = counts.map((count) => (count > less ? count : 0));
  const out = squares.map((square, g) => {
    const variance = square / (counts[g] - less);
    return name.startsWith("var") ? variance : Math.sqrt(variance);
  });
  return vector("double", out, present(known));
}
