"""Which groups did nobody think of?

Three ways to find them: exact search of all combinations of values (``lattice``), clusters of similar instances (``clusters``,
as FairVis), and a tree that splits where outcomes differ most (``tree``). All give the same table, worst group first by the
metric's own direction.
"""

from __future__ import annotations

from typing import Any, Literal, Unpack, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from underglass.analyses.confusion import METRICS
from underglass.analyses.feature_codes import Bins, Feature, Features, as_table, encode_binned
from underglass.analyses.feature_leaks import copied
from underglass.analyses.group_finders import DEFAULTS, SHARED, Settings, by_clusters, by_lattice, by_tree
from underglass.analyses.group_outcomes import Outcome, mean, of_metric
from underglass.analyses.outcomes import Column, cell_of, check_share, flagged, same_length, scores, truth
from underglass.analyses.suggested_groups import SuggestedGroups
from underglass.errors import DataError, unknown

How = Literal["lattice", "clusters", "tree"]
Worse = Literal["lower", "higher", "either"]


def suggest_groups(
    y_true: Column,
    y_score: Column,
    features: Features,
    *,
    how: How = "lattice",
    metric: str = "accuracy",
    threshold: float | ArrayLike = 0.5,
    positive: Any = None,
    **settings: Unpack[Settings],
) -> SuggestedGroups:
    """Find groups in which a score does badly.

    Parameters
    ----------
    y_true, y_score, threshold, positive
        As for `group_metrics`.
    features : mapping, Arrow table or data frame of (instances,) columns
        Those that copy the label, the prediction or the score, or hold one value only, are left out, with the reason.
    how : str
        ``"lattice"``, ``"clusters"`` or ``"tree"``.
    metric : str
        One of METRICS.
    **settings
        As for `suggest_groups_by`.

    Raises
    ------
    DataError
        As `group_metrics`; or if the metric is undefined for everyone, or a setting makes no sense.
    """
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    positives, flags = truth(y_true, positive=positive), flagged(y_score, threshold=threshold)
    same_length(y_true=len(positives), y_score=len(flags))
    outcome = of_metric(metric, cell_of(positives, flags))
    return _suggest(outcome, features, how, settings, classes=positives.astype(np.intp), score=scores(y_score))


def suggest_groups_by(
    outcome: Column,
    features: Features,
    *,
    worse: Worse = "higher",
    name: str = "outcome",
    how: How = "lattice",
    **settings: Unpack[Settings],
) -> SuggestedGroups:
    """Find groups in which any outcome is bad: an error, a loss, a wrong class of many.

    Parameters
    ----------
    outcome : (instances,)
        A number or a boolean for each instance, NaN where it is not defined. Only 0 and 1: tests are exact; else they are
        Welch's.
    features : mapping, Arrow table or data frame of (instances,) columns
        Those with one value only are left out.
    worse : str
        Whether ``"lower"``, ``"higher"`` or ``"either"`` is worse.
    name : str
        What the outcome is called.
    how : str
        ``"lattice"``, ``"clusters"`` or ``"tree"``.
    **settings
        See `Settings`.

    Raises
    ------
    DataError
        If there is no instance, no feature or no outcome, or a setting makes no sense.

    Notes
    -----
    p of a leaf of the tree comes from the half of the instances that did not decide on the splits; values are those of all
    instances.

    Source: lattice: Pastor, de Alfaro, Baralis 2021, "Looking for trouble"; clusters: Cabrera et al. 2019, "FairVis"; tree: as
    the error analysis of the Responsible AI toolbox.
    """
    if worse not in get_args(Worse):
        raise DataError(unknown("direction", worse, get_args(Worse)))
    array = (
        outcome
        if isinstance(outcome, np.ndarray)
        else np.asarray(pa.array(outcome, from_pandas=True).to_numpy(zero_copy_only=False))
    )
    if array.ndim != 1 or array.dtype.kind not in "biufO":
        raise DataError(f"outcome has shape {array.shape} and type {array.dtype}; one number for each instance is needed.")
    values = array.astype(np.float64)
    if np.isinf(values).any():
        raise DataError(f"outcome is infinite for instance {int(np.argmax(np.isinf(values))):,}.")
    known = values[~np.isnan(values)]
    yes_no = bool(np.isin(known, (0, 1)).all())
    return _suggest(Outcome(name, values, {"lower": 1, "higher": -1, "either": 0}[worse], yes_no), features, how, settings)


def searchable(
    table: pa.Table, *, bins: Bins | None = None, classes: NDArray[np.intp] | None = None, score: NDArray[Any] | None = None
) -> tuple[tuple[Feature, ...], tuple[tuple[str, str], ...]]:
    """Choose the features to search and put numbers into bins.

    Parameters
    ----------
    table : pyarrow.Table
        All columns.
    bins : mapping, optional
        A number to a count of bins or their inner edges.
    classes, score : (instances,), optional
        Label as a number from 0, and score; features that copy them are left out.

    Returns
    -------
    features : tuple of Feature
    left_out : tuple of (name, reason)
    """
    kept, left_out = [], []
    for feature in encode_binned(table, bins=bins):
        reason = copied(feature, table.column(feature.name), classes, score) if classes is not None else None
        if len(feature) < 2:
            reason = "holds one value only"
        elif reason is None and len(feature) == table.num_rows:
            reason = "holds a different value for every instance"
        if reason is None:
            kept.append(feature)
        else:
            left_out.append((feature.name, reason))
    return tuple(kept), tuple(left_out)


def _suggest(
    outcome: Outcome,
    features: Features,
    how: str,
    settings: Settings,
    *,
    classes: NDArray[np.intp] | None = None,
    score: NDArray[Any] | None = None,
) -> SuggestedGroups:
    if how not in get_args(How):
        raise DataError(unknown("way to find groups", how, get_args(How)))
    known = SHARED | DEFAULTS[how]
    for setting in settings:
        if setting not in known:
            raise DataError(unknown(f"setting of {how}", setting, known))
    chosen: Settings = known | settings
    if chosen["order"] not in ("evidence", "value"):
        raise DataError(unknown("order", str(chosen["order"]), ("evidence", "value")))
    check_share(chosen["confidence"], "confidence")
    table = as_table(features)
    same_length(outcome=len(outcome.values), features=table.num_rows)
    if not outcome.of.any():
        raise DataError(f"{outcome.name} is defined for nobody: 0 of {len(outcome.values):,} instances count.")
    columns, left_out = searchable(table, bins=chosen["bins"], classes=classes, score=score)
    if not columns:
        reasons = "; ".join(f"{name} {reason}" for name, reason in left_out) or "there are none"
        raise DataError(f"no feature is left to search: {reasons}.")
    find = {"lattice": by_lattice, "clusters": by_clusters, "tree": by_tree}[how]
    found = find(outcome, table, columns, chosen)
    overall = float(mean(outcome, outcome.total()))
    return SuggestedGroups(
        how=how, metric=outcome.name, direction=outcome.direction, overall=overall, features=columns, left_out=left_out, **found
    )
