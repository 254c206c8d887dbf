"""Which value does a word of a filter stand for, in a column of a given type?"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from underglass.errors import FilterError, unknown
from underglass.filters.columns import SPOKEN, ColumnType
from underglass.filters.tokens import NUMBER, Token
from underglass.filters.writing import LARGEST_EXACT, write_name, write_value

WHOLE = re.compile(r"[+-]?[0-9]{1,38}")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,6})?)?Z?)?")


def number(sign: str, word: Token) -> float:
    """The number a word stands for; whole ones as int while JavaScript can tell them apart."""
    value = float(sign + word.value)
    return int(value) if value.is_integer() and abs(value) <= LARGEST_EXACT else value


def value_of(column: str, kind: ColumnType, word: Token, sign: str = "") -> Any:
    """The value of a word in a column, or the error that says what the column holds.

    Parameters
    ----------
    column
        Its name, for the message.
    kind
        What it holds.
    word
        A number, text, name, or the word true or false.
    sign
        ``-`` if one stood before a number.
    """
    if kind.family == "number":
        return _number(column, kind, word, sign)
    if kind.kind == "boolean":
        if word.sort == "word":
            return word.value == "true"
        raise _mismatch(column, kind, word, sign, "it is true or false")
    if word.sort == "word":
        raise _mismatch(column, kind, word, sign, _hint(kind))
    if kind.kind == "time":
        return _time(column, kind, word, sign)
    if kind.kind == "category":
        return _category(column, kind, word, sign)
    if word.sort not in ("text", "quoted name"):
        raise _mismatch(column, kind, word, sign, _hint(kind))
    return word.value


def list_item(word: Token, kind: ColumnType) -> str:
    """An item a list may hold; checked only where the possible ones are known."""
    if kind.categories and word.value not in kind.categories:
        raise FilterError(unknown("item", word.value, kind.categories), word.position)
    return word.value


def _hint(kind: ColumnType) -> str:
    if kind.kind == "time":
        return "write '2025-01-31' or '2025-01-31 14:05'"
    example = write_value(kind.categories[0]) if kind.categories else "'…'"
    return f"write it in quotes, such as {example}"


def _mismatch(column: str, kind: ColumnType, word: Token, sign: str, hint: str) -> FilterError:
    return FilterError(f"{write_name(column)} is {SPOKEN[kind.kind]} and cannot be {sign}{word.source}; {hint}", word.position)


def _number(column: str, kind: ColumnType, word: Token, sign: str) -> float | str:
    typed = sign + word.value
    quoted = word.sort in ("text", "quoted name")
    if not (word.sort == "number" or (quoted and kind.kind == "integer" and WHOLE.fullmatch(typed))):
        example = "write a number such as 5" if kind.kind == "integer" else "write a number such as 0.5"
        raise _mismatch(column, kind, word, sign, "write it without quotes" if _is_number(word) else example)
    if kind.kind == "integer" and WHOLE.fullmatch(typed) and abs(int(typed)) > LARGEST_EXACT:
        return str(int(typed))
    return number(sign, word)


def _is_number(word: Token) -> bool:
    return word.sort in ("text", "quoted name") and NUMBER.fullmatch(word.value) is not None


def _time(column: str, kind: ColumnType, word: Token, sign: str) -> str:
    parts = TIME.fullmatch(word.value) if word.sort in ("text", "quoted name") else None
    if parts is None:
        raise _mismatch(column, kind, word, sign, _hint(kind))
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
    try:
        datetime(year, month, day, hour, minute, second)
    except ValueError:
        raise FilterError(f"{word.source} is no day of the calendar or no time of day", word.position) from None
    return word.value


def _category(column: str, kind: ColumnType, word: Token, sign: str) -> str:
    if word.sort == "number":
        raise _mismatch(column, kind, word, sign, _hint(kind))
    if word.value not in kind.categories:
        raise FilterError(unknown(f"value of {column}", word.value, kind.categories), word.position)
    return word.value
