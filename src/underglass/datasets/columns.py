"""How does a column, given as anything, become a typed Arrow column that keeps its nulls?"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from underglass.errors import DataError

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
RESERVED = ("row", "id", "label", "split", "prediction", "confidence", "correct", "excluded", "tags", "note")
"""Names with a meaning of their own; a metadata column of that name is refused."""


def to_arrow(name: str, values: Any) -> pa.Array:
    """One column as a flat Arrow array; what cannot be one says so by name.

    Parameters
    ----------
    name : word
        The column's name, for the message.
    values : (N,)
        A list, numpy array, tensor, pandas or polars series, or an Arrow array. ``None``, ``NaN`` of an object
        column and ``NaT`` become null; ``NaN`` of a float column becomes null too, since no view tells them apart.

    Raises
    ------
    DataError
        More than one axis, or values of types that do not go together.
    """
    try:
        column = _convert(values)
    except UnicodeEncodeError:
        return pa.array([None if value is None else readable(str(value)) for value in values], pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError) as error:
        types = sorted({type(value).__name__ for value in list(values)[:1000] if value is not None})
        raise DataError(f"column {name!r} mixes {', '.join(types)}; a column has one type. ({error})") from error
    return _plain(name, column)


def _convert(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if isinstance(values, pa.Array):
        return values
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    if hasattr(values, "to_arrow"):
        return _convert(values.to_arrow())
    if hasattr(values, "__arrow_array__"):
        return pa.array(values)
    if not isinstance(values, np.ndarray) and hasattr(values, "to_numpy"):
        return pa.array(values, from_pandas=True)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise ValueError(f"it has shape {values.shape}, and a column has one axis")
        return pa.array(values, from_pandas=True)
    scalars = [value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value for value in values]
    return pa.array([None if isinstance(value, float) and math.isnan(value) else value for value in scalars], from_pandas=True)


def _plain(name: str, column: pa.Array) -> pa.Array:
    """Undo encodings that only cost every reader a case of its own: dictionaries, wide strings, half floats, views."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(name, column.dictionary_decode())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column = column.cast(pa.string())
    elif pa.types.is_float16(kind):
        column = column.cast(pa.float32())
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise DataError(f"column {name!r} holds bytes, which no view can show; leave it out or decode it.")
    if pa.types.is_string(column.type):
        return _readable(column)
    if pa.types.is_floating(column.type):
        values = column.to_numpy(zero_copy_only=False)
        return pa.array(values, column.type, mask=np.isnan(values))
    return column


def _readable(column: pa.Array) -> pa.Array:
    words = column.to_pylist()
    if not any(word is not None and "\x00" in word for word in words):
        return column
    return pa.array([None if word is None else readable(word) for word in words], pa.string())


def readable(text: str) -> str:
    """The text without what no store can hold: NUL and lone surrogates (undecodable bytes of a file name) become ``�``.

    Examples
    --------
    >>> readable("caf\\udce9.png")
    'caf�.png'
    """
    return UNSTORABLE.sub("�", text)


def columns_of(frame: Any) -> dict[str, Any] | None:
    """The columns of a table (pandas, polars, Arrow, DuckDB, Arrow streams) or of a mapping, by name; None of something else."""
    if isinstance(frame, Mapping):
        return {str(name): values for name, values in frame.items()}
    if isinstance(frame, pa.Table | pa.RecordBatch):
        return {name: frame.column(name) for name in _once(frame.schema.names)}
    if hasattr(frame, "to_arrow_table"):  # DuckDB's relation, whose [name] is a relation again
        return columns_of(frame.to_arrow_table())
    if hasattr(frame, "columns") and hasattr(frame, "__getitem__"):
        return {str(name): frame[name] for name in _once([str(name) for name in frame.columns])}
    if hasattr(frame, "__arrow_c_stream__"):
        return columns_of(pa.table(frame))
    return None


def _once(names: Sequence[str]) -> Sequence[str]:
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise DataError(f"column {twice[0]!r} is there twice; columns are called by name, so rename one.")
    return names


def free_name(name: str, columns: Mapping[str, Any]) -> str:
    """What a column is called in the case: a name that means something there gets the ending ``_given``."""
    free = name
    while free.lower() in RESERVED or (free != name and free in columns):
        free = f"{free}_given"
    return free
