"""Which groups resemble this one?

Two answers: the groups whose definition differs in exactly one feature, and the groups whose members are distributed alike over
all features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.feature_codes import MISSING, Bins, Feature, Features, as_table, encode_binned
from underglass.analyses.group_tables import nullable
from underglass.errors import DataError, unknown

Group: TypeAlias = Mapping[str, Any] | NDArray[np.bool_] | NDArray[np.integer[Any]]
How = Literal["divergence", "one_feature"]
Floats = NDArray[np.float64]


def similar_groups(
    features: Features, groups: Sequence[Group], pinned: int, *, how: How = "divergence", bins: Bins | None = None
) -> pa.Table:
    """Order groups by how much they resemble the pinned one.

    Parameters
    ----------
    features : mapping, Arrow table or data frame of (instances,) columns
        What members are compared by; numbers are put into bins.
    groups : sequence
        Of each group its definition, feature to value or list of values (None is missing), or its members, as a mask or as rows.
    pinned : int
        Position of the group to compare with.
    how : str
        ``"divergence"``: all other groups, by the summed divergence. ``"one_feature"``: only groups whose definition names the
        same features and agrees in all of them but one.
    bins : mapping, optional
        A number to a count of bins or their inner edges [5 of equal count, where it takes more than 12 values].

    Returns
    -------
    pyarrow.Table
        A row for each group, most similar first: ``group`` (position), ``size``, ``divergence`` (Jensen-Shannon, base 2, summed
        over features; 0 is alike, the number of features is the most), ``mean_divergence`` (0..1), and, where definitions
        differ in one feature, ``feature``, ``pinned`` and ``similar`` (its values), else null. Divergence is null for a group
        without members.

    Raises
    ------
    DataError
        If `pinned` or a feature does not exist, or a mask has the wrong length.

    Source: Cabrera et al. 2019, "FairVis", section 4.5, both the paper's measure and its code's.
    """
    if how not in get_args(How):
        raise DataError(unknown("way to compare groups", how, get_args(How)))
    if not 0 <= pinned < len(groups):
        raise DataError(f"there is no group {pinned}; positions are 0 to {len(groups) - 1}.")
    table = as_table(features)
    columns = encode_binned(table, bins=bins)
    if not columns:
        raise DataError("no feature to compare groups by.")
    members = [_members(group, columns, table.num_rows) for group in groups]
    divergence = np.column_stack([_divergence(feature, members, pinned) for feature in columns])
    total = divergence.sum(axis=1)
    differing = [_differing(groups[pinned], group) for group in groups]
    order = [row for row in np.argsort(total, kind="stable").tolist() if row != pinned]
    if how == "one_feature":
        order = [row for row in order if differing[row] is not None]
    told = [differing[row] or (None, None, None) for row in order]
    return pa.table(
        {
            "group": pa.array(order, pa.int64()),
            "size": pa.array([len(members[row]) for row in order], pa.int64()),
            "divergence": nullable(total[order]),
            "mean_divergence": nullable(total[order] / len(columns)),
            "feature": pa.array([row[0] for row in told], pa.string()),
            "pinned": pa.array([row[1] for row in told], pa.string()),
            "similar": pa.array([row[2] for row in told], pa.string()),
        }
    )


def _members(group: Group, features: Sequence[Feature], instances: int) -> NDArray[np.intp]:
    if not isinstance(group, Mapping):
        array = np.asarray(group)
        if array.dtype != bool:
            return array.astype(np.intp)
        if array.shape != (instances,):
            raise DataError(f"a group's mask has shape {array.shape} for {instances:,} instances.")
        return np.flatnonzero(array)
    inside = np.ones(instances, bool)
    by_name = {feature.name: feature for feature in features}
    for name, wanted in group.items():
        if name not in by_name:
            raise DataError(unknown("feature", name, by_name))
        values = by_name[name].values.to_pylist()
        codes = [values.index(value) for value in _listed(wanted) if value in values]
        inside &= np.isin(by_name[name].codes, codes)
    return np.flatnonzero(inside)


def _divergence(feature: Feature, members: Sequence[NDArray[np.intp]], pinned: int) -> Floats:
    """Jensen-Shannon divergence (groups,), base 2, of one feature's distribution in each group from that in the pinned one."""
    counted = np.array([np.bincount(feature.codes[rows], minlength=len(feature)) for rows in members], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        share = counted / counted.sum(axis=1, keepdims=True)
    middle = (share + share[pinned]) / 2
    return (_relative_entropy(share, middle) + _relative_entropy(share[pinned], middle)) / 2


def _relative_entropy(p: Floats, q: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(p == 0, 0.0, p * np.log2(p / q)).sum(axis=-1))


def _differing(a: Group, b: Group) -> tuple[str, str, str] | None:
    """The one feature in which two definitions differ, with both values, or None."""
    if not isinstance(a, Mapping) or not isinstance(b, Mapping) or a.keys() != b.keys():
        return None
    differing = [name for name in a if set(_listed(a[name])) != set(_listed(b[name]))]
    return (differing[0], _told(a[differing[0]]), _told(b[differing[0]])) if len(differing) == 1 else None


def _listed(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]


def _told(wanted: Any) -> str:
    return " or ".join(MISSING if value is None else str(value) for value in _listed(wanted))
