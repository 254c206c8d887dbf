"""What is known of one instance? The side panel: probabilities, neighbours, units, subsets, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.neighbours import nearest
from underglass.errors import DataError
from underglass.store import Edit
from underglass.views.view import View
from underglass.wire import Card, EditInfo, InstanceDetail, Neighbour

if TYPE_CHECKING:
    from underglass.case import Case

PROBABILITIES = 5
NEIGHBOURS = 7
OWN = {"row", "id", "label", "split", "text"}
LONGEST_TEXT = 20_000


def detail(case: Case, row: int, layer: str | None = None) -> InstanceDetail:
    """Everything the side panel shows of one instance.

    Parameters
    ----------
    row : position of the instance, from 0.
    layer : in whose space neighbours are sought; by default the last captured one.
    """
    n = case.folder.manifest.instances
    if not 0 <= row < n:
        raise DataError(f"there is no instance {row}: rows are 0 to {n - 1}")
    classes = case.folder.manifest.classes
    overlay = case.folder.journal.state()
    labels, original = case.labels(), int(case.folder.source_labels[row])
    name = {code: classes[code] for code in {int(labels[row]), original} if code >= 0}
    label = name.get(int(labels[row]))
    record = {key: column[row].as_py() for key, column in zip(*_columns(case), strict=True)}
    media = case.folder.media
    text = media.text(row)
    prediction, probabilities = _prediction(case, row)
    found = InstanceDetail(
        row=row,
        id=str(record["id"]),
        label=label,
        original_label=name.get(original),
        prediction=prediction,
        correct=None if label is None or prediction is None else label == prediction,
        probabilities=probabilities,
        text=None if text is None else text[:LONGEST_TEXT],
        missing=media.missing(row),
        metadata=[(key, _plain(value)) for key, value in record.items() if key not in OWN],
        tags=list(overlay.tags_of(row)),
        note=overlay.notes.get(row),
        excluded=bool(overlay.excluded[row]),
        subsets=case.serving.subsets_of(row),
        layer=None,
        neighbours=[],
        units=[],
        label_units=[],
        history=edit_infos(case, case.folder.journal.of_row(row)),
    )
    _add_layer(case, found, layer, labels)
    return found


def edit_infos(case: Case, edits: list[Edit]) -> list[EditInfo]:
    """Edits as the browser shows them, newest first."""
    undone = _undone(case.folder.journal.edits())
    return [
        EditInfo(
            sequence=edit.sequence,
            time=edit.time,
            author=edit.author,
            op=edit.op,
            summary=edit.summary(),
            count=edit.count,
            undoes=edit.undoes,
            undone=edit.sequence in undone,
        )
        for edit in reversed(edits)
    ]


def _undone(edits: list[Edit]) -> set[int]:
    undone: set[int] = set()
    target = {edit.sequence: edit.undoes for edit in edits if edit.undoes is not None}
    for edit in edits:
        if edit.op == "undo" and edit.undoes is not None:
            undone.add(edit.undoes)
        elif edit.op == "redo" and edit.undoes is not None:
            undone.discard(target.get(edit.undoes) or edit.undoes)
    return undone


def _columns(case: Case) -> tuple[list[str], list[Any]]:
    table = case.folder.instances
    return table.column_names, table.columns


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return None if isinstance(value, float) and not np.isfinite(value) else value
    return str(value)


def _prediction(case: Case, row: int) -> tuple[str | None, list[tuple[str, float]]]:
    model = case.model
    if model is None:
        return None, []
    values = np.asarray(model.probabilities[row], np.float32)
    if not np.isfinite(values).all():
        return None, []
    names = model.record.classes
    order = np.argsort(-values, kind="stable")[:PROBABILITIES]
    return names[int(order[0])], [(names[int(k)], float(values[k])) for k in order]


def _add_layer(case: Case, found: InstanceDetail, layer: str | None, labels: np.ndarray[Any, Any]) -> None:
    model = case.model
    if model is None or not model.record.layers:
        return
    known = [record.name for record in model.record.layers]
    name = layer if layer in known else known[-1]
    pooling = "mean" if "mean" in model.record.pooling else model.record.pooling[0]
    values = case.activations(name, pooling)
    row = found["row"]
    near = nearest(values, row, min(NEIGHBOURS, len(values) - 1)) if len(values) > 1 else None
    classes = case.folder.manifest.classes
    found["layer"] = name
    if near is not None:
        found["neighbours"] = [
            Neighbour(row=int(other), distance=float(distance), label=classes[labels[other]] if labels[other] >= 0 else None)
            for other, distance in zip(near.rows.ravel(), near.distances.ravel(), strict=True)
        ]
    found["units"] = [float(value) for value in values[row]]
    if labels[row] >= 0:
        alike = np.flatnonzero(labels == labels[row])
        found["label_units"] = [float(value) for value in values[alike].mean(axis=0, dtype=np.float64)]


VIEW = View(
    name="instance",
    title="Instance",
    group="case",
    question="What is known of this instance?",
    card=Card(
        why="To look at one instance closely before deciding anything about it.",
        who="Everyone.",
        what="Its label and prediction, the highest probabilities, the nearest instances in a layer, and what was done to it.",
        how="Crimson: the prediction is not the label. The strip compares its units with the mean of its label.",
        when="Whenever a single instance matters: an error, an outlier, a doubtful label.",
        source="Instance panel of ActiVis: Kahng et al. 2017. Neighbours by Euclidean distance of pooled activations.",
        limits="Neighbours are near in the chosen layer only; another layer may disagree.",
    ),
    alone="shows the active model's probabilities",
    drawn=False,
)
