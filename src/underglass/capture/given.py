"""How do probabilities that a person already has become a captured model, so that every view works without the model itself?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from underglass.errors import DataError
from underglass.store import CaseFolder, LayerRecord, ModelFolder, ModelRecord
from underglass.store.fingerprints import hash_array

GIVEN = "given"
SHARD = 8_192
POOLING = "mean"
SLACK = 1e-2

Array = np.ndarray[Any, Any]


def keep_probabilities(
    folder: CaseFolder,
    probabilities: Any,
    *,
    name: str = "given",
    layers: Mapping[str, Any] | None = None,
    classes: Sequence[str] | None = None,
) -> ModelFolder:
    """Put probabilities, and features where there are any, into a case as if a model had been captured.

    Parameters
    ----------
    folder : CaseFolder
        With as many instances.
    probabilities : (instances, classes)
        Rows sum to 1; a row of NaN has no prediction.
    name : str
        What the model is called.
    layers : mapping of name to (instances, units)
        Features, as if each were a layer.
    classes : names
        By default the case's.

    Raises
    ------
    DataError
        Shapes that do not fit, rows that do not sum to 1, or features that are not finite; says which instance.
    """
    known = tuple(classes or folder.manifest.classes)
    chances = checked_probabilities(probabilities, folder.manifest.instances, len(known))
    features = {one: checked_features(one, values, len(chances)) for one, values in (layers or {}).items()}
    records = tuple(LayerRecord(one, "given", values.shape[1], (values.shape[1],)) for one, values in features.items())
    content = hash_array(chances)
    record = ModelRecord(
        name=name,
        output="probabilities",
        classes=known,
        layers=records,
        all_layers=records,
        pooling=(POOLING,),
        accuracy_stated=None,
        accuracy_captured=None,
        fingerprint=content,
        weights_hash=content,
        factory=GIVEN,
        captured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        batch_size=SHARD,
        threads=1,
        shard_size=SHARD,
    )
    labels, judged = folder.source_labels, np.isfinite(chances).all(1)
    counted = judged & (labels >= 0)
    with folder.model_writer(record) as writer:
        for shard in range(writer.shards):
            rows = writer.rows(shard)
            here = slice(rows.start, rows.stop)
            writer.write(shard, chances[here], {(one, POOLING): values[here] for one, values in features.items()})
        right = float((chances[counted].argmax(1) == labels[counted]).mean()) if counted.any() else None
        return writer.finish(right, skipped=int((~judged).sum()))


def checked_probabilities(probabilities: Any, instances: int, classes: int) -> Array:
    """Probabilities (instances, classes) float32.

    Raises
    ------
    DataError
        If they are not probabilities of so many instances and classes; names the first that is not.
    """
    chances = np.asarray(probabilities)
    if chances.dtype.kind not in "fiu" or chances.ndim != 2:
        raise DataError(f"probabilities must be numbers (instances, classes), not {chances.dtype} of shape {chances.shape}.")
    if chances.shape[0] != instances:
        raise DataError(f"{chances.shape[0]:,} rows of probabilities for {instances:,} labels; there must be one row each.")
    if chances.shape[1] != classes:
        raise DataError(
            f"probabilities of {chances.shape[1]} classes, and {classes} class names; there must be a column for each class, "
            "in the order of the names."
        )
    if classes < 2:
        raise DataError("probabilities of one class say nothing; give a column for each class, two for yes and no.")
    values = np.ascontiguousarray(chances, np.float32)
    missing = np.isnan(values).all(1)
    total = values.sum(1, dtype=np.float64)
    broken = ~missing & (~np.isfinite(total) | (np.abs(total - 1) > SLACK) | (values < -1e-6).any(1))
    if broken.any():
        at = int(broken.argmax())
        many = f" ({int(broken.sum()):,} instances are like that)" if broken.sum() > 1 else ""
        raise DataError(
            f"the probabilities of instance {at} sum to {total[at]:.4g}, the least is {values[at].min():.4g}{many}; they must "
            "sum to 1 and not be negative. Logits need softmax first; percentages must be divided by 100."
        )
    return values


def checked_features(name: str, values: Any, instances: int) -> Array:
    """Features (instances, units) float32, finite.

    Raises
    ------
    DataError
        If not; says which instance is not.
    """
    found = np.asarray(values)
    if found.dtype.kind not in "fiub" or found.ndim < 2:
        raise DataError(f"{name!r} must be numbers (instances, units), not {found.dtype} of shape {found.shape}.")
    found = np.ascontiguousarray(found.reshape(len(found), -1), np.float32)
    if len(found) != instances:
        raise DataError(f"{len(found):,} rows of {name!r} for {instances:,} labels; there must be one row each.")
    if not np.isfinite(found).all():
        at = int((~np.isfinite(found).all(1)).argmax())
        raise DataError(f"{name!r} of instance {at} holds NaN or an infinite value; near and far mean nothing there.")
    return found
