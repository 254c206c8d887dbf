// Which query does a text stand for? One SELECT of the vocabulary that views use; anything else is refused by name.
import type { Expression, Item, Operator, Order, Select } from "./syntax";
import { tokens, Unanswerable, type Token } from "./tokens";

const AGGREGATES = new Set([
  "count",
  "sum",
  "avg",
  "mean",
  "min",
  "max",
  "median",
  "mode",
  "quantile",
  "quantile_cont",
  "quantile_disc",
]);
const SPREADS = ["stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"];
for (const name of SPREADS) AGGREGATES.add(name);
const COMPARISONS: Record<string, Operator> = { "=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=" };
const ENDS = new Set([
  ...["from", "where", "group", "having", "qualify", "order", "limit", "offset", "union", "on", "join", "as"],
  ...["and", "or", "then", "else", "end", "when", "asc", "desc", "nulls", "filter", "over", "is", "between", "in", "not"],
]);

/** The tree of a query's text. */
export function parse(sql: string): Select {
  const parser = new Parser(tokens(sql));
  const select = parser.select();
  parser.sign(";");
  parser.end();
  return select;
}

class Parser {
  #at = 0;
  constructor(readonly words: Token[]) {}

  get #word(): Token {
    return this.words[this.#at];
  }

  /** Whether the next words are these; they are taken if so. */
  #take(...wanted: string[]): boolean {
    const here = wanted.every((one, i) => {
      const word = this.words[this.#at + i];
      return word?.is === "name" && !word.quoted && word.text.toLowerCase() === one;
    });
    if (here) this.#at += wanted.length;
    return here;
  }

  #need(...wanted: string[]): void {
    if (!this.#take(...wanted)) this.#refuse(`expected ${wanted.join(" ").toUpperCase()}`);
  }

  sign(text: string): boolean {
    const here = this.#word.is === "sign" && this.#word.text === text;
    if (here) this.#at += 1;
    return here;
  }

  #needSign(text: string): void {
    if (!this.sign(text)) this.#refuse(`expected ${text}`);
  }

  end(): void {
    if (this.#word.is !== "end") this.#refuse("expected the end");
  }

  #refuse(why: string): never {
    const word = this.#word;
    throw new Unanswerable(
      `this page's engine does not know the query: ${why} at ${word.is === "end" ? "its end" : `“${word.text}”`}`,
    );
  }

  #name(): string {
    const word = this.#word;
    if (word.is !== "name") this.#refuse("expected a name");
    this.#at += 1;
    return word.text;
  }

  #list<T>(read: () => T): T[] {
    const found = [read()];
    while (this.sign(",")) found.push(read());
    return found;
  }

  select(): Select {
    this.#need("select");
    const distinct = this.#take("distinct");
    const items = this.#list(() => this.#item());
    const from = this.#take("from") ? this.#source() : null;
    const where = this.#take("where") ? this.expression() : null;
    const groups = this.#take("group", "by") ? this.#list(() => this.expression()) : [];
    const having = this.#take("having") ? this.expression() : null;
    const qualify = this.#take("qualify") ? this.expression() : null;
    const order = this.#take("order", "by") ? this.#orders() : [];
    const limit = this.#take("limit") ? this.#count() : null;
    const offset = this.#take("offset") ? this.#count() : 0;
    return { items, distinct, from, where, groups, having, qualify, order, limit, offset };
  }

  #count(): number {
    const word = this.#word;
    if (word.is !== "number" || !/^\d+$/.test(word.text)) this.#refuse("expected a whole number");
    this.#at += 1;
    return Number(word.text);
  }

  #source(): string | Select {
    let from: string | Select;
    if (this.sign("(")) {
      from = this.select();
      this.#needSign(")");
    } else from = this.#name();
    if (this.#take("as") || (this.#word.is === "name" && (this.#word.quoted || !ENDS.has(this.#word.text.toLowerCase()))))
      this.#name();
    return from;
  }

  #item(): Item {
    if (this.sign("*")) return { term: null, name: "*" };
    const from = this.#at;
    const term = this.expression();
    const text = this.words.slice(from, this.#at).map((word) => word.text);
    if (this.#take("as")) return { term, name: this.#name() };
    const word = this.#word;
    if (word.is === "name" && (word.quoted || !ENDS.has(word.text.toLowerCase()))) return { term, name: this.#name() };
    return { term, name: term.is === "column" ? term.name : text.join("") };
  }

  #orders(): Order[] {
    return this.#list(() => {
      const term = this.expression();
      const descending = this.#take("desc") || (this.#take("asc"), false);
      const nullsFirst = this.#take("nulls", "first") || (this.#take("nulls", "last"), false);
      return { term, descending, nullsFirst };
    });
  }

  expression(): Expression {
    const terms = [this.#and()];
    while (this.#take("or")) terms.push(this.#and());
    return terms.length === 1 ? terms[0] : { is: "or", terms };
  }

  #and(): Expression {
    const terms = [this.#not()];
    while (this.#take("and")) terms.push(this.#not());
    return terms.length === 1 ? terms[0] : { is: "and", terms };
  }

  #not(): Expression {
    return this.#take("not") ? { is: "not", term: this.#not() } : this.#condition();
  }

  #condition(): Expression {
    let left = this.#sum();
    for (;;) {
      const word = this.#word;
      if (word.is === "sign" && Object.hasOwn(COMPARISONS, word.text)) {
        this.#at += 1;
        left = { is: "binary", operator: COMPARISONS[word.text], left, right: this.#sum() };
      } else if (this.#take("is")) left = this.#is(left);
      else {
        const negated = this.#take("not");
        if (this.#take("between")) {
          const low = this.#sum();
          this.#need("and");
          left = { is: "between", term: left, low, high: this.#sum(), negated };
        } else if (this.#take("in")) left = this.#in(left, negated);
        else if (negated) this.#refuse("expected BETWEEN or IN");
        else return left;
      }
    }
  }

  #is(term: Expression): Expression {
    const negated = this.#take("not");
    if (this.#take("distinct", "from"))
      return { is: "binary", operator: negated ? "same" : "distinct", left: term, right: this.#sum() };
    if (this.#take("null")) return { is: "truth", term, value: null, negated };
    if (this.#take("true")) return { is: "truth", term, value: true, negated };
    if (this.#take("false")) return { is: "truth", term, value: false, negated };
    return this.#refuse("expected NULL, TRUE, FALSE or DISTINCT FROM");
  }

  #in(term: Expression, negated: boolean): Expression {
    this.#needSign("(");
    const isSelect = this.#word.is === "name" && !this.#word.quoted && this.#word.text.toLowerCase() === "select";
    const values = isSelect ? this.select() : this.sign(")") ? null : this.#list(() => this.expression());
    if (values === null) return { is: "in", term, values: [], negated };
    this.#needSign(")");
    // mosaic-sql writes IN ((SELECT …)): the inner brackets make a scalar of it, which the outer list unwraps
    if (Array.isArray(values) && values.length === 1 && values[0].is === "scalar")
      return { is: "in", term, values: values[0].select, negated };
    return { is: "in", term, values, negated };
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = this.sign("+") ? "+" : this.sign("-") ? "-" : null;
      if (!operator) return left;
      left = { is: "binary", operator, left, right: this.#product() };
    }
  }

  #product(): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = this.sign("*") ? "*" : this.sign("/") ? "/" : this.sign("%") ? "%" : null;
      if (!operator) return left;
      left = { is: "binary", operator, left, right: this.#unary() };
    }
  }

  #unary(): Expression {
    if (this.sign("+")) return this.#unary();
    if (!this.sign("-")) return this.#casted();
    const term = this.#unary();
    return term.is === "number" ? { ...term, value: -term.value } : { is: "minus", term };
  }

  #casted(): Expression {
    let term = this.#primary();
    while (this.sign("::")) term = { is: "cast", term, type: this.#type() };
    return term;
  }

  #type(): string {
    const name = this.#name().toUpperCase();
    if (this.sign("(")) {
      this.#list(() => this.#count());
      this.#needSign(")");
    }
    return name;
  }

  #primary(): Expression {
    const word = this.#word;
    if (word.is === "text") {
      this.#at += 1;
      return { is: "literal", value: word.text };
    }
    if (word.is === "number") {
      this.#at += 1;
      const type = /[eE]/.test(word.text) ? "double" : word.text.includes(".") ? "decimal" : "integer";
      const value = Number(word.text);
      return { is: "number", value: type === "integer" && !Number.isSafeInteger(value) ? BigInt(word.text) : value, type };
    }
    if (this.sign("(")) {
      const isSelect = this.#word.is === "name" && !this.#word.quoted && this.#word.text.toLowerCase() === "select";
      const inside: Expression = isSelect ? { is: "scalar", select: this.select() } : this.expression();
      this.#needSign(")");
      return inside;
    }
    if (word.is !== "name") return this.#refuse("expected a value");
    if (!word.quoted) {
      if (this.#take("null")) return { is: "literal", value: null };
      if (this.#take("true")) return { is: "literal", value: true };
      if (this.#take("false")) return { is: "literal", value: false };
      if (this.#take("case")) return this.#case();
      const next = this.words[this.#at + 1];
      if (["timestamp", "date"].includes(word.text.toLowerCase()) && next?.is === "text") {
        this.#at += 2;
        return { is: "cast", term: { is: "literal", value: next.text }, type: "TIMESTAMP" };
      }
    }
    const name = this.#name();
    if (!word.quoted && this.sign("(")) return this.#call(name.toLowerCase());
    return this.sign(".") ? { is: "column", name: this.#name() } : { is: "column", name };
  }

  #case(): Expression {
    const branches: [Expression, Expression][] = [];
    while (this.#take("when")) {
      const condition = this.expression();
      this.#need("then");
      branches.push([condition, this.expression()]);
    }
    const otherwise = this.#take("else") ? this.expression() : null;
    this.#need("end");
    return { is: "case", branches, otherwise };
  }

  #call(name: string): Expression {
    if (name === "cast") {
      const term = this.expression();
      this.#need("as");
      const type = this.#type();
      this.#needSign(")");
      return { is: "cast", term, type };
    }
    const distinct = this.#take("distinct");
    const terms =
      this.sign("*") || (this.#word.is === "sign" && this.#word.text === ")") ? [] : this.#list(() => this.expression());
    this.#needSign(")");
    if (AGGREGATES.has(name)) {
      let filter: Expression | null = null;
      if (this.#take("filter")) {
        this.#needSign("(");
        this.#need("where");
        filter = this.expression();
        this.#needSign(")");
      }
      if (this.#take("over")) this.#refuse("no aggregate over a window is known");
      return { is: "aggregate", name, terms, distinct, filter };
    }
    if (!this.#take("over")) return { is: "call", name, terms };
    if (name !== "row_number") this.#refuse(`no window but row_number is known, not ${name}`);
    this.#needSign("(");
    const partition = this.#take("partition", "by") ? this.#list(() => this.expression()) : [];
    const order = this.#take("order", "by") ? this.#orders() : [];
    this.#needSign(")");
    return { is: "window", name, partition, order };
  }
}
