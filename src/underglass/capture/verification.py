"""Is this the model, and are these the data, that a case was made with?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from underglass.datasets import Dataset
from underglass.errors import DataError, ModelError
from underglass.models import Fingerprint, Model

if TYPE_CHECKING:
    from underglass.store import CaseFolder, ModelFolder

PROBES = 8


def probe_rows(count: int, probes: int = PROBES) -> list[int]:
    """Rows of the probe instances: evenly spread over the data, first and last among them.

    Examples
    --------
    >>> probe_rows(15)
    [0, 2, 4, 6, 8, 10, 12, 14]
    >>> probe_rows(3)
    [0, 1, 2]
    """
    return [int(row) for row in np.unique(np.linspace(0, count - 1, min(count, probes)).round().astype(int))] if count else []


def verify(captured: ModelFolder, dataset: Dataset, model: Model) -> None:
    """Compare what the model computes for the probe instances with what was recorded at capture.

    Raises
    ------
    ModelError
        It is another model, or other preprocessing, or other data; the message says which.
    """
    recorded = Fingerprint.read(captured.record.fingerprint)
    found = model.fingerprint(dataset.load(probe_rows(len(dataset))))
    differences = recorded.differences(found)
    if differences:
        raise ModelError(
            f"this is not the model that was captured as {captured.name!r}: {' and '.join(differences)}. "
            "Attach the one that was, or capture this one under a name of its own."
        )


def same_data(folder: CaseFolder, dataset: Dataset) -> None:
    """Refuse a data set that is not the case's.

    Raises
    ------
    DataError
        Another count, or other ids or bytes.
    """
    manifest = folder.manifest
    if len(dataset) != manifest.instances:
        raise DataError(
            f"the case has {manifest.instances:,} instances, this data set {len(dataset):,}; make a case of its own for it."
        )
    if dataset.fingerprint != manifest.data_fingerprint:
        raise DataError("ids or bytes of this data set are not those the case was made from; make a case of its own for it.")
