"""Where does an instance lie, if its features are coordinates?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underglass.analyses.feature_codes import Feature, is_number, numbers

COMMONEST = 50


class Coordinates:
    """Coordinates of instances, made a few rows at a time.

    Numbers are scaled to 0..1, missing ones get the median and a coordinate that says so; each of the 50 commonest values of
    any other feature is a coordinate, rarer ones share none.

    Parameters
    ----------
    table : pyarrow.Table
        The columns themselves.
    features : sequence of Feature
        The same columns, factorised.
    """

    def __init__(self, table: pa.Table, features: Sequence[Feature]) -> None:
        self.parts: list[NDArray[np.generic]] = []
        self.widths: list[int] = []
        for feature in features:
            column = table.column(feature.name)
            if is_number(column):
                x = numbers(feature.name, column)
                known = np.isfinite(x)
                low, high = (x[known].min(), x[known].max()) if known.any() else (0.0, 1.0)
                scaled = np.where(known, (x - low) / ((high - low) or 1.0), np.nan)
                self.parts.append(np.where(known, scaled, np.median(scaled[known]) if known.any() else 0.0).astype(np.float32))
                self.widths.append(0)
                if not known.all():
                    self.parts.append((~known).astype(np.float32))
                    self.widths.append(0)
            else:
                commonest = np.argsort(-np.bincount(feature.codes, minlength=len(feature)), kind="stable")[:COMMONEST]
                place = np.full(len(feature), len(commonest), np.int32)
                place[commonest] = np.arange(len(commonest))
                self.parts.append(place[feature.codes])
                self.widths.append(len(commonest))

    def take(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Coordinates (rows, dimensions) of these instances."""
        columns = []
        for part, width in zip(self.parts, self.widths, strict=True):
            columns.append(np.eye(width + 1, width, dtype=np.float32)[part[rows]] if width else part[rows, None])
        return np.concatenate(columns, axis=1)
