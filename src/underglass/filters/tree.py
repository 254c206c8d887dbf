"""Which trees are well formed, and what do they name?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from underglass.filters.columns import Columns

Tree: TypeAlias = dict[str, Any]
"""One filter as plain JSON; ``op`` says which form:

========== ==========================================================================
and, or    ``terms`` (``and`` of none is everything, ``or`` of none is nothing)
not        ``term``
compare    ``column``, ``is`` (= != < <= > >=), ``value`` or ``other`` (a column)
in         ``column``, ``values``
between    ``column``, ``low``, ``high`` (both included)
contains   ``column``, ``text``; upper and lower case are alike; in a list, its very items
starts     ``column``, ``text``; upper and lower case are alike
null       ``column``
truth      ``column`` (a yes or no)
bin        ``column``, ``low``, ``step``, ``bins``, ``first``, ``last``: number of the value's bin, clamped to 0 … bins − 1,
           is from first to last; for times, ``low`` and ``step`` are in milliseconds since 1970
subset     ``name``
pick       ``name`` (``pick_3``)
========== ==========================================================================
"""

EVERYTHING: Tree = {"op": "and", "terms": []}


def check(tree: Any, columns: Columns, *, subsets: Iterable[str] | None = None) -> Tree:
    """A tree that came over the wire, checked as if it had been typed, in its usual form.

    Parameters
    ----------
    tree
        JSON.
    columns
        What the columns hold.
    subsets
        Names of the known subsets; None leaves them unchecked.

    Raises
    ------
    FilterError
        If a form is wrong, a column or category unknown, a value of another type; the position is that in ``to_text(tree)``.

    Examples
    --------
    >>> from underglass.filters import ColumnType
    >>> check({"op": "compare", "column": "k", "is": "=", "value": 5.0}, {"k": ColumnType("integer")})["value"]
    5
    """
    from underglass.filters.grammar import parse
    from underglass.filters.writing import to_text

    return parse(to_text(tree), columns, subsets=subsets)


def subsets_named(tree: Tree) -> set[str]:
    """Names of the subsets a filter rests on.

    Examples
    --------
    >>> subsets_named({"op": "not", "term": {"op": "subset", "name": "unsure shirts"}})
    {'unsure shirts'}
    """
    return {node["name"] for node in _nodes(tree) if node["op"] == "subset"}


def picks_named(tree: Tree) -> set[str]:
    """Names of the picks a filter rests on."""
    return {node["name"] for node in _nodes(tree) if node["op"] == "pick"}


def columns_named(tree: Tree) -> set[str]:
    """Names of the columns a filter looks at.

    Examples
    --------
    >>> sorted(columns_named({"op": "compare", "column": "label", "is": "=", "other": "prediction"}))
    ['label', 'prediction']
    """
    return {node[key] for node in _nodes(tree) for key in ("column", "other") if key in node}


def _nodes(tree: Tree) -> Iterator[Tree]:
    yield tree
    below = [tree["term"]] if tree["op"] == "not" else tree.get("terms", [])
    for term in below:
        yield from _nodes(term)
