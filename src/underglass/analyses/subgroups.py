"""How does a score do in every group of people?

The door to all analyses of subgroups: what is not here is taken from the file that answers it.

========================  ==========================================================
``group_metrics``         the twelve rates of a two-class score in every group
``group_class_metrics``   the same for a classifier of many classes
``group_errors``          the errors of a regression
``fairness_gaps``         how far the groups are apart, by each criterion
``compare_groups``        one group against another
``group_curves``          ROC and precision-recall of every group
``suggest_groups``        groups nobody thought of, three ways
``suggest_groups_by``     the same for any outcome
``similar_groups``        groups that resemble one
``feature_leaks``         features that give the label away
``size_curve``            is the group large enough to judge?
``training_curve``        was it large enough to learn from?
========================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from underglass.analyses.confusion import CELLS, METRICS, REPLICATES
from underglass.analyses.feature_codes import Bins, Features, crossing, encode
from underglass.analyses.feature_leaks import feature_leaks
from underglass.analyses.group_classes import ClassMetrics, group_class_metrics
from underglass.analyses.group_curves import GroupCurves, group_curves
from underglass.analyses.group_errors import group_errors
from underglass.analyses.group_gaps import compare_groups, fairness_gaps
from underglass.analyses.group_suggestions import suggest_groups, suggest_groups_by
from underglass.analyses.group_tables import add_up, cell_columns, check_names, defining, group_columns, margins
from underglass.analyses.learning_curves import SizeCurve, size_curve, training_curve
from underglass.analyses.outcomes import Column, cell_of, check_share, flagged, same_length, truth
from underglass.analyses.similar_groups import similar_groups
from underglass.analyses.suggested_groups import SuggestedGroups

__all__ = [
    "ClassMetrics",
    "GroupCurves",
    "SizeCurve",
    "SuggestedGroups",
    "compare_groups",
    "fairness_gaps",
    "feature_leaks",
    "group_class_metrics",
    "group_curves",
    "group_errors",
    "group_metrics",
    "similar_groups",
    "size_curve",
    "suggest_groups",
    "suggest_groups_by",
    "training_curve",
]
RESULT_COLUMNS = ("size", *CELLS, *METRICS, *(f"{metric}_{end}" for metric in METRICS for end in ("low", "high")))


def group_metrics(
    y_true: Column,
    y_score: Column,
    features: Features,
    *,
    by: str | Sequence[str],
    threshold: float | ArrayLike = 0.5,
    marginals: bool = False,
    positive: Any = None,
    bins: Bins | None = None,
    confidence: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> pa.Table:
    """Count outcomes in every non-empty intersection of features, and what follows from the counts.

    Parameters
    ----------
    y_true : (instances,)
        True class: booleans, 0 and 1, or two values of which `positive` names one.
    y_score : (instances,)
        Probability of the positive class, 0..1; predicted positive is ``score >= threshold``.
    features : mapping, Arrow table or data frame of (instances,) columns
        A missing value is a group of its own.
    by : str or sequence of str
        The feature or features whose values, combined, make the groups.
    threshold : float or (instances,)
        One number, or one for each instance where groups have thresholds of their own.
    marginals : bool
        Also the groups by every smaller set of these features, down to everyone.
    positive : optional
        The value of `y_true` that counts as positive [True or 1].
    bins : mapping, optional
        A feature of numbers to a number of bins of equal count, or to inner edges.
    confidence : float
        Of the intervals, fraction.
    replicates, seed : int
        Of the bootstrap behind the interval of ``f1``.

    Returns
    -------
    pyarrow.Table
        A row for each group, in the natural order of values, missing last. Columns: the features in the order of `by`; ``size``,
        ``tp``, ``fp``, ``tn``, ``fn``; the twelve METRICS as fractions, null where 0/0; ``<metric>_low`` and ``<metric>_high``,
        Wilson's interval (``f1``: bootstrap over the cells). With `marginals` a last column ``grouped_by`` lists the features
        that define the row, since a null in another feature's column then means "any value" and not "missing".

    Raises
    ------
    DataError
        If columns differ in length, labels or scores are missing or out of range, or a feature is unknown or named like a result.

    Source: Cabrera et al. 2019, "FairVis", with intervals, and without its zeros for 0/0.

    Examples
    --------
    >>> groups = group_metrics([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.1], {"sex": ["f", "f", "m", "m"]}, by="sex")
    >>> groups.select(["sex", "size", "recall", "fpr"]).to_pylist()[1]
    {'sex': 'm', 'size': 2, 'recall': 0.0, 'fpr': 0.0}
    """
    names = [by] if isinstance(by, str) else list(by)
    check_names(names, RESULT_COLUMNS)
    check_share(confidence, "confidence")
    positives, flags = truth(y_true, positive=positive), flagged(y_score, threshold=threshold)
    columns = encode(features, names, bins=bins)
    same_length(y_true=len(positives), y_score=len(flags), features=len(columns[0].codes))
    groups, group = crossing(columns)
    cells = np.bincount(group * len(CELLS) + cell_of(positives, flags), minlength=len(groups) * len(CELLS)).reshape(
        -1, len(CELLS)
    )
    used = None
    if marginals:
        groups, rows, used = margins(groups)
        cells = add_up(cells, rows)
    return pa.table(
        group_columns(columns, groups)
        | cell_columns(cells, confidence=confidence, replicates=replicates, seed=seed)
        | defining(names, used)
    )
