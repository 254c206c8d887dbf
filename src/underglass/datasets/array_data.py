"""How are instances read that lie in memory: images, texts or rows of features?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from underglass.datasets.dataset import Array, Instances, Kind
from underglass.datasets.instances import instance_table
from underglass.datasets.labels import encode
from underglass.datasets.pictures import shown
from underglass.errors import DataError

MOST_FEATURE_COLUMNS = 64
"""Rows of up to so many features get a metadata column for each, so that they can be seen and filtered by."""


def arrays(
    x: Any,
    labels: Any = None,
    *,
    classes: Sequence[str] | None = None,
    ids: Any = None,
    split: Any = None,
    metadata: Any = None,
) -> Instances:
    """Read instances that lie in memory.

    Parameters
    ----------
    x : (N, H, W), (N, H, W, C) or (N, C, H, W) images, (N, features) rows, or a list
        Any number type, tensors too. A list holds N texts, N dicts of features, or N images whose sizes differ.
    labels : (N,) class indexes or names
        None, or missing values, where there is no label.
    classes : names
        In the order of the model's outputs.
    ids : (N,) unique integers or strings
        0 … N − 1 without them.
    split : one word for all, or (N,) words
        Such as ``"train"`` and ``"test"``.
    metadata : dict of columns, or a pandas, polars or Arrow table
        (N,) each; types and missing values are kept.

    Returns
    -------
    A `Dataset` whose ``load`` gives the values untouched, with the batch axis taken off.

    Raises
    ------
    DataError
        Shapes, lengths, ids or labels that cannot be used; the message says which.

    Examples
    --------
    >>> arrays(np.zeros((3, 8, 8), np.uint8), ["cat", "dog", "cat"])
    <3 images, 2 classes, read as arrays>
    """
    kind, values = _instances(x)
    codes, names = encode(labels, classes, len(values))
    table = instance_table(len(values), ids=ids, labels=codes, split=split, metadata=metadata)
    if kind == "row" and isinstance(values, np.ndarray) and values.shape[1] <= MOST_FEATURE_COLUMNS:
        for feature in range(values.shape[1]):
            name = f"feature_{feature}"
            if name not in table.column_names:
                table = table.append_column(name, pa.array(values[:, feature]))
    stored = {"shape": list(values.shape[1:]), "dtype": str(values.dtype)} if isinstance(values, np.ndarray) else {}
    return Instances(
        kind=kind,
        classes=names,
        table=table,
        description={"reader": "arrays", **stored},
        identity=fingerprint(table.column("id"), values),
        source=values.__getitem__,
        show=_shower(kind, values),
    )


def _instances(x: Any) -> tuple[Kind, Any]:
    if hasattr(x, "detach"):
        x = x.detach().cpu().numpy()
    elif not isinstance(x, np.ndarray) and hasattr(x, "to_numpy"):
        x = x.to_numpy()
    if isinstance(x, np.ndarray) and x.dtype != object and x.dtype.kind not in "US":
        return _whole_array(x)
    items = [item.detach().cpu().numpy() if hasattr(item, "detach") else item for item in x]
    if all(isinstance(item, str) for item in items):
        return "text", [str(item) for item in items]
    if all(isinstance(item, dict) for item in items):
        return "row", items
    images = [np.asarray(item) for item in items]
    odd = next((i for i, image in enumerate(images) if image.ndim not in (2, 3) or image.dtype == object), None)
    if odd is not None:
        raise DataError(
            f"instance {odd} is {type(items[odd]).__name__} of shape {images[odd].shape}; "
            "a list holds texts, dicts of features, or images (H, W) or (H, W, channels)."
        )
    return "image", images


def _whole_array(x: Array) -> tuple[Kind, Array]:
    if x.ndim == 2:
        if x.dtype.kind == "f" and np.isnan(x).any():
            row, feature = (int(i) for i in np.argwhere(np.isnan(x))[0])
            raise DataError(f"features hold NaN, the first at row {row}, feature {feature}; fill or drop them before.")
        return "row", x
    if x.ndim in (3, 4):
        return "image", x
    raise DataError(
        f"x has shape {x.shape}; images are (instances, height, width) or with channels first or last, "
        "rows of features are (instances, features)."
    )


def _shower(kind: Kind, values: Any) -> Any:
    if kind == "image":
        return lambda row: shown(values[row])
    if kind == "text":
        return values.__getitem__
    return lambda row: None


def fingerprint(ids: Any, values: Any) -> str:
    """32 hexadecimal digits over ids and instances: equal if and only if both are the same, byte for byte."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(ids.to_pylist()).encode("utf-8", "surrogatepass"))
    if isinstance(values, np.ndarray):
        digest.update(f"{values.dtype}{values.shape}".encode())
        for start in range(0, len(values), 4096):
            digest.update(np.ascontiguousarray(values[start : start + 4096]).data)
        return digest.hexdigest()
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype}{value.shape}".encode())
            digest.update(np.ascontiguousarray(value).data)
        else:
            digest.update(repr(value).encode("utf-8", "surrogatepass") + b"\x00")
    return digest.hexdigest()
