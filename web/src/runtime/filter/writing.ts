// How is a filter tree written, so that reading it gives the same tree?

import type { Columns } from "./columns";
import { parse, type ParseOptions } from "./grammar";
import { FilterError, quoted } from "./nearest";
import { isPlainName } from "./tokens";
import { COMPARISONS, DEEPEST, PICK_NAME, type Tree } from "./tree";

export const EVERYTHING: Tree = { op: "and", terms: [] };

/** Beyond it whole numbers cannot be told apart; a tree then holds the digits as a text. */
export const LARGEST_EXACT = 2n ** 53n;

/** Write a filter the way a person would type it. */
export function toText(tree: Tree): string {
  const everything = isRecord(tree) && tree.op === "and" && Array.isArray(tree.terms) && tree.terms.length === 0;
  return everything ? "" : write(tree, 0);
}

/** A tree from a link or the server, checked as if it had been typed, in its usual form. */
export function check(tree: unknown, columns: Columns, options: ParseOptions = {}): Tree {
  return parse(toText(tree as Tree), columns, options);
}

/** Names of the subsets a filter rests on. */
export function subsetsNamed(tree: Tree): Set<string> {
  if (tree.op === "subset") return new Set([tree.name]);
  const below = tree.op === "not" ? [tree.term] : tree.op === "and" || tree.op === "or" ? tree.terms : [];
  return new Set(below.flatMap((term) => [...subsetsNamed(term)]));
}

export function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new FilterError(`${value} is not a number a filter can hold`);
  return value === 0 ? "0" : String(value);
}

/** A column's name, in double quotes if it needs them. */
export function writeName(name: unknown): string {
  if (typeof name !== "string") throw new FilterError(`a column is named by a text, not by ${String(name)}`);
  return isPlainName(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** A value as it is typed. */
export function writeValue(value: unknown): string {
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return writeNumber(value);
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  throw new FilterError(`${String(value)} is not a value a filter can hold`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function write(tree: unknown, depth: number): string {
  if (depth > DEEPEST) throw new FilterError(`a filter can be nested ${DEEPEST} deep, not deeper`);
  if (!isRecord(tree)) throw new FilterError("not a filter");
  const column = (): string => writeName(tree.column);
  switch (tree.op) {
    case "and":
    case "or":
      return joined(tree, tree.op, depth);
    case "not":
      return negated(tree.term, depth);
    case "compare":
      if (!COMPARISONS.includes(String(tree.is))) {
        throw new FilterError(`${quoted(String(tree.is))} is not a comparison; there are ${COMPARISONS.join(" ")}`);
      }
      return `${column()} ${String(tree.is)} ${"other" in tree ? writeName(tree.other) : writeValue(tree.value)}`;
    case "in":
      return `${column()} in ${values(tree)}`;
    case "between":
      return `${column()} between ${range(tree)}`;
    case "contains":
      return `${column()} contains ${words(tree)}`;
    case "starts":
      return `${column()} starts with ${words(tree)}`;
    case "null":
      return `${column()} is null`;
    case "truth":
      return column();
    case "bin":
      return bin(tree);
    case "subset":
      return `in subset ${writeValue(textOf(tree.name))}`;
    case "pick":
      if (!PICK_NAME.test(textOf(tree.name))) throw new FilterError("a pick is named like 'pick_3'");
      return `in ${textOf(tree.name)}`;
    default:
      throw new FilterError(`not a filter: ${JSON.stringify(tree).slice(0, 80)}`);
  }
}

function joined(tree: Record<string, unknown>, op: "and" | "or", depth: number): string {
  if (!Array.isArray(tree.terms)) throw new FilterError(`${op} needs a list of terms`);
  if (tree.terms.length === 0) return op === "and" ? "true" : "false";
  if (tree.terms.length === 1) return write(tree.terms[0], depth + 1);
  const inside = op === "and" ? ["and", "or"] : ["or"];
  return tree.terms.map((term) => parenthesised(term, depth, inside)).join(` ${op} `);
}

function parenthesised(term: unknown, depth: number, when: readonly string[]): string {
  const text = write(term, depth + 1);
  return when.includes(loosest(term)) ? `(${text})` : text;
}

/** The operator that binds loosest in what is written: one term alone is written without its "and" or "or". */
function loosest(term: unknown): string {
  if (!isRecord(term)) return "";
  if ((term.op !== "and" && term.op !== "or") || !Array.isArray(term.terms) || term.terms.length > 1) return String(term.op);
  return term.terms.length === 0 ? "truth" : loosest(term.terms[0]);
}

function negated(term: unknown, depth: number): string {
  if (isRecord(term)) {
    if (term.op === "in") return `${writeName(term.column)} not in ${values(term)}`;
    if (term.op === "between") return `${writeName(term.column)} not between ${range(term)}`;
    if (term.op === "contains") return `${writeName(term.column)} not contains ${words(term)}`;
    if (term.op === "null") return `${writeName(term.column)} is not null`;
  }
  return `not ${parenthesised(term, depth, ["and", "or"])}`;
}

function values(tree: Record<string, unknown>): string {
  if (!Array.isArray(tree.values)) throw new FilterError("in needs a list of values");
  return `(${tree.values.map(writeValue).join(", ")})`;
}

function range(tree: Record<string, unknown>): string {
  return `${writeValue(tree.low)} and ${writeValue(tree.high)}`;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new FilterError(`expected a text, not ${String(value)}`);
  return value;
}

function words(tree: Record<string, unknown>): string {
  return writeValue(textOf(tree.text));
}

function bin(tree: Record<string, unknown>): string {
  const number = (key: string): string => {
    const value = tree[key];
    if (typeof value !== "number") throw new FilterError(`bin needs numbers, not ${String(value)}`);
    return writeNumber(value);
  };
  const how = `${number("low")}, ${number("step")}, ${number("bins")}`;
  return `bin(${writeName(tree.column)}, ${how}) between ${number("first")} and ${number("last")}`;
}
