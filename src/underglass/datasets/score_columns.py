"""Which columns hold the scores of which class, and are they numbers that can be scores?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.errors import DataError

PREFIXES = ("p_", "p.", "p(", "prob_", "probability_", "proba_", "score_")


def chance_columns(columns: Mapping[str, pa.Array], given: str, labels: Sequence[Any]) -> list[str]:
    """Columns that hold probabilities by their names: with a prefix, or called as the classes are."""
    for prefix in PREFIXES:
        found = [name for name in columns if name.lower().startswith(prefix) and name != given]
        if len(found) > 1:
            return found
    named = {str(one) for one in labels if one is not None}
    return [name for name in columns if name in named and name != given] if named <= set(columns) else []


def class_of(name: str) -> str:
    """The class that a column of scores speaks of.

    Examples
    --------
    >>> class_of("p_cat"), class_of("P(dog)"), class_of("owl")
    ('cat', 'dog', 'owl')
    """
    lower = name.lower()
    prefix = next((one for one in PREFIXES if lower.startswith(one) and len(name) > len(one)), "")
    return re.sub(r"\)$", "", name[len(prefix) :]) if prefix == "p(" else name[len(prefix) :]


def matched(wanted: Sequence[str], names: list[str], label: str) -> dict[str, str]:
    """Which column holds the scores of which class: by its name or its ending, else by order."""
    found: dict[str, str] = {}
    for column in wanted:
        ending = [name for name in names if column.lower() == name.lower() or column.lower().endswith(name.lower())]
        if ending:
            found[column] = max(ending, key=len)
    if len(found) == len(wanted) and len(set(found.values())) == len(wanted) >= len(names):
        return found
    if len(set(found.values())) == len(names) and len(wanted) > len(names):
        return {column: found.get(column, column) for column in wanted}
    if len(wanted) == len(names) and not found:
        return dict(zip(wanted, names, strict=True))
    lacking = [name for name in names if name not in found.values()]
    raise DataError(
        f"{len(wanted)} columns of scores for the {len(names)} values of {label!r}; no column ends in {', '.join(lacking[:5])}. "
        "Name each column by its class, such as p_cat and p_dog."
    )


def finite(column: pa.Array, name: str) -> NDArray[np.float64]:
    """Numbers of a column, NaN where they are missing; infinite ones are refused."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"column {name!r} holds {column.type}, not numbers.")
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if np.isinf(values).any():
        raise DataError(f"column {name!r} is infinite in row {int(np.isinf(values).argmax()) + 1:,}.")
    return values


def shares(column: pa.Array, name: str) -> NDArray[np.float64]:
    """Scores in 0..1, NaN where they are missing."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        shown = next((str(value) for value in column.to_pylist() if value is not None), "")
        raise DataError(
            f"column {name!r} holds {column.type} such as {shown[:40]!r}, not scores; scores are numbers from 0 to 1."
        )
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False)).copy()
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        row = int(wrong.argmax())
        hint = (
            "percentages need a division by 100"
            if np.nanmin(values) >= 0 and np.nanmax(values) <= 100
            else "logits need a sigmoid"
        )
        raise DataError(
            f"{int(wrong.sum()):,} scores of {name!r} lie outside 0 to 1, the first in row {row + 1:,}: {values[row]:g}. "
            f"Scores are probabilities; {hint}."
        )
    return values
