// What is an expression's value in every row of a table?
import { cast } from "./casts";
import { compared, notDistinct } from "./compare";
import { arithmetic, chosen, FUNCTIONS } from "./functions";
import type { Aggregate, Expression, Select, Window } from "./syntax";
import { Unanswerable } from "./tokens";
import { constant, gather, has, NULL, plain, vector, type Vector } from "./vectors";

/** A table, or some rows of one. */
export class Rows {
  #gathered = new Map<string, Vector>();
  constructor(
    readonly columns: ReadonlyMap<string, Vector>,
    readonly n: number,
    readonly index: Int32Array | null = null,
  ) {}

  column(name: string): Vector | undefined {
    const whole = this.columns.get(name);
    if (!whole || this.index === null) return whole;
    const known = this.#gathered.get(name) ?? gather(whole, this.index);
    this.#gathered.set(name, known);
    return known;
  }

  /** Some of these rows, by their places. */
  pick(places: Int32Array): Rows {
    const { index } = this;
    return new Rows(this.columns, places.length, index ? places.map((place) => (place < 0 ? -1 : index[place])) : places);
  }
}

/** What an expression may speak of. */
export interface Scope {
  rows: Rows;
  /** What selected columns are called, for conditions that name them. */
  named: ReadonlyMap<string, Expression>;
  /** Aggregates and windows that are known by now. */
  known: ReadonlyMap<Aggregate | Window, Vector>;
  /** Answers a query inside the query. */
  answer: (select: Select) => { columns: Vector[]; n: number };
}

export function evaluate(term: Expression, scope: Scope): Vector {
  const { n } = scope.rows;
  const value = (other: Expression): Vector => evaluate(other, scope);
  switch (term.is) {
    case "literal":
      if (term.value === null) return NULL;
      return typeof term.value === "string" ? constant("text", term.value) : constant("boolean", term.value ? 1 : 0);
    case "number":
      return constant(term.type, term.value);
    case "column": {
      const found = scope.rows.column(term.name);
      if (found) return found;
      const named = scope.named.get(term.name);
      if (named && named !== term) return evaluate(named, { ...scope, named: new Map() });
      throw new Unanswerable(`there is no column ${JSON.stringify(term.name)} in this page`);
    }
    case "and":
    case "or":
      return together(term.terms.map(value), n, term.is === "and");
    case "not": {
      const one = truth(value(term.term), n);
      const out = new Uint8Array(n);
      for (let i = 0; i < n; i++) out[i] = one.values[one.constant ? 0 : i] ? 0 : 1;
      return vector("boolean", out, one.constant && one.valid ? new Uint8Array(n).fill(one.valid[0]) : one.valid);
    }
    case "minus":
      return arithmetic("*", constant("integer", -1), value(term.term), n);
    case "truth":
      return standing(value(term.term), term.value, term.negated, n);
    case "binary": {
      const [left, right] = [value(term.left), value(term.right)];
      switch (term.operator) {
        case "distinct":
          return vector(
            "boolean",
            notDistinct(left, right, n).map((one) => 1 - one),
          );
        case "same":
          return vector("boolean", notDistinct(left, right, n));
        case "+":
        case "-":
        case "*":
        case "/":
        case "%":
          return arithmetic(term.operator, left, right, n);
        default:
          return compared(term.operator, left, right, n);
      }
    }
    case "between": {
      const one = value(term.term);
      const inside = together([compared(">=", one, value(term.low), n), compared("<=", one, value(term.high), n)], n, true);
      return term.negated ? evaluateNot(inside, n) : inside;
    }
    case "in":
      return within(value(term.term), term.values, scope, term.negated);
    case "cast":
      return cast(value(term.term), term.type, n);
    case "case": {
      const branches = term.branches.map<[Vector, Vector]>(([condition, result]) => [truth(value(condition), n), value(result)]);
      return chosen(branches, term.otherwise ? value(term.otherwise) : NULL, n);
    }
    case "call": {
      const run = Object.hasOwn(FUNCTIONS, term.name) ? FUNCTIONS[term.name] : undefined;
      if (!run) throw new Unanswerable(`this page's engine does not know the function ${term.name}`);
      return run(term.terms.map(value), n);
    }
    case "aggregate":
    case "window": {
      const known = scope.known.get(term);
      if (!known) throw new Unanswerable(`this page's engine does not know ${term.name} in this place`);
      return known;
    }
    case "scalar": {
      const found = scope.answer(term.select);
      if (found.columns.length !== 1) throw new Unanswerable("a query in brackets must give one column");
      const [one] = found.columns;
      if (found.n > 1) throw new Unanswerable("a query in brackets gave more than one row");
      if (found.n === 0 || !has(one, 0)) return { ...NULL, kind: one.kind, names: one.names };
      return { ...constant(one.kind, one.values[0]), names: one.names };
    }
  }
}

/** A condition as truth values. */
export function truth(one: Vector, n: number): Vector {
  return one.kind === "boolean" ? one : one.kind === "null" ? { ...NULL, kind: "boolean", values: [0] } : cast(one, "BOOLEAN", n);
}

/** 1 where a condition holds. */
export function holding(one: Vector, n: number): Uint8Array {
  const given = truth(one, n);
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = has(given, i) && given.values[given.constant ? 0 : i] ? 1 : 0;
  return out;
}

function evaluateNot(one: Vector, n: number): Vector {
  const out = new Uint8Array(n);
  for (let i = 0; i < n; i++) out[i] = one.values[one.constant ? 0 : i] ? 0 : 1;
  return vector("boolean", out, one.valid);
}

/** All or any of some conditions, with SQL's third value for what is not known. */
function together(terms: Vector[], n: number, all: boolean): Vector {
  const decided = all ? 0 : 1;
  const out = new Uint8Array(n).fill(1 - decided);
  const valid = new Uint8Array(n).fill(1);
  for (const term of terms) {
    const one = truth(term, n);
    const s = one.constant ? 0 : 1;
    for (let i = 0; i < n; i++) {
      if (one.valid !== null && one.valid[i * s] !== 1) {
        if (out[i] !== decided) valid[i] = 0;
      } else if ((one.values[i * s] ? 1 : 0) === decided) {
        out[i] = decided;
        valid[i] = 1;
      }
    }
  }
  return vector("boolean", out, valid.includes(0) ? valid : null);
}

function standing(one: Vector, wanted: boolean | null, negated: boolean, n: number): Vector {
  const out = new Uint8Array(n);
  const given = wanted === null ? one : truth(one, n);
  for (let i = 0; i < n; i++) {
    const there = has(given, i);
    const holds = wanted === null ? !there : there && Boolean(given.values[given.constant ? 0 : i]) === wanted;
    out[i] = holds !== negated ? 1 : 0;
  }
  return vector("boolean", out);
}

function within(one: Vector, values: Expression[] | Select, scope: Scope, negated: boolean): Vector {
  const { n } = scope.rows;
  const inside = Array.isArray(values)
    ? together(
        values.map((value) => compared("=", one, evaluate(value, scope), n)),
        n,
        false,
      )
    : member(one, scope.answer(values), n);
  return negated ? evaluateNot(inside, n) : inside;
}

function member(one: Vector, found: { columns: Vector[]; n: number }, n: number): Vector {
  if (found.columns.length !== 1) throw new Unanswerable("IN takes a query of one column");
  const [other] = found.columns;
  const known = new Set<unknown>();
  let missing = false;
  for (let i = 0; i < found.n; i++) {
    const value = plain(other, i);
    if (value === null) missing = true;
    else known.add(value);
  }
  const out = new Uint8Array(n);
  const valid = new Uint8Array(n).fill(1);
  for (let i = 0; i < n; i++) {
    const value = plain(one, i);
    if (value !== null && known.has(value)) out[i] = 1;
    else if ((value === null && found.n > 0) || missing) valid[i] = 0;
  }
  return vector("boolean", out, valid.includes(0) ? valid : null);
}
