"""Which instances stand for all in a panel of a thousand? A stratified sample, and always those a person has marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.views.unit_rows import shown_rows

if TYPE_CHECKING:
    from underglass.case import Case

SIZE = 1_000
MOST_OWN = 2_000
Array = np.ndarray[Any, Any]


def own_rows(case: Case) -> Array:
    """A person's test instances: those with a tag, a note or a flag; ascending, int32."""
    state = case.folder.journal.state()
    own = np.array(state.flagged)
    for rows in state.tags.values():
        own[rows] = True
    own[[row for row, text in state.notes.items() if text]] = True
    return np.flatnonzero(own).astype(np.int32)


def sample(case: Case, *, within: Mapping[str, Any] | None = None, size: int = SIZE, seed: int = 0) -> dict[str, Any]:
    """Instances of every class, right and wrong, in plain JSON.

    Returns
    -------
    ``row``, ``label``, ``prediction`` (class numbers, −1 none), ``score`` (confidence, 0–1), ``own``: lists of equal length;
    ``n`` drawn of ``of`` shown, and how many of those drawn are the person's ``marked``.
    """
    from underglass.analyses.sampling import stratified

    rows = shown_rows(case, within)
    labels = case.labels()
    mine = np.intersect1d(own_rows(case), rows)[:MOST_OWN]
    drawn = rows[stratified(labels[rows], size, seed=seed)] if len(rows) > size else rows
    chosen = np.union1d(drawn, mine)
    folder = case.model
    score = np.full(len(labels), np.nan, np.float32)
    predictions = np.full(len(labels), -1, np.int32)
    if folder is not None:
        predictions = case.predictions()
        score = folder.predictions["confidence"].to_numpy().astype(np.float32)
    return {
        "row": chosen.tolist(),
        "label": labels[chosen].tolist(),
        "prediction": predictions[chosen].tolist(),
        "score": [round(float(one), 4) if np.isfinite(one) else None for one in score[chosen]],
        "own": np.isin(chosen, mine).tolist(),
        "n": len(chosen),
        "of": len(rows),
        "marked": len(mine),
    }
