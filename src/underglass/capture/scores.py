"""How are scores that came without a model kept in a case?

Classes: as a model of no layers, so that ``prediction``, ``confidence`` and ``correct`` stand in every view. In all cases the
scores themselves, as they came (float64: a score of .7 must reach a threshold of .7), and how to read them, as the result
``scores`` under the model's name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from underglass.datasets.score_tasks import Scores
from underglass.errors import DataError
from underglass.store import CaseFolder, ModelRecord, hash_array

ANALYSIS = "scores"
FORM = 1
SHARD = 65_536


def keep_scores(folder: CaseFolder, scores: Scores, *, name: str = "score", settings: dict[str, Any] | None = None) -> None:
    """Keep scores in a case.

    Parameters
    ----------
    folder : the case.
    scores : from `underglass.datasets.scored`, in the order of the case's instances.
    name : of the score, as a model is named.
    settings : plain JSON that views begin with, such as the features to group by.

    Raises
    ------
    DataError
        If their number is not the case's, or their classes are not.
    CaseError
        If other scores of that name are there.
    """
    instances = folder.manifest.instances
    if len(scores.predictions) != instances:
        raise DataError(f"{len(scores.predictions):,} scores for {instances:,} instances; there must be one each.")
    if scores.task != "numbers":
        _keep_as_model(folder, scores, name)
    meta = {
        "form": FORM,
        "name": name,
        "task": scores.task,
        "positive": scores.positive,
        "threshold": scores.threshold,
        "columns": list(scores.columns),
        "notes": list(scores.notes),
        "settings": settings or {},
    }
    arrays = {label: values for label, values in (("score", scores.score), ("truth", scores.truth)) if len(values)}
    folder.results.put(ANALYSIS, name, arrays, meta, {})


def _keep_as_model(folder: CaseFolder, scores: Scores, name: str) -> None:
    content = hash_array(scores.probabilities) if scores.probabilities.size else hash_array(scores.predictions)
    record = ModelRecord(
        name=name,
        output="probabilities",
        classes=scores.classes,
        layers=(),
        all_layers=(),
        pooling=(),
        accuracy_stated=None,
        accuracy_captured=None,
        fingerprint=content,
        weights_hash=content,
        factory=None,
        captured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        batch_size=1,
        threads=1,
        shard_size=SHARD,
    )
    labels = folder.source_labels
    judged = (labels >= 0) & (scores.predictions >= 0)
    accuracy = float((labels[judged] == scores.predictions[judged]).mean()) if judged.any() else None
    with folder.model_writer(record) as writer:
        for shard in range(writer.shards):
            rows = writer.rows(shard)
            writer.write(shard, scores.probabilities[rows.start : rows.stop], {})
        writer.finish(accuracy, skipped=int((scores.predictions < 0).sum()), predictions=scores.predictions)
