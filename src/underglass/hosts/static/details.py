"""What is known of single instances? Probabilities, neighbours and units, packed as arrays for the page's side panel.

Up to 5,000 instances all of it travels; beyond that neighbours and units are left out, which would be most of the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.neighbours import nearest
from underglass.hosts.static.blocks import packed
from underglass.hosts.static.tables import Rows
from underglass.serving.loading import served_names
from underglass.views.instance import LONGEST_TEXT, NEIGHBOURS, OWN, PROBABILITIES
from underglass.views.instances import MOST_ROWS, excerpts

if TYPE_CHECKING:
    from underglass.case import Case

MOST_WITH_NEIGHBOURS = 5_000
MOST_UNIT_BYTES = 4_000_000


def details(case: Case, rows: Rows) -> bytes:
    """Everything the side panel shows of the rows, for ``details.ts``."""
    manifest, media = case.folder.manifest, case.folder.media
    names = case.serving.classes
    source = case.folder.source_labels[rows]
    is_text = manifest.kind == "text"
    texts = [media.text(int(row)) for row in rows] if is_text else None
    columns = case.folder.instances.column_names
    own = served_names([name for name in columns if name not in ("row", "id", "label", "split")])
    head: dict[str, Any] = {
        "classes": [],
        "most": 0,
        "neighbours": 0,
        "layer": None,
        "units": 0,
        "metadata": [[name, own[name]] for name in columns if name not in OWN],
        "text": None if texts is None else [None if text is None else text[:LONGEST_TEXT] for text in texts],
        "missing": {} if is_text else _missing(case, rows),
        "excerpts": None if manifest.kind == "image" else _excerpts(case, rows),
        "labels": [names[code] if code >= 0 else None for code in source.tolist()],
        "label_names": list(names),
    }
    parts: dict[str, np.ndarray[Any, Any]] = {}
    _probabilities(case, rows, head, parts)
    if len(rows) == manifest.instances <= MOST_WITH_NEIGHBOURS:
        _layer(case, head, parts)
    return packed(head, parts)


def _missing(case: Case, rows: Rows) -> dict[str, str]:
    """Why some instances have no picture; not asked of a stack, where all have one."""
    media = case.folder.media
    if case.folder.manifest.kind != "image" or media.stack(rows[:1]) is not None:
        return {}
    found = {place: media.missing(int(row)) for place, row in enumerate(rows) if media.kind(int(row)) in ("missing", None)}
    return {str(place): reason for place, reason in found.items() if reason is not None}


def _excerpts(case: Case, rows: Rows) -> list[str]:
    found: list[str] = []
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS].tolist()
        said = excerpts(case, some)
        found += [said[str(row)] for row in some]
    return found


def _probabilities(case: Case, rows: Rows, head: dict[str, Any], parts: dict[str, np.ndarray[Any, Any]]) -> None:
    """The highest probabilities of each instance: class codes int16 (−1: none), values float32, ``(rows, most)`` each."""
    model = case.model
    if model is None:
        return
    values = np.asarray(model.probabilities, np.float32)[rows]
    most = min(PROBABILITIES, values.shape[1])
    codes = np.argsort(-values, axis=1, kind="stable")[:, :most]
    finite = np.asarray(np.isfinite(values).all(axis=1))
    head |= {"classes": list(model.record.classes), "most": most}
    parts["probability_codes"] = np.where(finite[:, None], codes, -1).astype("<i2")
    parts["probabilities"] = np.where(finite[:, None], np.take_along_axis(values, codes, axis=1), 0).astype("<f4")


def _layer(case: Case, head: dict[str, Any], parts: dict[str, np.ndarray[Any, Any]]) -> None:
    """Neighbours and units in the last captured layer, and the means of each label."""
    model = case.model
    if model is None or not model.record.layers:
        return
    name = model.record.layers[-1].name
    pooling = "mean" if "mean" in model.record.pooling else model.record.pooling[0]
    values = case.activations(name, pooling)
    head["layer"] = name
    n, units = values.shape
    k = min(NEIGHBOURS, n - 1)
    if k > 0 and np.isfinite(values).all():
        near = nearest(values, np.arange(n), k)
        head["neighbours"] = near.rows.shape[1]
        parts["neighbour_rows"] = near.rows.astype("<i4")
        parts["neighbour_distances"] = near.distances.astype("<f4")
    if 2 * n * units > MOST_UNIT_BYTES:
        return
    labels = case.labels()
    means = [values[labels == code].mean(axis=0, dtype=np.float64) if (labels == code).any() else np.zeros(units)
             for code in range(len(head["label_names"]))]  # fmt: skip
    head["units"] = units
    parts["units"] = values.astype("<f2")
    if means:
        parts["label_units"] = np.stack(means).astype("<f4")
