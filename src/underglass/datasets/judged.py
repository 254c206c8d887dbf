"""How are labels read that come with probabilities and without a model: from arrays, an .npz, or a table of scores?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa

from underglass.datasets.array_data import arrays, fingerprint
from underglass.datasets.columns import columns_of, free_name
from underglass.datasets.dataset import Instances
from underglass.datasets.files import read_table
from underglass.datasets.instances import instance_table
from underglass.datasets.labels import encode
from underglass.datasets.score_columns import chance_columns, class_of
from underglass.errors import DataError, unknown

CHANCES = ("probabilities", "probs", "proba", "pred_probs", "p")
GIVEN = ("labels", "label", "y", "targets")
SHOWN = {"image": ("images", "image", "x"), "text": ("texts", "text")}
OWN = {"classes", "class_names", "ids", "id", "split", "features", "embeddings"}
SMALL_PICTURE = 4_096
"""Values in a picture; smaller ones are their own features where no others are given."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Judged:
    """Labels with what a classifier said of them.

    Attributes
    ----------
    dataset : instances with their labels.
    probabilities : (instances, classes) float.
    layers : name → (instances, units), features if there are any.
    """

    dataset: Instances
    probabilities: Array
    layers: Mapping[str, Array]


def judged(
    probabilities: Any,
    labels: Any,
    *,
    classes: Sequence[str] | None = None,
    images: Any = None,
    texts: Sequence[str] | None = None,
    features: Any = None,
    ids: Any = None,
    split: Any = None,
    metadata: Any = None,
) -> Judged:
    """Labels and probabilities in memory, with pictures, texts or features where there are any.

    Parameters
    ----------
    probabilities : (instances, classes)
        Rows sum to 1; of a classifier that did not train on the instance it judges, or it confirms its label.
    labels : (instances,) class indexes or names
        None where there is no label.
    classes : names
        In the order of the columns of `probabilities`.
    images, texts : one for each instance
        To be shown; one of the two.
    features : (instances, units), or name → such
        Tell near from far. Small pictures are their own features.
    ids, split, metadata
        As of `arrays`.

    Raises
    ------
    DataError
        Lengths that differ, a label outside the classes, images and texts both.
    """
    chances = np.asarray(probabilities)
    if chances.ndim != 2:
        raise DataError(f"probabilities must be (instances, classes), not of shape {chances.shape}.")
    names = tuple(str(one) for one in classes) if classes is not None else None
    if names is not None and len(names) != chances.shape[1]:
        raise DataError(f"{len(names)} class names for probabilities of {chances.shape[1]} classes.")
    if names is None:
        names = _guessed(labels, chances.shape[1])
    if images is not None and texts is not None:
        raise DataError("give images or texts: an instance is shown as one of them.")
    layers = {} if features is None else dict(features) if isinstance(features, Mapping) else {"features": features}
    metadata = None if metadata is None else _named_free(metadata)
    found: Instances
    if images is not None or texts is not None:
        shown = images if images is not None else [str(one) for one in texts or ()]
        if len(shown) != len(chances):
            raise DataError(
                f"{len(shown):,} {'images' if images is not None else 'texts'} for {len(chances):,} rows of probabilities."
            )
        found = arrays(shown, labels, classes=names, ids=ids, split=split, metadata=metadata)
        if images is not None and not layers and isinstance(shown, np.ndarray) and shown[0].size <= SMALL_PICTURE:
            layers = {"pixels": shown.reshape(len(shown), -1)}
    else:
        found = _bare(chances, labels, names, ids=ids, split=split, metadata=metadata)
    found = replace(found, description={**found.description, "judged": True})
    return Judged(found, chances, layers)


def read_judged(
    path: str | Path,
    *,
    label: str | None = None,
    probabilities: Sequence[str] | None = None,
    text: str | None = None,
    id: str | None = None,
    split: str | None = None,
) -> Judged:
    """Labels and probabilities of a file.

    Parameters
    ----------
    path : .npz, or a table (CSV, TSV, Parquet, Arrow)
        An ``.npz`` holds ``probabilities`` and ``labels``, and if it likes ``classes, images, texts, features, ids, split`` and
        further columns. A table holds a column of labels and one of probabilities for each class, named ``p_<class>`` or as the
        class is.
    label, probabilities, text, id, split : names of columns of a table
        Where their names do not say it.

    Raises
    ------
    DataError
        Nothing there that can be read, or a column is missing; says which.
    """
    place = Path(path)
    if not place.exists():
        near = sorted(one.name for one in place.parent.iterdir()) if place.parent.is_dir() else []
        raise DataError(unknown("file", place.name, near) if near else f"{str(path)!r} is not there.")
    if place.suffix == ".npz":
        return _npz(place)
    return _table(place, label, probabilities, {"text": text, "id": id, "split": split})


def _npz(place: Path) -> Judged:
    try:
        with np.load(place, allow_pickle=False) as file:
            held = {name.lower(): file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataError(f"{str(place)!r} cannot be read as arrays: {error}") from error

    def take(*names: str) -> Any:
        return next((held.pop(name) for name in names if name in held), None)

    chances, labels = take(*CHANCES), take(*GIVEN)
    if chances is None or labels is None:
        missing = "probabilities" if chances is None else "labels"
        raise DataError(f"{str(place)!r} holds {', '.join(held) or 'nothing else'} and no {missing!r}; both must be there.")
    features = take("features", "embeddings")
    parts = {kind: take(*names) for kind, names in SHOWN.items()}
    named = take("classes", "class_names")
    ids, split = take("ids", "id"), take("split")
    metadata = {name: values for name, values in held.items() if values.ndim == 1 and len(values) == len(labels)}
    return judged(
        chances,
        _list(labels),
        classes=None if named is None else [str(one) for one in named.tolist()],
        images=parts["image"],
        texts=None if parts["text"] is None else _list(parts["text"]),
        features=features,
        ids=_list(ids),
        split=_list(split),
        metadata=metadata or None,
    )


def _table(place: Path, label: str | None, chosen: Sequence[str] | None, roles: Mapping[str, str | None]) -> Judged:
    columns = columns_of(read_table(place)) or {}
    given = label or next((name for name in columns if name.lower() in (*GIVEN, "given_label")), None)
    if given is None or given not in columns:
        raise DataError(unknown("column", given or "label", columns) + " Name the column of labels: --label COLUMN.")
    for name in (*roles.values(), *(chosen or ())):
        if name is not None and name not in columns:
            raise DataError(unknown("column", name, columns))
    labels = _plain(columns[given])
    picked = list(chosen) if chosen else chance_columns(columns, given, labels)
    if len(picked) < 2:
        raise DataError(
            f"{place.name} has no columns of probabilities; they must be called p_<class>, one for each class, or be named: "
            f"--probabilities COLUMN,COLUMN. Columns: {', '.join(columns)}."
        )
    try:
        chances = np.column_stack([np.asarray(columns[name].to_numpy(zero_copy_only=False), np.float64) for name in picked])
    except (ValueError, TypeError):
        raise DataError(f"a column of probabilities holds something else than numbers; they are {', '.join(picked)}.") from None
    classes = [class_of(name) for name in picked]
    found = {role: name or (role if role in columns and role != "text" else None) for role, name in roles.items()}
    known = {given, *picked, *(name for name in found.values() if name)}
    codes = _codes(labels, classes)
    return judged(
        chances,
        codes,
        classes=classes,
        texts=None if found["text"] is None else [str(one) for one in _plain(columns[found["text"]])],
        ids=None if found["id"] is None else columns[found["id"]],
        split=None if found["split"] is None else columns[found["split"]],
        metadata={name: values for name, values in columns.items() if name not in known} or None,
    )


def _codes(labels: Sequence[Any], classes: Sequence[str]) -> list[int | None]:
    """Class indexes of labels that are names, or indexes where no class is called so."""
    index = {name: i for i, name in enumerate(classes)}
    codes: list[int | None] = []
    for at, one in enumerate(labels):
        if one is None:
            codes.append(None)
        elif str(one) in index:
            codes.append(index[str(one)])
        elif isinstance(one, int) and 0 <= one < len(classes) and not any(name.lstrip("-").isdigit() for name in classes):
            codes.append(one)
        else:
            raise DataError(f"label of instance {at} is outside the classes: " + unknown("class", str(one), classes))
    return codes


def _guessed(labels: Any, count: int) -> tuple[str, ...]:
    """Names of the classes, where none are given: the labels' own, if there are as many, else numbers."""
    column = [one for one in _list(labels) or () if one is not None]
    if column and all(isinstance(one, str) for one in column):
        names = sorted(set(column))
        if len(names) != count:
            raise DataError(
                f"{len(names)} different labels and probabilities of {count} classes: which column is which is not said. "
                "Give classes=[…], in the order of the columns."
            )
        return tuple(names)
    return tuple(str(i) for i in range(count))


def _bare(chances: Array, labels: Any, names: Sequence[str], *, ids: Any, split: Any, metadata: Any) -> Instances:
    """Instances of which only the labels, the probabilities and some columns are known."""
    codes, classes = encode(labels, names, len(chances))
    table = instance_table(len(chances), ids=ids, labels=codes, split=split, metadata=metadata)
    return Instances(
        kind="row",
        classes=classes,
        table=table,
        description={"reader": "judged"},
        identity=fingerprint(table.column("id"), np.ascontiguousarray(chances)),
        source=lambda row: {},
        show=lambda row: None,
    )


def _named_free(metadata: Any) -> dict[str, Any]:
    """Columns by names that are not taken."""
    columns = columns_of(metadata) or {}
    return {free_name(name, columns): values for name, values in columns.items()}


def _plain(column: pa.Array) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return [int(one) if isinstance(one, float) and one == int(one) else one for one in values]


def _list(values: Any) -> Any:
    return values.tolist() if isinstance(values, np.ndarray) else values
