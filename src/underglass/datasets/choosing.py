"""Which instances does a person's own function choose?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from underglass.datasets.dataset import Dataset
from underglass.errors import DataError

BATCH = 256


def rows_where(dataset: Dataset, function: Callable[[Any], bool]) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Rows of the instances for which a function is true, ascending; each is loaded once.

    Parameters
    ----------
    dataset : Dataset
    function : callable
        One raw instance → a truth value.

    Raises
    ------
    DataError
        The function fails or does not say true or false; names the instance.
    """
    chosen: list[int] = []
    for start in range(0, len(dataset), BATCH):
        rows = list(range(start, min(start + BATCH, len(dataset))))
        for row, raw in zip(rows, dataset.load(rows), strict=True):
            try:
                said = function(raw)
            except Exception as error:  # a person's own function may raise anything; it is named with its instance
                raise DataError(
                    f"the function failed on instance {_id(dataset, row)}: {type(error).__name__}: {error}"
                ) from error
            if not isinstance(said, bool | np.bool_):
                raise DataError(f"the function gave {said!r:.40} for instance {_id(dataset, row)}; it must give True or False")
            if said:
                chosen.append(row)
    return np.array(chosen, np.int32)


def _id(dataset: Dataset, row: int) -> str:
    return repr(str(dataset.table["id"][row].as_py()))
