"""How well does the model do on a subset: how many it gets right, and how probable it finds their labels?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

BINS = 20


def standing_of(case: Case, folder: ModelFolder, rows: np.ndarray[Any, Any]) -> dict[str, Any]:
    """What the model says of some instances, beside their labels.

    Parameters
    ----------
    rows : (instances,) int
        The instances, by row. Those without a label are not judged.

    Returns
    -------
    dict
        ``judged``: how many have a label. ``correct``: how many of those the model predicts; None where its classes are
        others than the case's. ``histogram``: how probable it finds each one's label, in 20 bins from 0 to 1.
    """
    labels = case.labels()[rows]
    mine, codes = rows[labels >= 0], labels[labels >= 0]
    if tuple(folder.record.classes) != tuple(case.folder.manifest.classes):
        return {"judged": len(mine), "correct": None, "histogram": [0] * BINS}
    predictions = np.asarray(case.folder.model(folder.name).predictions["prediction"].fill_null(-1).to_numpy())
    shares = folder.probabilities[mine, codes] if len(mine) else np.zeros(0, np.float32)
    known = np.clip(shares[np.isfinite(shares)], 0, 1)
    return {
        "judged": len(mine),
        "correct": int((predictions[mine] == codes).sum()),
        "histogram": np.histogram(known, BINS, (0, 1))[0].tolist(),
    }
