"""How do labels, given as anything, become class names and a column of indexes?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from underglass.datasets.columns import to_arrow
from underglass.errors import DataError, unknown

MOST_CLASSES = 10_000


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Give each class a name of its own, since people and filters call classes by name.

    Examples
    --------
    >>> distinct(["missile", "projectile", "missile"])
    ('missile', 'projectile', 'missile (2)')
    """
    counts, taken, result = Counter(names), set(names), []
    seen: set[str] = set()
    for index, name in enumerate(names):
        unique = name
        if counts[name] > 1 and name in seen:
            unique = f"{name} ({index})"
            while unique in taken:
                unique += "′"
        seen.add(name)
        taken.add(unique)
        result.append(unique)
    return tuple(result)


def encode(labels: Any, classes: Sequence[str] | None, count: int) -> tuple[pa.Array, tuple[str, ...]]:
    """Turn labels into indexes of classes.

    Parameters
    ----------
    labels : (count,) integers, names, booleans, or None
        Integers are indexes of ``classes``; missing values stay missing.
    classes : names
        In the order of the model's outputs; without them, sorted names or ``0 … largest index``.
    count : number of instances
        One label each.

    Returns
    -------
    codes : (count,) int32, null where an instance has no label.
    classes : the names, made distinct; empty if there are neither labels nor classes.

    Raises
    ------
    DataError
        Lengths that differ, an index outside the classes, a name that is not among them, or labels of some other type.
    """
    names = distinct([str(name) for name in classes]) if classes is not None else None
    if labels is None:
        return pa.nulls(count, pa.int32()), names or ()
    column = to_arrow("labels", labels)
    if len(column) != count:
        raise DataError(f"{len(column):,} labels for {count:,} instances; there must be one each (None where unknown).")
    if pa.types.is_floating(column.type):
        column = _whole(column)
    if pa.types.is_boolean(column.type):
        column, names = column.cast(pa.int8()), names or ("false", "true")
    if pa.types.is_integer(column.type):
        return _indexes(column, names)
    if pa.types.is_null(column.type):
        return pa.nulls(count, pa.int32()), names or ()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _names(column, names, classes)
    raise DataError(f"labels are {column.type}; they may be class indexes, class names or booleans.")


def _whole(column: pa.Array) -> pa.Array:
    """Floats that are indexes in disguise (pandas makes them of integers with gaps)."""
    values = column.to_numpy(zero_copy_only=False)
    missing = np.isnan(values)
    if not np.equal(np.mod(values[~missing], 1), 0).all():
        example = values[~missing][np.mod(values[~missing], 1) != 0][0]
        raise DataError(f"labels are fractions ({example:g} among them); they must be class indexes or names.")
    return pa.array(np.where(missing, 0, values).astype(np.int64), mask=missing)


def _indexes(column: pa.Array, names: tuple[str, ...] | None) -> tuple[pa.Array, tuple[str, ...]]:
    present = column.drop_null().to_numpy(zero_copy_only=False)
    lowest, highest = (int(present.min()), int(present.max())) if len(present) else (0, -1)
    if lowest < 0:
        raise DataError(f"labels go down to {lowest}; class indexes start at 0 (give None where there is no label).")
    if names is None:
        if highest >= MOST_CLASSES:
            raise DataError(f"labels go up to {highest:,}; more than {MOST_CLASSES:,} classes need classes=[…].")
        names = tuple(str(index) for index in range(highest + 1))
    if highest >= len(names):
        raise DataError(f"a label is {highest}, but there are {len(names)} classes: 0 to {len(names) - 1}. Counted from 1?")
    return column.cast(pa.int32()), names


def _names(column: pa.Array, names: tuple[str, ...] | None, classes: Sequence[str] | None) -> tuple[pa.Array, tuple[str, ...]]:
    found = column.drop_null().unique().to_pylist()
    if names is None:
        if len(found) > MOST_CLASSES:
            raise DataError(f"{len(found):,} different labels; more than {MOST_CLASSES:,} are no classes.")
        names = tuple(sorted(found))
        index = {name: i for i, name in enumerate(names)}
    else:
        index = {name: i for i, name in enumerate(names)}
        given = Counter(str(name) for name in classes or ())
        twice = next((name for name in found if given[name] > 1), None)
        if twice is not None:
            raise DataError(f"{given[twice]} classes are called {twice!r}, so that label is ambiguous: give labels as indexes.")
        stranger = next((name for name in found if name not in index), None)
        if stranger is not None:
            raise DataError(unknown("class", stranger, names))
    return pa.array([None if name is None else index[name] for name in column.to_pylist()], pa.int32()), names
