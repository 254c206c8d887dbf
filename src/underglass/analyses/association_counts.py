"""How often does each label occur, alone and together with each identity?

The gate through which label sets enter, whatever their shape: a sparse or dense matrix of yes and no, lists of labels, or
scores that a threshold or the k highest turn into sets. A label given to an item twice counts once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from underglass.errors import DataError, unknown

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

FEW = 8  # identities up to which it is cheaper to add zeros than to ask
MOST_PARTS = 8  # each counts into a table of its own
LEAST_PART = 50_000  # items; fewer are counted sooner than handed out
BLOCK = 4_000_000  # values of a dense matrix turned into sets at once


@dataclass(frozen=True)
class Identities:
    """The identity labels, as columns of the matrix or as masks over the items, in the order asked for.

    Attributes
    ----------
    names : tuple of str
    columns : (identities,)
        Position of the identity among the labels, -1 for one given as a mask.
    masks : (identities given as masks, items)
    """

    names: tuple[str, ...]
    columns: Integers
    masks: Booleans

    @property
    def as_masks(self) -> NDArray[np.intp]:
        """Positions of the identities given as masks."""
        return np.flatnonzero(self.columns < 0)


@dataclass(frozen=True)
class LabelSets:
    """Which labels each item has, in whichever form is cheap to count.

    Attributes
    ----------
    items, labels : int
        How many.
    names : tuple of str or None
        Of the labels.
    starts, found : (items + 1,), (entries,)
        Labels of item i are ``found[starts[i] : starts[i + 1]]``; None where `dense` is given.
    dense : (items, labels) or None
        Yes and no, or scores.
    threshold, top : what makes a score a yes.
    """

    items: int
    labels: int
    names: tuple[str, ...] | None
    starts: Integers | None = None
    found: NDArray[np.integer[Any]] | None = None
    dense: NDArray[Any] | None = None
    threshold: float | None = None
    top: int | None = None


def label_sets(
    items_by_labels: Any, *, names: Sequence[str] | None = None, threshold: float | None = None, top: int | None = None
) -> LabelSets:
    """Read label sets.

    Parameters
    ----------
    items_by_labels : (items, labels) matrix, or one list of labels for each item
        Sparse or dense booleans, scores 0..1 with `threshold` or `top`, or lists of names or of positions.
    names : sequence of str, optional
        Of the labels, in the order of columns or positions; for lists of names also the labels that never occur.
    threshold : float, optional
        A score of at least this is a yes.
    top : int, optional
        The so many highest scores of an item are a yes.

    Raises
    ------
    DataError
        If there is no item or no label, values are neither yes or no nor scores, or names do not fit.
    """
    if threshold is not None and top is not None:
        raise DataError("give a threshold or the number of highest scores, not both.")
    given = None if names is None else tuple(str(name) for name in names)
    if hasattr(items_by_labels, "tocsr"):
        sets = _sparse(items_by_labels, given, threshold, top)
    elif getattr(items_by_labels, "ndim", 1) == 2:
        sets = _dense(np.asarray(items_by_labels), given, threshold, top)
    else:
        if threshold is not None or top is not None:
            raise DataError("lists of labels are already yes or no; threshold and top are for scores.")
        sets = _lists(items_by_labels, given)
    if not sets.items or not sets.labels:
        raise DataError(f"there are {sets.items:,} items and {sets.labels:,} labels; associations need both.")
    if sets.names is not None and len(sets.names) != sets.labels:
        raise DataError(f"{len(sets.names):,} names for {sets.labels:,} labels.")
    return sets


def find_identities(sets: LabelSets, identities: Sequence[int | str] | Mapping[str, ArrayLike]) -> Identities:
    """Look up identity labels.

    Parameters
    ----------
    sets : LabelSets
        The items and labels.
    identities : sequence of int or str, or mapping of name to (items,) bool
        Columns by position or name, or attributes of the items that are no labels.

    Raises
    ------
    DataError
        If there is none, one is unknown or given twice, or a mask does not fit.
    """
    if isinstance(identities, Mapping):
        masks = {str(name): np.asarray(mask) for name, mask in identities.items()}
        for name, mask in masks.items():
            if mask.shape != (sets.items,) or mask.dtype != bool:
                raise DataError(
                    f"identity {name!r} must be True or False for each of {sets.items:,} items; got {mask.dtype} {mask.shape}."
                )
        columns, stacked = np.full(len(masks), -1), np.array(list(masks.values()), bool).reshape(-1, sets.items)
        found = Identities(tuple(masks), columns.astype(np.int64), stacked)
    else:
        places = [position(sets.names, sets.labels, identity, "label") for identity in identities]
        if len(set(places)) < len(places):
            raise DataError(f"an identity is given twice: {', '.join(str(identity) for identity in identities)}.")
        told = tuple(str(place) if sets.names is None else sets.names[place] for place in places)
        found = Identities(told, np.array(places, np.int64), np.empty((0, sets.items), bool))
    if not found.names:
        raise DataError("no identity label to associate with; name at least one.")
    return found


def position(names: Sequence[str] | None, count: int, wanted: int | str, kind: str) -> int:
    """Where a label or an identity stands, by position or by name.

    Parameters
    ----------
    names : sequence of str, optional
        All names.
    count : int
        How many there are.
    wanted : int or str
        A position or a name.
    kind : str
        What is looked up, for the message.

    Raises
    ------
    DataError
        If it does not exist, or its name is given to several.
    """
    if isinstance(wanted, str):
        if names is None:
            raise DataError(f"{kind}s have no names; give the position of {wanted!r}, or names=….")
        places = [place for place, name in enumerate(names) if name == wanted]
        if not places:
            raise DataError(unknown(kind, wanted, names))
        if len(places) > 1:
            raise DataError(f"{kind} {wanted!r} is given {len(places)} times; use a position: {', '.join(map(str, places))}.")
        return places[0]
    place = index(wanted)
    if not 0 <= place < count:
        raise DataError(f"there is no {kind} {place}; positions are 0 to {count - 1:,}.")
    return place


def count(sets: LabelSets, identities: Identities) -> tuple[Integers, Integers, Integers]:
    """Count labels, identities, and both together.

    Returns
    -------
    labels : (labels,)
    identities : (identities,)
    joint : (identities, labels)
    """
    if sets.dense is not None:
        return _count_dense(sets, identities)
    from underglass.analyses.association_kernels import count_sets

    if len(identities.masks) == len(identities.names) <= FEW:
        counted = _count_side_by_side(sets, identities.masks)
        if counted is not None:
            labels, joint = counted[:, 0].copy(), counted[:, 1:].T.copy()
            return labels, identities.masks.sum(axis=1), joint
    slot = np.full(sets.labels, -1, np.int64)
    slot[identities.columns[identities.columns >= 0]] = np.flatnonzero(identities.columns >= 0)
    labels, joint = count_sets(sets.starts, sets.found, slot, identities.masks, identities.as_masks, len(identities.names))
    return labels, _identity_counts(identities, labels), joint


def _count_side_by_side(sets: LabelSets, masks: Booleans) -> Integers | None:
    """Labels, and labels with each identity, (labels, 1 + identities): a part of the items for each core; None if some label
    may stand twice in one item."""
    from underglass.analyses.association_kernels import count_few

    parts = max(1, min(os.cpu_count() or 1, MOST_PARTS, sets.items // LEAST_PART))
    edges = np.linspace(0, sets.items, parts + 1).astype(np.int64)

    def count_part(first: int, last: int) -> tuple[Integers, bool]:
        counted, ascending = count_few(sets.starts, sets.found, masks, sets.labels, first, last)
        return counted, bool(ascending)

    with ThreadPoolExecutor(parts) as pool:
        counted = list(pool.map(count_part, edges[:-1], edges[1:]))
    return np.sum([one for one, _ in counted], axis=0) if all(ascending for _, ascending in counted) else None


def _identity_counts(identities: Identities, labels: Integers) -> Integers:
    counted = labels[np.maximum(identities.columns, 0)]
    counted[identities.as_masks] = identities.masks.sum(axis=1)
    return counted


def _count_dense(sets: LabelSets, identities: Identities) -> tuple[Integers, Integers, Integers]:
    assert sets.dense is not None
    labels = np.zeros(sets.labels, np.int64)
    joint = np.zeros((len(identities.names), sets.labels), np.int64)
    step = max(1, BLOCK // sets.labels)
    for start in range(0, sets.items, step):
        rows = slice(start, start + step)
        yes = _decide(sets.dense[rows], sets.threshold, sets.top)
        member = yes[:, np.maximum(identities.columns, 0)].T.copy()
        member[identities.as_masks] = identities.masks[:, rows]
        labels += yes.sum(axis=0)
        joint += (member.astype(np.float32) @ yes.astype(np.float32)).astype(np.int64)  # exact: a block has fewer than 2^24 items
    return labels, _identity_counts(identities, labels), joint


def _decide(block: NDArray[Any], threshold: float | None, top: int | None) -> Booleans:
    if threshold is not None:
        return np.asarray(block >= threshold)
    if top is None:
        return np.asarray(block != 0)
    yes = np.zeros(block.shape, bool)
    np.put_along_axis(yes, np.argpartition(-block, top - 1, axis=1)[:, :top], values=True, axis=1)
    return yes


def _dense(matrix: NDArray[Any], names: tuple[str, ...] | None, threshold: float | None, top: int | None) -> LabelSets:
    items, labels = matrix.shape
    if matrix.dtype.kind not in "biuf":
        raise DataError(f"the matrix holds {matrix.dtype}; yes and no, or scores, are needed.")
    if matrix.size:
        _check_scores(matrix, threshold, top)
    if top is not None and not 1 <= top <= labels:
        raise DataError(f"top must be between 1 and the {labels:,} labels; got {top}.")
    return LabelSets(items, labels, names, dense=matrix, threshold=threshold, top=top)


def _sparse(matrix: Any, names: tuple[str, ...] | None, threshold: float | None, top: int | None) -> LabelSets:
    if top is not None:
        raise DataError("top needs a dense matrix of scores.")
    items, labels = matrix.shape
    if len(matrix.data):
        _check_scores(matrix.data, threshold, None)
    if threshold is not None and threshold <= 0:
        raise DataError(
            f"with a threshold of {threshold:g} every score that a sparse matrix leaves out would be a yes; give a dense one."
        )
    least = threshold if threshold is not None else 0.5
    if matrix.format == "coo" and (matrix.row[1:] >= matrix.row[:-1]).all():
        row, found = matrix.row, matrix.col
        if matrix.data.dtype != bool or not matrix.data.all():
            kept = matrix.data >= least
            row, found = (row, found) if kept.all() else (row[kept], found[kept])
        from underglass.analyses.association_kernels import starts_of

        return LabelSets(items, labels, names, starts_of(row, items), found)
    rows = matrix.tocsr()
    kept = rows.data >= least
    if kept.all():
        return LabelSets(items, labels, names, rows.indptr.astype(np.int64), rows.indices)
    before = np.concatenate([[0], np.cumsum(kept)])
    return LabelSets(items, labels, names, before[rows.indptr], rows.indices[kept])


def _check_scores(values: NDArray[Any], threshold: float | None, top: int | None) -> None:
    if values.dtype == bool:
        return
    low, high = values.min(), values.max()
    if np.isnan(low) or np.isnan(high):
        raise DataError(f"{np.isnan(values).sum():,} scores are missing.")
    if low < 0 or high > 1:
        raise DataError(f"scores must lie between 0 and 1; they go from {low:g} to {high:g}.")
    if threshold is None and top is None and not (values.dtype.kind in "iu" or np.isin(values, (0, 1)).all()):
        raise DataError("the matrix holds scores; say from which threshold on a score is a yes: threshold=….")


def _lists(lists: Any, names: tuple[str, ...] | None) -> LabelSets:
    if not isinstance(lists, pa.Array | pa.ChunkedArray):
        try:
            lists = pa.array([list(labels) if isinstance(labels, set | frozenset) else labels for labels in lists])
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError) as error:
            raise DataError(
                f"label sets must be a matrix or a list of labels for each item: {str(error).partition(chr(10))[0]}"
            ) from error
    array = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    if pa.types.is_null(array.type):
        array = array.cast(pa.list_(pa.null()))
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        raise DataError(f"label sets must be a matrix or a list of labels for each item, not {array.type}.")
    flat = array.flatten()
    lengths = array.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    known = np.asarray(flat.is_valid())
    if not known.all():  # a label that is missing is no label
        item = np.repeat(np.arange(len(array)), lengths)[known]
        lengths, flat = np.bincount(item, minlength=len(array)), flat.drop_null()
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if pa.types.is_integer(flat.type):
        found = flat.to_numpy(zero_copy_only=False)
        labels = int(found.max(initial=-1)) + 1 if names is None else len(names)
        if len(found) and (found.min() < 0 or found.max() >= labels):
            raise DataError(
                f"label positions must lie between 0 and {labels - 1:,}; they go from {found.min():,} to {found.max():,}."
            )
        return LabelSets(len(array), labels, names, starts, found)
    if pa.types.is_null(flat.type):
        return LabelSets(len(array), len(names or ()), names, starts, np.empty(0, np.int64))
    coded = (flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()).cast(pa.dictionary(pa.int32(), pa.string()))
    spoken = coded.dictionary.to_pylist()
    if names is not None:
        for name in spoken:
            if name not in names:
                raise DataError(unknown("label", name, names))
    vocabulary = tuple(sorted(spoken)) if names is None else names
    place = {name: at for at, name in enumerate(vocabulary)}
    if len(place) < len(vocabulary):
        raise DataError("two labels have the same name; lists of names cannot tell them apart.")
    rank = np.array([place[name] for name in spoken], np.int64)
    return LabelSets(len(array), len(vocabulary), vocabulary, starts, rank[coded.indices.to_numpy(zero_copy_only=False)])
