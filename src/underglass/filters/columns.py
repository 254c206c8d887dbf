"""Which columns can a filter speak of, and which one does a name mean?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["number", "integer", "text", "category", "boolean", "time", "list"]

SPOKEN: dict[Kind, str] = {
    "number": "a number",
    "integer": "a number",
    "text": "a text",
    "category": "a category",
    "boolean": "a yes or no",
    "time": "a time",
    "list": "a list",
}
"""What a column is called in a message."""

SHORTEST_ABBREVIATION = 3


@dataclass(frozen=True)
class ColumnType:
    """What a column holds.

    Parameters
    ----------
    kind : number, integer, text, category, boolean, time or list (of texts).
    categories : the values a category can take, in the case's order; empty for other kinds.
    """

    kind: Kind
    categories: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """Columns of one family can be compared with each other."""
        return {"integer": "number", "category": "text"}.get(self.kind, self.kind)

    @property
    def ordered(self) -> bool:
        """Whether ``<`` and ``between`` mean something; the order of categories is only the order they are drawn in."""
        return self.kind in ("number", "integer", "text", "time")


Columns = Mapping[str, ColumnType]


def column_types(columns: Iterable[Mapping[str, Any]]) -> dict[str, ColumnType]:
    """Column types from the JSON that hosts send (``{"name", "type", "categories"?}``).

    Examples
    --------
    >>> column_types([{"name": "label", "type": "category", "categories": ["cat", "dog"]}])
    {'label': ColumnType(kind='category', categories=('cat', 'dog'))}
    """
    return {c["name"]: ColumnType(c["type"], tuple(c.get("categories") or ())) for c in columns}


def find_column(name: str, columns: Columns, *, exact: bool = False) -> str | None:
    """The column a typed name means, or None.

    The name itself, else the only column that equals it without regard to case, else the only plain column (no ``.``, no
    ``@``) that begins with it: ``conf`` is ``confidence``.

    Parameters
    ----------
    name
        As typed.
    columns
        The known ones.
    exact
        Accept the very name only, as for names in double quotes.

    Examples
    --------
    >>> find_column("conf", {"confidence": ColumnType("number"), "correct": ColumnType("boolean")})
    'confidence'
    """
    if name in columns:
        return name
    if exact:
        return None
    lower = name.lower()
    alike = [c for c in columns if c.lower() == lower]
    if not alike and len(lower) >= SHORTEST_ABBREVIATION:
        alike = [c for c in columns if c.lower().startswith(lower) and "." not in c and "@" not in c]
    return alike[0] if len(alike) == 1 else None
