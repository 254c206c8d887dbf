// Which value does a word of a filter stand for, in a column of a given type?

import { family, SPOKEN, type ColumnType } from "./columns";
import { FilterError, unknown } from "./nearest";
import { isNumber, type Token } from "./tokens";
import type { Value } from "./tree";
import { LARGEST_EXACT, writeName, writeValue } from "./writing";

const WHOLE = /^[+-]?[0-9]{1,38}$/;
const TIME = /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?Z?)?$/;

/** The number a word stands for. */
export function numberOf(sign: string, word: Token): number {
  const value = Number(sign + word.value);
  return value === 0 ? 0 : value;
}

/** The value of a word in a column, or the error that says what the column holds. */
export function valueOf(column: string, type: ColumnType, word: Token, sign = ""): Value {
  if (family(type.kind) === "number") return numeric(column, type, word, sign);
  if (type.kind === "boolean") {
    if (word.sort === "word") return word.value === "true";
    throw mismatch(column, type, word, sign, "it is true or false");
  }
  if (word.sort === "word") throw mismatch(column, type, word, sign, hint(type));
  if (type.kind === "time") return time(column, type, word, sign);
  if (type.kind === "category") return category(column, type, word, sign);
  if (!isQuoted(word)) throw mismatch(column, type, word, sign, hint(type));
  return word.value;
}

/** An item a list may hold; checked only where the possible ones are known. */
export function listItem(word: Token, type: ColumnType): string {
  if (type.categories.length > 0 && !type.categories.includes(word.value)) {
    throw new FilterError(unknown("item", word.value, type.categories), word.position);
  }
  return word.value;
}

function isQuoted(word: Token): boolean {
  return word.sort === "text" || word.sort === "quoted name";
}

function hint(type: ColumnType): string {
  if (type.kind === "time") return "write '2025-01-31' or '2025-01-31 14:05'";
  const [first] = type.categories;
  return `write it in quotes, such as ${first === undefined ? "'…'" : writeValue(first)}`;
}

function mismatch(column: string, type: ColumnType, word: Token, sign: string, advice: string): FilterError {
  const says = `${writeName(column)} is ${SPOKEN[type.kind]} and cannot be ${sign}${word.source}`;
  return new FilterError(`${says}; ${advice}`, word.position);
}

function numeric(column: string, type: ColumnType, word: Token, sign: string): number | string {
  const typed = sign + word.value;
  const whole = type.kind === "integer" && WHOLE.test(typed);
  if (!(word.sort === "number" || (isQuoted(word) && whole))) {
    if (isQuoted(word) && isNumber(word.value)) throw mismatch(column, type, word, sign, "write it without quotes");
    throw mismatch(column, type, word, sign, `write a number such as ${type.kind === "integer" ? "5" : "0.5"}`);
  }
  if (whole) {
    const exact = BigInt(typed.replace(/^\+/, ""));
    if (exact > LARGEST_EXACT || exact < -LARGEST_EXACT) return exact.toString();
  }
  return numberOf(sign, word);
}

function time(column: string, type: ColumnType, word: Token, sign: string): string {
  const parts = isQuoted(word) ? TIME.exec(word.value) : null;
  if (parts === null) throw mismatch(column, type, word, sign, hint(type));
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map((p) => Number(p ?? 0));
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  if (year < 1 || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) {
    throw new FilterError(`${word.source} is no day of the calendar or no time of day`, word.position);
  }
  return word.value;
}

function category(column: string, type: ColumnType, word: Token, sign: string): string {
  if (word.sort === "number") throw mismatch(column, type, word, sign, hint(type));
  if (!type.categories.includes(word.value)) {
    throw new FilterError(unknown(`value of ${column}`, word.value, type.categories), word.position);
  }
  return word.value;
}
