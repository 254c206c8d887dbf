// What does a typed filter mean?
//
//   filter    := [either]
//   either    := both ("or" both)*
//   both      := term ("and" term)*
//   term      := "not" term | "(" either ")" | "true" | "false" | "in" "subset" text | "in" pick | bin | condition
//   bin       := "bin" "(" column "," low "," step "," bins ")" "between" first "and" last
//   condition := column [ compare (value | column) | "is" ["not"] "null" | ["not"] "in" "(" value ("," value)* ")"
//                       | ["not"] "between" value "and" value | ["not"] "contains" text | "starts" "with" text ]

import { family, findColumn, ordered, SPOKEN, type Columns, type ColumnType } from "./columns";
import { FilterError, unknown } from "./nearest";
import { tokens, type Token } from "./tokens";
import { COMPARISONS, DEEPEST, PICK_NAME, type Comparison, type Tree, type Value } from "./tree";
import { listItem, numberOf, valueOf } from "./values";
import { writeName, writeValue } from "./writing";

const MOST_BINS = 100_000;

export interface ParseOptions {
  /** Names of the known subsets; undefined leaves them unchecked. */
  readonly subsets?: readonly string[] | undefined;
}

/** Read a typed filter; blank is everything. Throws FilterError with the position of the first word that does not fit. */
export function parse(text: string, columns: Columns, options: ParseOptions = {}): Tree {
  return new Reader(tokens(text), columns, options.subsets).read();
}

interface Found {
  readonly name: string;
  readonly type: ColumnType;
  readonly position: number;
}

class Reader {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly words: readonly Token[],
    private readonly columns: Columns,
    private readonly subsets: readonly string[] | undefined,
  ) {}

  read(): Tree {
    if (this.words.length === 1) return { op: "and", terms: [] };
    const tree = this.either();
    if (this.next.sort !== "end") throw this.expected("and, or, or the end");
    return tree;
  }

  private look(ahead: number): Token {
    return this.words[Math.min(this.at + ahead, this.words.length - 1)] as Token;
  }

  private get next(): Token {
    return this.look(0);
  }

  private take(): Token {
    const token = this.next;
    this.at += 1;
    return token;
  }

  private accepts(...values: string[]): boolean {
    const { sort, value } = this.next;
    if ((sort !== "word" && sort !== "symbol") || !values.includes(value)) return false;
    this.at += 1;
    return true;
  }

  private demand(value: string): void {
    if (!this.accepts(value)) throw this.expected(value);
  }

  private expected(what: string): FilterError {
    const { sort, source, position } = this.next;
    if (sort === "end") return new FilterError(`the filter ends too soon; expected ${what}`, position);
    return new FilterError(`expected ${what}, found ${source}`, position);
  }

  private either(): Tree {
    const first = this.both();
    const terms = [first];
    while (this.accepts("or")) terms.push(this.both());
    return terms.length === 1 ? first : { op: "or", terms };
  }

  private both(): Tree {
    const first = this.term();
    const terms = [first];
    while (this.accepts("and")) terms.push(this.term());
    return terms.length === 1 ? first : { op: "and", terms };
  }

  private term(): Tree {
    this.depth += 1;
    if (this.depth > DEEPEST + 1) {
      throw new FilterError(`a filter can be nested ${DEEPEST} deep, not deeper`, this.next.position);
    }
    const tree = this.oneTerm();
    this.depth -= 1;
    return tree;
  }

  private oneTerm(): Tree {
    if (this.accepts("not")) return { op: "not", term: this.term() };
    if (this.accepts("(")) {
      const tree = this.either();
      this.demand(")");
      return tree;
    }
    if (this.accepts("in")) return this.member();
    if (this.accepts("true")) return { op: "and", terms: [] };
    if (this.accepts("false")) return { op: "or", terms: [] };
    if (this.next.sort === "name" && this.next.value.toLowerCase() === "bin" && this.look(1).value === "(") {
      return this.bin();
    }
    return this.condition();
  }

  private member(): Tree {
    const word = this.next;
    if (word.sort === "name" && word.value.toLowerCase() === "subset") {
      this.take();
      const name = this.word("the subset's name in quotes");
      if (this.subsets !== undefined && !this.subsets.includes(name.value)) {
        throw new FilterError(unknown("subset", name.value, this.subsets), name.position);
      }
      return { op: "subset", name: name.value };
    }
    if (word.sort === "name" && PICK_NAME.test(word.value)) return { op: "pick", name: this.take().value };
    throw this.expected("subset '…' or a pick such as pick_3");
  }

  private word(what: string): Token {
    if (this.next.sort !== "text" && this.next.sort !== "quoted name") throw this.expected(what);
    return this.take();
  }

  private bin(): Tree {
    this.at += 2;
    const { name, type, position } = this.column();
    if (type.kind !== "number" && type.kind !== "integer" && type.kind !== "time") {
      throw new FilterError(`${says(name, type)}; bin is for numbers and times`, position);
    }
    this.demand(",");
    const low = this.number();
    this.demand(",");
    const at = this.next.position;
    const step = this.number();
    if (step <= 0) throw new FilterError("expected a number above 0", at);
    this.demand(",");
    const bins = this.wholeNumber(1, MOST_BINS);
    this.demand(")");
    this.demand("between");
    const first = this.wholeNumber(0, bins - 1);
    this.demand("and");
    const last = this.wholeNumber(first, bins - 1);
    return { op: "bin", column: name, low, step, bins, first, last };
  }

  private number(): number {
    return numberOf(...this.signed());
  }

  private wholeNumber(least: number, most: number): number {
    const { position } = this.next;
    const value = this.number();
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new FilterError(`expected a whole number from ${least} to ${most}`, position);
    }
    return value;
  }

  private signed(): [string, Token] {
    const sign = this.accepts("-") ? "-" : "";
    if (sign === "") this.accepts("+");
    if (this.next.sort !== "number") throw this.expected("a number");
    return [sign, this.take()];
  }

  private column(): Found {
    const word = this.next;
    if (word.sort !== "name" && word.sort !== "quoted name") throw this.expected("a column");
    this.take();
    const name = findColumn(word.value, this.columns, word.sort === "quoted name");
    const type = name === undefined ? undefined : this.columns.get(name);
    if (name === undefined || type === undefined) {
      throw new FilterError(unknown("column", word.value, [...this.columns.keys()]), word.position);
    }
    return { name, type, position: word.position };
  }

  private condition(): Tree {
    const { name, type, position } = this.column();
    if (this.next.sort === "symbol" && COMPARISONS.includes(this.next.value)) return this.compare(name, type);
    if (this.accepts("is")) {
      const negated = this.accepts("not");
      this.demand("null");
      return maybeNot(negated, { op: "null", column: name });
    }
    if (this.next.sort === "word" && ["not", "in", "between", "contains", "starts"].includes(this.next.value)) {
      return this.worded(name, type);
    }
    if (type.kind !== "boolean") {
      throw new FilterError(`${says(name, type)}; it needs a comparison, such as ${example(name, type)}`, position);
    }
    return { op: "truth", column: name };
  }

  private worded(column: string, type: ColumnType): Tree {
    const negated = this.accepts("not");
    const word = this.next;
    if (this.accepts("in")) return maybeNot(negated, { op: "in", column, values: this.values(column, type, word) });
    if (this.accepts("between")) {
      this.needsOrder(column, type, word);
      const low = this.value(column, type);
      this.demand("and");
      const { position } = this.next;
      const high = this.value(column, type);
      if (family(type.kind) === "number" && Number(high) < Number(low)) {
        throw new FilterError("the larger of the two comes last", position);
      }
      return maybeNot(negated, { op: "between", column, low, high });
    }
    if (this.accepts("contains")) {
      return maybeNot(negated, { op: "contains", column, text: this.textFor(column, type, word) });
    }
    if (!negated && this.accepts("starts")) {
      if (this.next.sort === "name" && this.next.value.toLowerCase() === "with") this.take();
      return { op: "starts", column, text: this.textFor(column, type, word) };
    }
    throw this.expected("in, between or contains");
  }

  private values(column: string, type: ColumnType, word: Token): Value[] {
    if (type.kind === "boolean" || type.kind === "list") {
      const message = `${says(column, type)}; in is for numbers, texts, categories and times`;
      throw new FilterError(message, word.position);
    }
    this.demand("(");
    const values = [this.value(column, type)];
    while (this.accepts(",")) values.push(this.value(column, type));
    this.demand(")");
    return values;
  }

  private textFor(column: string, type: ColumnType, word: Token): string {
    const { kind } = type;
    const fits = kind === "text" || kind === "category" || (kind === "list" && word.value !== "starts");
    if (!fits) {
      const allowed = word.value === "starts" ? "texts and categories" : "texts, categories and lists";
      throw new FilterError(`${says(column, type)}; ${word.value} is for ${allowed}`, word.position);
    }
    const text = this.word("a text in quotes");
    return kind === "list" ? listItem(text, type) : text.value;
  }

  private needsOrder(column: string, type: ColumnType, word: Token): void {
    if (ordered(type.kind)) return;
    throw new FilterError(`${says(column, type)}; it has no order, so ${word.value} means nothing`, word.position);
  }

  private compare(column: string, type: ColumnType): Tree {
    const operator = this.take();
    if (type.kind === "list") {
      const message = `${writeName(column)} is a list; write ${writeName(column)} contains '…'`;
      throw new FilterError(message, operator.position);
    }
    if (operator.value !== "=" && operator.value !== "!=") this.needsOrder(column, type, operator);
    const is = operator.value as Comparison;
    const other = this.other(column, type);
    if (other !== undefined) return { op: "compare", column, is, other };
    return { op: "compare", column, is, value: this.value(column, type) };
  }

  /** The column on the right, if there stands one. */
  private other(column: string, type: ColumnType): string | undefined {
    const word = this.next;
    if (word.sort !== "name" && word.sort !== "quoted name") return undefined;
    let name = findColumn(word.value, this.columns, true);
    if (name === undefined && !type.categories.includes(word.value)) {
      name = findColumn(word.value, this.columns, word.sort === "quoted name");
    }
    const other = name === undefined ? undefined : this.columns.get(name);
    if (name === undefined || other === undefined) {
      if (family(type.kind) === "text" || word.sort === "quoted name") return undefined;
      throw new FilterError(unknown("column", word.value, [...this.columns.keys()]), word.position);
    }
    if (family(other.kind) !== family(type.kind)) {
      throw new FilterError(`${says(column, type)}, ${says(name, other)}; they cannot be compared`, word.position);
    }
    this.take();
    return name;
  }

  private value(column: string, type: ColumnType): Value {
    const word = this.next;
    if (word.sort === "end") throw this.expected("a value");
    if (word.sort === "word" && word.value === "null") {
      throw new FilterError(`write ${writeName(column)} is null`, word.position);
    }
    if (word.sort === "number" || (word.sort === "symbol" && (word.value === "-" || word.value === "+"))) {
      const [sign, digits] = this.signed();
      return valueOf(column, type, digits, sign);
    }
    if (word.sort === "symbol" || (word.sort === "word" && word.value !== "true" && word.value !== "false")) {
      throw this.expected("a value");
    }
    return valueOf(column, type, this.take());
  }
}

function maybeNot(negated: boolean, tree: Tree): Tree {
  return negated ? { op: "not", term: tree } : tree;
}

function says(column: string, type: ColumnType): string {
  return `${writeName(column)} is ${SPOKEN[type.kind]}`;
}

function example(column: string, type: ColumnType): string {
  const [first] = type.categories;
  const value = first === undefined ? "'…'" : writeValue(first);
  const endings: Partial<Record<ColumnType["kind"], string>> = {
    list: "contains '…'",
    text: "contains '…'",
    category: `= ${value}`,
    time: "> '2025-01-31'",
  };
  return `${writeName(column)} ${endings[type.kind] ?? "> 0"}`;
}
