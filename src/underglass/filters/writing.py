"""How is a filter tree written, so that reading it gives the same tree?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from underglass.errors import FilterError
from underglass.filters.tokens import PLAIN_NAME, RESERVED
from underglass.filters.tree import EVERYTHING, Tree

DEEPEST = 64
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
PICK_NAME = re.compile(r"pick_[0-9]{1,9}")
LARGEST_EXACT = 2**53
"""Beyond it JavaScript cannot tell whole numbers apart; a tree then holds the digits as a text."""


def to_text(tree: Any) -> str:
    """Write a filter the way a person would type it.

    Raises
    ------
    FilterError
        If the tree is not one of the forms of :data:`~underglass.filters.Tree`.

    Examples
    --------
    >>> to_text({"op": "not", "term": {"op": "in", "column": "label", "values": ["Shirt", "Coat"]}})
    "label not in ('Shirt', 'Coat')"
    """
    return "" if tree == EVERYTHING else _write(tree, 0)


def write_number(value: float) -> str:
    """A number as JavaScript writes it, so that both halves write the same text.

    Examples
    --------
    >>> write_number(0.5), write_number(5.0), write_number(1e-7), write_number(1e21)
    ('0.5', '5', '1e-7', '1e+21')
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        raise FilterError(f"{value} is not a number a filter can hold")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    point = len(text) + exponent
    if not -6 < point <= 21:
        rest = f".{text[1:]}" if len(text) > 1 else ""
        text = f"{text[0]}{rest}e{point - 1:+d}"
    elif point <= 0:
        text = "0." + "0" * -point + text
    elif exponent >= 0:
        text += "0" * exponent
    else:
        text = f"{text[:point]}.{text[point:]}"
    return "-" + text if sign else text


def write_name(name: Any) -> str:
    """A column's name, in double quotes if it needs them."""
    if not isinstance(name, str):
        raise FilterError(f"a column is named by a text, not by {name!r}")
    plain = PLAIN_NAME.fullmatch(name) is not None and name.lower() not in RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def write_value(value: Any) -> str:
    """A value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return write_number(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise FilterError(f"{value!r} is not a value a filter can hold")


def _write(tree: Any, depth: int) -> str:
    if depth > DEEPEST:
        raise FilterError(f"a filter can be nested {DEEPEST} deep, not deeper")
    if not isinstance(tree, dict) or tree.get("op") not in _FORMS:
        raise FilterError(f"not a filter: {str(tree)[:80]}; each part has an op out of {', '.join(_FORMS)}")
    try:
        return _FORMS[tree["op"]](tree, depth)
    except KeyError as missing:
        raise FilterError(f"a filter part {tree['op']!r} needs {missing.args[0]!r}") from None


def _terms(tree: Tree, depth: int) -> str:
    terms = tree["terms"]
    if not isinstance(terms, list):
        raise FilterError(f"{tree['op']} needs a list of terms")
    if not terms:
        return "true" if tree["op"] == "and" else "false"
    if len(terms) == 1:
        return _write(terms[0], depth + 1)
    inside = ("or", "and") if tree["op"] == "and" else ("or",)
    return f" {tree['op']} ".join(_parenthesised(term, depth, inside) for term in terms)


def _parenthesised(term: Any, depth: int, when: tuple[str, ...]) -> str:
    text = _write(term, depth + 1)
    return f"({text})" if _loosest(term) in when else text


def _loosest(term: Tree) -> str:
    """The operator that binds loosest in what is written: one term alone is written without its "and" or "or"."""
    if term["op"] not in ("and", "or") or len(term["terms"]) > 1:
        return str(term["op"])
    return _loosest(term["terms"][0]) if term["terms"] else "truth"


def _not(tree: Tree, depth: int) -> str:
    term = tree["term"]
    negated = _NEGATED.get(term.get("op")) if isinstance(term, dict) else None
    if negated is None:
        return "not " + _parenthesised(term, depth, ("and", "or"))
    column, rest = negated
    return f"{write_name(_get(term, column))} {rest(term)}"


def _get(tree: Tree, key: str) -> Any:
    if key not in tree:
        raise FilterError(f"a filter part {tree['op']!r} needs {key!r}")
    return tree[key]


def _compare(tree: Tree, depth: int) -> str:
    if tree["is"] not in COMPARISONS:
        raise FilterError(f"{tree['is']!r} is not a comparison; there are {' '.join(COMPARISONS)}")
    right = write_name(tree["other"]) if "other" in tree else write_value(tree["value"])
    return f"{write_name(tree['column'])} {tree['is']} {right}"


def _values(tree: Tree) -> str:
    values = _get(tree, "values")
    if not isinstance(values, list):
        raise FilterError("in needs a list of values")
    return f"({', '.join(map(write_value, values))})"


def _range(tree: Tree) -> str:
    return f"{write_value(_get(tree, 'low'))} and {write_value(_get(tree, 'high'))}"


def _words(tree: Tree) -> str:
    text = _get(tree, "text")
    if not isinstance(text, str):
        raise FilterError(f"{tree['op']} needs a text, not {text!r}")
    return write_value(text)


def _bin(tree: Tree, depth: int) -> str:
    numbers = [_number(tree[key]) for key in ("low", "step", "bins", "first", "last")]
    low, step, bins, first, last = numbers
    return f"bin({write_name(tree['column'])}, {low}, {step}, {bins}) between {first} and {last}"


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FilterError(f"bin needs numbers, not {value!r}")
    return write_number(value)


def _subset(tree: Tree, depth: int) -> str:
    if not isinstance(tree["name"], str):
        raise FilterError(f"a subset is named by a text, not by {tree['name']!r}")
    return f"in subset {write_value(tree['name'])}"


def _pick(tree: Tree, depth: int) -> str:
    if not isinstance(tree["name"], str) or not PICK_NAME.fullmatch(tree["name"]):
        raise FilterError(f"a pick is named like 'pick_3', not {tree['name']!r}")
    return f"in {tree['name']}"


_NEGATED: dict[Any, tuple[str, Callable[[Tree], str]]] = {
    "in": ("column", lambda t: f"not in {_values(t)}"),
    "between": ("column", lambda t: f"not between {_range(t)}"),
    "contains": ("column", lambda t: f"not contains {_words(t)}"),
    "null": ("column", lambda t: "is not null"),
}

_FORMS: dict[str, Callable[[Tree, int], str]] = {
    "and": _terms,
    "or": _terms,
    "not": _not,
    "compare": _compare,
    "in": lambda t, depth: f"{write_name(t['column'])} in {_values(t)}",
    "between": lambda t, depth: f"{write_name(t['column'])} between {_range(t)}",
    "contains": lambda t, depth: f"{write_name(t['column'])} contains {_words(t)}",
    "starts": lambda t, depth: f"{write_name(t['column'])} starts with {_words(t)}",
    "null": lambda t, depth: f"{write_name(t['column'])} is null",
    "truth": lambda t, depth: write_name(t["column"]),
    "bin": _bin,
    "subset": _subset,
    "pick": _pick,
}
