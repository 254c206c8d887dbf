"""Which values does each feature take, and which one does each instance hold?

Every analysis of groups starts here. A missing value (null, None, NaN) is a value of its own, the last one, so that the people
about whom nothing is known stay visible as a group.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from underglass.errors import DataError, unknown

Codes = NDArray[np.int32]
Features: TypeAlias = Any  # a mapping of name to values, an Arrow table, a pandas or polars data frame
Bins: TypeAlias = Mapping[str, int | Sequence[float]]

MISSING = "missing"
LISTED = 4
FEW_NUMBERS = 12
NUMBER_BINS = 5


@dataclass(frozen=True)
class Feature:
    """One column, factorised.

    Attributes
    ----------
    name : of the column.
    codes : (instances,) int32
        Position of each instance's value in `values`.
    values : (values,) Arrow array
        Distinct values in natural order; a declared order of categories is kept; null, if it occurs, is last.
    edges : (values + 1,) or None
        For a binned number: bin i holds ``edges[i] <= x < edges[i + 1]``; the outer ones are infinite.
    """

    name: str
    codes: Codes
    values: pa.Array
    edges: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def label(self, code: int) -> str:
        """The value as people read it; a missing one is called "missing"."""
        value = self.values[code].as_py()
        return MISSING if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    @property
    def labels(self) -> tuple[str, ...]:
        """The label of every value."""
        return tuple(self.label(code) for code in range(len(self)))

    def words(self, codes: Iterable[int]) -> str:
        """Several values as people read them: bins in a row as one span, and the values left out where these are fewer."""
        chosen = sorted(codes)
        spans = self._spans(chosen)
        if spans is not None:
            missing = [MISSING] if self.values[chosen[-1]].as_py() is None else []
            return " or ".join([_span(low, high) for low, high in spans] + missing)
        others = [code for code in range(len(self)) if code not in chosen]
        if len(chosen) > 1 and 0 < len(others) < len(chosen):
            return f"not {self._listed(others)}"
        return self._listed(chosen)

    def condition(self, codes: Iterable[int]) -> dict[str, Any]:
        """The filter (plain JSON) that holds for instances with one of these values."""
        chosen = sorted(codes)
        spans, terms = self._spans(chosen), []
        for low, high in spans or []:
            terms.append(self._between(low, high))
        for code in chosen:
            value = self.values[code].as_py()
            if value is None:
                terms.append({"op": "null", "column": self.name})
            elif spans is None:
                terms.append({"op": "compare", "column": self.name, "is": "=", "value": _plain(value)})
        return terms[0] if len(terms) == 1 else {"op": "or", "terms": terms}

    def _spans(self, codes: Sequence[int]) -> list[tuple[float, float]] | None:
        """Ends of the runs of bins, or None if this is not a binned number."""
        if self.edges is None:
            return None
        spans: list[tuple[float, float]] = []
        for code in codes:
            if code < len(self.edges) - 1:
                low, high = float(self.edges[code]), float(self.edges[code + 1])
                spans = [*spans[:-1], (spans[-1][0], high)] if spans and spans[-1][1] == low else [*spans, (low, high)]
        return spans

    def _between(self, low: float, high: float) -> dict[str, Any]:
        ends = [(">=", low), ("<", high)]
        terms = [{"op": "compare", "column": self.name, "is": sign, "value": end} for sign, end in ends if np.isfinite(end)]
        if not terms:
            return {"op": "not", "term": {"op": "null", "column": self.name}}
        return terms[0] if len(terms) == 1 else {"op": "and", "terms": terms}

    def _listed(self, codes: Sequence[int]) -> str:
        shown = " or ".join(self.label(code) for code in codes[:LISTED])
        return f"{shown} or {len(codes) - LISTED} more" if len(codes) > LISTED else shown


def as_table(features: Features) -> pa.Table:
    """Read columns of any kind as an Arrow table.

    Parameters
    ----------
    features : mapping, table or data frame
        Name to (instances,) values, or an Arrow table or record batch, or a pandas or polars data frame.

    Raises
    ------
    DataError
        If columns differ in length, are nested, mix types or have the same name.
    """
    if isinstance(features, pa.RecordBatch):
        features = pa.Table.from_batches([features])
    if isinstance(features, pa.Table):
        _refuse_twice(features.column_names)
        return features
    if type(features).__module__.partition(".")[0] == "pandas" and hasattr(features, "columns"):
        _refuse_twice(str(name) for name in features.columns)
        features = {name: features[name] for name in features.columns}
    if isinstance(features, Mapping):
        columns = {str(name): _column(str(name), values) for name, values in features.items()}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"features differ in length: {', '.join(f'{name} {n:,}' for name, n in lengths.items())}.")
        return pa.table(columns)
    if hasattr(features, "__arrow_c_stream__"):
        return as_table(pa.table(features))
    kind = type(features).__name__
    raise DataError(f"features need names: give a mapping of name to values, a table or a data frame, not {kind}.")


def encode(features: Features, names: Sequence[str] | None = None, *, bins: Bins | None = None) -> tuple[Feature, ...]:
    """Factorise columns.

    Parameters
    ----------
    features : mapping, table or data frame
        As for `as_table`.
    names : sequence of str, optional
        The columns wanted, in this order [all].
    bins : mapping, optional
        Column to a number of bins of equal count, or to the inner edges of the bins.

    Raises
    ------
    DataError
        If a column does not exist, is nested, or is to be binned and holds no numbers.

    Examples
    --------
    >>> (sex,) = encode({"sex": ["m", "f", None, "m"]})
    >>> sex.codes.tolist(), sex.labels
    ([1, 0, 2, 1], ('f', 'm', 'missing'))
    """
    table = as_table(features)
    wanted = list(table.column_names if names is None else names)
    for name in [*wanted, *(bins or {})]:
        if name not in table.column_names:
            raise DataError(unknown("feature", name, table.column_names))
    _refuse_twice(wanted)
    return tuple(encode_column(name, table.column(name), bins=(bins or {}).get(name)) for name in wanted)


def encode_column(name: str, column: pa.ChunkedArray | pa.Array, *, bins: int | Sequence[float] | None = None) -> Feature:
    """Factorise one Arrow column, after putting its numbers into bins if asked."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_nested(kind):
        raise DataError(f"feature {name!r} holds lists or records; a feature needs one value for each instance.")
    if bins is not None:
        return _binned(name, array, bins)
    if pa.types.is_dictionary(kind):
        return _from_dictionary(name, array, keep_order=bool(kind.ordered))
    if pa.types.is_floating(kind):
        array = pa.array(array.to_numpy(zero_copy_only=False), from_pandas=True)
    elif kind == pa.string_view():
        array = array.cast(pa.large_string())
    elif pa.types.is_null(kind):
        array = array.cast(pa.string())
    return _from_dictionary(name, array.dictionary_encode(), keep_order=False)


def encode_binned(table: pa.Table, *, bins: Bins | None = None) -> tuple[Feature, ...]:
    """Factorise all columns of a table; a number of more than 12 values gets 5 bins of equal count unless `bins` says else."""
    for name in bins or {}:
        if name not in table.column_names:
            raise DataError(unknown("feature", name, table.column_names))
    features = []
    for name in table.column_names:
        column, asked = table.column(name), (bins or {}).get(name)
        feature = encode_column(name, column, bins=asked)
        if asked is None and is_number(column) and len(feature) > FEW_NUMBERS:
            feature = encode_column(name, column, bins=NUMBER_BINS)
        features.append(feature)
    return tuple(features)


def crossing(features: Sequence[Feature]) -> tuple[Codes, NDArray[np.intp]]:
    """Number the combinations of values that occur.

    Parameters
    ----------
    features : sequence of Feature
        Of equal length, at least one.

    Returns
    -------
    (groups, features) int32, (instances,)
        The codes that make each group, sorted; and the group of each instance.

    Examples
    --------
    >>> groups, group = crossing(encode({"a": ["x", "x", "y"], "b": [1, 2, 2]}))
    >>> groups.tolist(), group.tolist()
    ([[0, 0], [0, 1], [1, 1]], [0, 1, 2])
    """
    instances = len(features[0].codes)
    dense = max(4 * instances, 1 << 20)
    groups = np.zeros((1, 0), np.int32)
    group = np.zeros(instances, np.intp)
    for feature in features:
        size = len(feature)
        combined = group * size + feature.codes
        if len(groups) * size <= dense:
            occurs = np.bincount(combined, minlength=len(groups) * size) > 0
            present = np.flatnonzero(occurs)
            group = (np.cumsum(occurs) - 1)[combined]
        else:
            present, group = np.unique(combined, return_inverse=True)
        groups = np.column_stack([groups[present // size], (present % size).astype(np.int32)])
    return groups, group


def is_number(column: pa.ChunkedArray | pa.Array) -> bool:
    """Whether a column holds numbers that can be put into bins."""
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type))


def numbers(name: str, column: pa.ChunkedArray | pa.Array) -> NDArray[np.float64]:
    """A column of numbers as float64, missing ones NaN."""
    if not is_number(column):
        raise DataError(f"feature {name!r} holds {column.type}, not numbers, and cannot be put into bins.")
    as_float = column.cast(pa.float64())
    return np.asarray(as_float.to_numpy() if isinstance(as_float, pa.ChunkedArray) else as_float.to_numpy(zero_copy_only=False))


def _binned(name: str, array: pa.Array, bins: int | Sequence[float]) -> Feature:
    x = numbers(name, array)
    known = ~np.isnan(x)
    if isinstance(bins, int | np.integer):
        if bins < 1:
            raise DataError(f"feature {name!r}: {bins} bins asked for; at least 1 is needed.")
        finite = x[np.isfinite(x)]
        inner = np.unique(np.quantile(finite, np.linspace(0, 1, int(bins) + 1)[1:-1])) if finite.size else np.empty(0)
        inner = inner[inner > finite.min()] if finite.size else inner  # an edge at the minimum would leave the first bin empty
    else:
        inner = np.asarray(bins, dtype=np.float64)
        if inner.ndim != 1 or not np.isfinite(inner).all() or (np.diff(inner) <= 0).any():
            raise DataError(f"feature {name!r}: the edges of bins must be finite and rise; got {list(bins)}.")
    edges = np.concatenate([[-np.inf], inner, [np.inf]])
    codes = np.searchsorted(inner, x, side="right").astype(np.int32)
    names: list[str | None] = [_span(low, high) for low, high in pairwise(edges.tolist())]
    if not known.all():
        codes[~known] = len(names)
        names.append(None)
    return Feature(name, codes, pa.array(names, pa.string()), edges)


def _span(low: float, high: float) -> str:
    if np.isinf(low) and np.isinf(high):
        return "any"
    if np.isinf(low):
        return f"below {high:g}"
    return f"{low:g} and above" if np.isinf(high) else f"{low:g} to below {high:g}"


def _from_dictionary(name: str, array: pa.Array, *, keep_order: bool) -> Feature:
    values = array.dictionary
    codes = array.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    used = np.bincount(codes + 1, minlength=len(values) + 1)
    alive = used[1:] > 0
    if len(values) and values.null_count:  # a null may also stand in the dictionary itself
        null = np.asarray(values.is_null())
        used[0] += used[1:][null].sum()
        alive &= ~null
    order = np.arange(len(values)) if keep_order else _natural_order(values)
    order = order[alive[order]]
    rank = np.full(len(values) + 1, len(order), np.int32)  # what is not in the order, and -1, is missing
    rank[order] = np.arange(len(order), dtype=np.int32)
    kept = values.take(pa.array(order, pa.int64()))
    if used[0]:
        kept = pa.concat_arrays([kept, pa.nulls(1, kept.type)])
    return Feature(name, rank[codes], kept)


def _natural_order(values: pa.Array) -> NDArray[np.intp]:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        text = values.fill_null("").to_pylist()
        return np.array(sorted(range(len(text)), key=lambda i: _collate(text[i])), dtype=np.intp)
    return np.asarray(pc.sort_indices(values), dtype=np.intp)


def _collate(text: str) -> list[tuple[int, float, str]]:
    """Sort key by which "9 years" comes before "10 years"."""
    parts = re.split(r"(\d+)", text)
    return [(0, float(part), "") if i % 2 else (1, 0.0, part.casefold()) for i, part in enumerate(parts) if part]


def _column(name: str, values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise DataError(f"feature {name!r} has shape {values.shape}; a feature needs one value for each instance.")
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"feature {name!r} mixes kinds of values: {str(error).partition(chr(10))[0]}") from error


def _refuse_twice(names: Iterable[str]) -> None:
    name, times = next(iter(Counter(names).most_common(1)), ("", 0))
    if times > 1:
        raise DataError(f"feature {name!r} is given twice.")


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
