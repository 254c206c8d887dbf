"""Which scores does a person mean who gives a column, or an array, for the instances of a case?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from underglass.datasets.score_tasks import Scores
from underglass.errors import DataError, unknown
from underglass.store import CaseFolder


def read_scores(folder: CaseFolder, scores: Any, *, positive: str | None = None, threshold: float = 0.5) -> Scores:
    """Check scores against the case's instances and classes.

    Parameters
    ----------
    folder : the case.
    scores : (instances,) or (instances, classes), or the name of a column
        0..1, NaN where there is none.
    positive : of two classes, the one that (instances,) scores are of [the last].
    threshold : a score of at least this counts as positive.

    Raises
    ------
    DataError
        Another number of scores or classes, or scores outside 0..1; says where.
    """
    classes = folder.manifest.classes
    columns: tuple[str, ...] = ()
    if isinstance(scores, str):
        known = folder.instances.column_names[4:]
        if scores not in known:
            raise DataError(unknown("column", scores, known))
        columns = (scores,)
        values = np.asarray(folder.instances[scores].cast(pa.float64()).to_numpy(zero_copy_only=False))
    else:
        values = np.asarray(scores, np.float64)
    if len(classes) < 2:
        raise DataError("the case has no labels of two classes or more, so nothing can be scored.")
    if values.ndim not in (1, 2) or len(values) != folder.manifest.instances:
        raise DataError(f"scores have shape {values.shape} for {folder.manifest.instances:,} instances; give a row for each.")
    wrong = (values < 0) | (values > 1)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise DataError(f"scores must lie between 0 and 1; instance {row:,} has {values[wrong][0]:g}. Logits need a sigmoid.")
    empty = np.empty(0)
    if values.ndim == 2:
        if values.shape[1] != len(classes):
            raise DataError(f"scores have {values.shape[1]} columns for the case's {len(classes)} classes.")
        missing = np.isnan(values).any(axis=1)
        highest = np.where(missing, -1, np.nan_to_num(values).argmax(axis=1)).astype(np.int32)
        return Scores("classes", tuple(classes), empty, empty, values.astype(np.float32), highest, None, 0.5, columns)
    if len(classes) != 2:
        raise DataError(f"one score for each instance tells two classes; the case has {len(classes)}: give a column for each.")
    if positive is not None and positive not in classes:
        raise DataError(unknown("class", positive, classes))
    place = 1 if positive is None else classes.index(positive)
    missing = np.isnan(values)
    shares = np.empty((len(values), 2), np.float32)
    shares[:, place], shares[:, 1 - place] = values, 1 - values
    decided = np.where(missing, -1, np.where(values >= threshold, place, 1 - place)).astype(np.int32)
    return Scores("two classes", tuple(classes), values, empty, shares, decided, place, threshold, columns)
