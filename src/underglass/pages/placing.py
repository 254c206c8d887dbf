"""Where do items go for which nobody said a place? In rows from the left, as text runs, on 12 columns.

The same rules hold in the browser (``web/src/pages/layout.ts``), where a person moves them.
"""

from __future__ import annotations

from collections.abc import Sequence

from underglass.errors import DataError
from underglass.store.pages import COLUMNS

Place = tuple[int, int, int, int]
"""Column and row of the upper left corner, and width and height, in columns and rows."""
SHARES = tuple(n for n in range(1, COLUMNS + 1) if COLUMNS % n == 0)


def place(sizes: Sequence[tuple[int, int]], layout: int | Sequence[Sequence[int]] | None = None) -> list[Place]:
    """Places for items of given sizes.

    Parameters
    ----------
    sizes : width and height of each item, in columns and rows
    layout : number of equal columns
        Or the place of each item as (x, y, width, height); without, items follow each other in rows, each with its own width.

    Raises
    ------
    DataError
        The layout does not fit the items or the 12 columns, or two items would lie on each other.

    Examples
    --------
    >>> place([(8, 10), (4, 6), (12, 5)])
    [(0, 0, 8, 10), (8, 0, 4, 10), (0, 10, 12, 5)]
    >>> place([(12, 4), (12, 6), (12, 3)], 2)
    [(0, 0, 6, 6), (6, 0, 6, 6), (0, 6, 6, 3)]
    """
    if layout is None:
        return _in_rows([(min(width, COLUMNS), height) for width, height in sizes])
    if isinstance(layout, int) and not isinstance(layout, bool):
        if layout not in SHARES:
            raise DataError(f"12 columns cannot be shared by {layout}: give one of {', '.join(map(str, SHARES))}")
        return _in_rows([(COLUMNS // layout, height) for _, height in sizes])
    if isinstance(layout, str) or not isinstance(layout, Sequence):
        raise DataError(f"a layout is a number of columns, or one (x, y, width, height) for each item, not {layout!r}")
    return _given(len(sizes), layout)


def _in_rows(sizes: Sequence[tuple[int, int]]) -> list[Place]:
    places: list[Place] = []
    row: list[tuple[int, int, int]] = []
    x = y = 0

    def end_row() -> int:
        height = max((height for _, _, height in row), default=0)
        places.extend((at, y, width, height) for at, width, _ in row)
        row.clear()
        return y + height

    for width, height in sizes:
        if x + width > COLUMNS:
            y, x = end_row(), 0
        row.append((x, width, height))
        x += width
    end_row()
    return places


def _given(count: int, layout: Sequence[Sequence[int]]) -> list[Place]:
    if len(layout) != count:
        raise DataError(f"the layout has {len(layout)} places for {count} items")
    places: list[Place] = []
    for number, given in enumerate(layout, start=1):
        if len(given) != 4 or not all(isinstance(value, int) for value in given):
            raise DataError(f"place {number} is (x, y, width, height) in whole columns and rows, not {tuple(given)!r}")
        x, y, width, height = given
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > COLUMNS:
            raise DataError(f"place {number}, {tuple(given)!r}, does not lie within {COLUMNS} columns")
        for other, (a, b, w, h) in enumerate(places, start=1):
            if x < a + w and a < x + width and y < b + h and b < y + height:
                raise DataError(f"places {other} and {number} lie on each other")
        places.append((x, y, width, height))
    return places
