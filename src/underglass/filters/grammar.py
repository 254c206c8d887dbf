"""What does a typed filter mean?

::

    filter    := [either]
    either    := both ("or" both)*
    both      := term ("and" term)*
    term      := "not" term | "(" either ")" | "true" | "false" | "in" "subset" text | "in" pick | bin | condition
    bin       := "bin" "(" column "," low "," step "," bins ")" "between" first "and" last
    condition := column [ compare (value | column) | "is" ["not"] "null" | ["not"] "in" "(" value ("," value)* ")"
                        | ["not"] "between" value "and" value | ["not"] "contains" text | "starts" "with" text ]

A column alone is a condition if it is a yes or no. A text in double quotes, or a bare word, that is no column but stands
where a category or a text is due is taken as that text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from underglass.errors import FilterError, unknown
from underglass.filters.columns import SPOKEN, Columns, ColumnType, find_column
from underglass.filters.tokens import Token, tokens
from underglass.filters.tree import Tree
from underglass.filters.values import list_item, number, value_of
from underglass.filters.writing import COMPARISONS, DEEPEST, PICK_NAME, write_name

MOST_BINS = 100_000


def parse(text: str, columns: Columns, *, subsets: Iterable[str] | None = None) -> Tree:
    """Read a typed filter.

    Parameters
    ----------
    text
        As typed; blank is everything.
    columns
        What the columns hold, by name.
    subsets
        Names of the known subsets; None leaves them unchecked.

    Returns
    -------
    The tree; ``parse(to_text(tree), columns) == tree``.

    Raises
    ------
    FilterError
        With the position of the first word that does not fit, and the nearest name where one is unknown.

    Examples
    --------
    >>> parse("conf < .5", {"confidence": ColumnType("number")})
    {'op': 'compare', 'column': 'confidence', 'is': '<', 'value': 0.5}
    """
    return _Reader(tokens(text), columns, subsets).read()


class _Reader:
    def __init__(self, words: list[Token], columns: Columns, subsets: Iterable[str] | None) -> None:
        self.words = words
        self.columns = columns
        self.subsets = None if subsets is None else tuple(subsets)
        self.at = 0
        self.depth = 0

    def read(self) -> Tree:
        if len(self.words) == 1:
            return {"op": "and", "terms": []}
        tree = self.either()
        if self.at < len(self.words) - 1:
            raise self.expected("and, or, or the end")
        return tree

    @property
    def next(self) -> Token:
        return self.words[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.words[self.at - 1]

    def accepts(self, *values: str) -> bool:
        """Take the next word if it is one of these reserved words or symbols."""
        if self.next.sort in ("word", "symbol") and self.next.value in values:
            self.at += 1
            return True
        return False

    def demand(self, value: str) -> None:
        if not self.accepts(value):
            raise self.expected(value)

    def expected(self, what: str) -> FilterError:
        if self.next.sort == "end":
            return FilterError(f"the filter ends too soon; expected {what}", self.next.position)
        return FilterError(f"expected {what}, found {self.next.source}", self.next.position)

    def either(self) -> Tree:
        terms = [self.both()]
        while self.accepts("or"):
            terms.append(self.both())
        return terms[0] if len(terms) == 1 else {"op": "or", "terms": terms}

    def both(self) -> Tree:
        terms = [self.term()]
        while self.accepts("and"):
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else {"op": "and", "terms": terms}

    def term(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST + 1:
            raise FilterError(f"a filter can be nested {DEEPEST} deep, not deeper", self.next.position)
        tree = self.one_term()
        self.depth -= 1
        return tree

    def one_term(self) -> Tree:
        if self.accepts("not"):
            return {"op": "not", "term": self.term()}
        if self.accepts("("):
            tree = self.either()
            self.demand(")")
            return tree
        if self.accepts("in"):
            return self.member()
        if self.accepts("true"):
            return {"op": "and", "terms": []}
        if self.accepts("false"):
            return {"op": "or", "terms": []}
        if self.next.sort == "name" and self.next.value.lower() == "bin" and self.words[self.at + 1].value == "(":
            return self.bin()
        return self.condition()

    def member(self) -> Tree:
        word = self.take() if self.next.sort == "name" else None
        if word is not None and word.value.lower() == "subset":
            name = self.word("the subset's name in quotes")
            if self.subsets is not None and name.value not in self.subsets:
                raise FilterError(unknown("subset", name.value, self.subsets), name.position)
            return {"op": "subset", "name": name.value}
        if word is not None and PICK_NAME.fullmatch(word.value):
            return {"op": "pick", "name": word.value}
        self.at -= word is not None
        raise self.expected("subset '…' or a pick such as pick_3")

    def word(self, what: str) -> Token:
        if self.next.sort not in ("text", "quoted name"):
            raise self.expected(what)
        return self.take()

    def bin(self) -> Tree:
        self.at += 2
        column, kind, position = self.column()
        if kind.kind not in ("number", "integer", "time"):
            raise FilterError(f"{_says(column, kind)}; bin is for numbers and times", position)
        self.demand(",")
        low = self.number()
        self.demand(",")
        step = self.number(more_than=0)
        self.demand(",")
        bins = self.whole_number(1, MOST_BINS)
        self.demand(")")
        self.demand("between")
        first = self.whole_number(0, bins - 1)
        self.demand("and")
        last = self.whole_number(first, bins - 1)
        return {"op": "bin", "column": column, "low": low, "step": step, "bins": bins, "first": first, "last": last}

    def number(self, *, more_than: float | None = None) -> float:
        position = self.next.position
        value = number(*self.signed())
        if more_than is not None and value <= more_than:
            raise FilterError(f"expected a number above {more_than}", position)
        return value

    def whole_number(self, least: int, most: int) -> int:
        position = self.next.position
        value = number(*self.signed())
        if not isinstance(value, int) or not least <= value <= most:
            raise FilterError(f"expected a whole number from {least} to {most}", position)
        return value

    def signed(self) -> tuple[str, Token]:
        """The next number: its sign and its digits."""
        sign = "-" if self.accepts("-") else ""
        if not sign:
            self.accepts("+")
        if self.next.sort != "number":
            raise self.expected("a number")
        return sign, self.take()

    def column(self) -> tuple[str, ColumnType, int]:
        word = self.next
        if word.sort not in ("name", "quoted name"):
            raise self.expected("a column")
        self.take()
        name = find_column(word.value, self.columns, exact=word.sort == "quoted name")
        if name is None:
            raise FilterError(unknown("column", word.value, self.columns), word.position)
        return name, self.columns[name], word.position

    def condition(self) -> Tree:
        column, kind, position = self.column()
        if self.next.sort == "symbol" and self.next.value in COMPARISONS:
            return self.compare(column, kind)
        if self.accepts("is"):
            negated = self.accepts("not")
            self.demand("null")
            return _maybe_not(negated, {"op": "null", "column": column})
        if self.next.sort == "word" and self.next.value in ("not", "in", "between", "contains", "starts"):
            return self.worded(column, kind)
        if kind.kind != "boolean":
            message = f"{_says(column, kind)}; it needs a comparison, such as {_example(column, kind)}"
            raise FilterError(message, position)
        return {"op": "truth", "column": column}

    def worded(self, column: str, kind: ColumnType) -> Tree:
        negated = self.accepts("not")
        word = self.next
        if self.accepts("in"):
            return _maybe_not(negated, {"op": "in", "column": column, "values": self.values(column, kind, word)})
        if self.accepts("between"):
            self.needs_order(column, kind, word)
            low = self.value(column, kind)
            self.demand("and")
            position = self.next.position
            high = self.value(column, kind)
            if kind.family == "number" and float(high) < float(low):
                raise FilterError("the larger of the two comes last", position)
            return _maybe_not(negated, {"op": "between", "column": column, "low": low, "high": high})
        if self.accepts("contains"):
            return _maybe_not(negated, {"op": "contains", "column": column, "text": self.text_for(column, kind, word)})
        if not negated and self.accepts("starts"):
            if self.next.sort == "name" and self.next.value.lower() == "with":
                self.take()
            return {"op": "starts", "column": column, "text": self.text_for(column, kind, word)}
        raise self.expected("in, between or contains")

    def values(self, column: str, kind: ColumnType, word: Token) -> list[Any]:
        if kind.kind in ("boolean", "list"):
            raise FilterError(f"{_says(column, kind)}; in is for numbers, texts, categories and times", word.position)
        self.demand("(")
        values = [self.value(column, kind)]
        while self.accepts(","):
            values.append(self.value(column, kind))
        self.demand(")")
        return values

    def text_for(self, column: str, kind: ColumnType, word: Token) -> str:
        if kind.kind not in ("text", "category", "list") or (kind.kind == "list" and word.value == "starts"):
            allowed = "texts and categories" if word.value == "starts" else "texts, categories and lists"
            raise FilterError(f"{_says(column, kind)}; {word.value} is for {allowed}", word.position)
        if kind.kind == "list":
            return list_item(self.word("a text in quotes"), kind)
        return self.word("a text in quotes").value

    def needs_order(self, column: str, kind: ColumnType, word: Token) -> None:
        if not kind.ordered:
            raise FilterError(f"{_says(column, kind)}; it has no order, so {word.value} means nothing", word.position)

    def compare(self, column: str, kind: ColumnType) -> Tree:
        operator = self.take()
        if kind.kind == "list":
            message = f"{write_name(column)} is a list; write {write_name(column)} contains '…'"
            raise FilterError(message, operator.position)
        if operator.value not in ("=", "!="):
            self.needs_order(column, kind, operator)
        tree: Tree = {"op": "compare", "column": column, "is": operator.value}
        other = self.other(column, kind)
        return {**tree, "other": other} if other is not None else {**tree, "value": self.value(column, kind)}

    def other(self, column: str, kind: ColumnType) -> str | None:
        """The column on the right, if there stands one."""
        word = self.next
        if word.sort not in ("name", "quoted name"):
            return None
        name = find_column(word.value, self.columns, exact=True)
        if name is None and word.value not in kind.categories:
            name = find_column(word.value, self.columns, exact=word.sort == "quoted name")
        if name is None:
            if kind.family == "text" or word.sort == "quoted name":
                return None
            raise FilterError(unknown("column", word.value, self.columns), word.position)
        other = self.columns[name]
        if other.family != kind.family:
            message = f"{_says(column, kind)}, {_says(name, other)}; they cannot be compared"
            raise FilterError(message, word.position)
        self.take()
        return name

    def value(self, column: str, kind: ColumnType) -> Any:
        word = self.next
        if word.sort == "end":
            raise self.expected("a value")
        if word.value == "null" and word.sort == "word":
            raise FilterError(f"write {write_name(column)} is null", word.position)
        if word.sort == "number" or (word.sort == "symbol" and word.value in ("-", "+")):
            sign, word = self.signed()
            return value_of(column, kind, word, sign)
        if word.sort == "symbol" or (word.sort == "word" and word.value not in ("true", "false")):
            raise self.expected("a value")
        return value_of(column, kind, self.take())


def _maybe_not(negated: bool, tree: Tree) -> Tree:
    return {"op": "not", "term": tree} if negated else tree


def _says(column: str, kind: ColumnType) -> str:
    return f"{write_name(column)} is {SPOKEN[kind.kind]}"


def _example(column: str, kind: ColumnType) -> str:
    name = write_name(column)
    value = "'" + kind.categories[0].replace("'", "''") + "'" if kind.categories else "'…'"
    endings = {"list": "contains '…'", "text": "contains '…'", "category": f"= {value}", "time": "> '2025-01-31'"}
    return f"{name} {endings.get(kind.kind, '> 0')}"
