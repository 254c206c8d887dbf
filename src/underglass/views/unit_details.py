"""What is known of one unit: its strongest and weakest instances, what it does on each class, its name, its pictures."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError, LayerError
from underglass.views import feature_images
from underglass.views.layer_results import model_of
from underglass.views.torch_only import torch_only
from underglass.views.unit_rows import census_of, pooling_of, shown_rows, unit_values

if TYPE_CHECKING:
    from underglass.case import Case

SHOWN = 10
NAMED_BY = 20
BINS = 20
MOST_CLASSES = 24
MOST_CROPS = 48
TILE = 56
Array = np.ndarray[Any, Any]


def describe_unit(
    case: Case,
    layer: str,
    unit: int,
    *,
    within: Mapping[str, Any] | None = None,
    part: str | None = None,
    model: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One unit, as plain JSON.

    Parameters
    ----------
    case : Case
    layer : str
        A captured layer.
    unit : int
    within : filter tree
        What is shown; extremes and distributions are of these instances.
    part : pooling; the mean if it was captured.
    model : a captured model, the active one if None.
    settings : of its pictures, to know whether they are kept.
    """
    from underglass.analyses.unit_names import name_units

    folder = model_of(case, model)
    pooling = pooling_of(folder, layer, part)
    values = unit_values(case, layer, unit, part=pooling, model=folder.name)
    census = census_of(case, layer, part=pooling, model=folder.name)
    rows = shown_rows(case, within)
    rows = rows[census.finite[rows]]
    mine = values[rows]
    labels, classes = case.labels(), case.folder.manifest.classes
    down = rows[np.lexsort((rows, -mine))]
    up = rows[np.lexsort((rows, mine))]
    record = folder.record.layer(layer)
    assert record is not None
    named = name_units(down[None, :NAMED_BY], _within(labels, rows), classes) if classes and len(rows) else None
    twins = np.flatnonzero(census.twin_of == unit).tolist()
    first = int(census.twin_of[unit])
    return {
        "layer": layer,
        "unit": unit,
        "part": pooling,
        "n": len(rows),
        "spatial": len(record.shape) > 1,
        "shape": list(record.shape),
        "dead": bool(census.dead[unit]),
        "low": float(census.low[unit]),
        "high": float(census.high[unit]),
        "twins": ([first, *np.flatnonzero(census.twin_of == first).tolist()] if first >= 0 else twins),
        "name": classes[int(named.label[0])] if named is not None and named.label[0] >= 0 else None,
        "evidence": named.text[0] if named is not None else "there are no labels to name it by",
        "strongest": _extremes(case, down[:SHOWN], values, labels),
        "weakest": _extremes(case, up[:SHOWN], values, labels),
        "classes": _per_class(mine, labels[rows], classes, census.low[unit], census.high[unit]),
        "bins": BINS,
        "picture": _picture(case, layer, unit, model=folder.name, settings=settings),
        "crops": _no_crops(case, layer, folder.name, len(record.shape)),
        "projections": _no_projections(case, folder.name),
    }


def peak_crops(case: Case, layer: str, unit: int, rows: Sequence[int]) -> bytes:
    """The part of each picture that the unit's peak looks at: a JSON head with the boxes, and a PNG of square tiles in a row."""
    folder = model_of(case, None)
    record = folder.record.layer(layer)
    _check(_no_crops(case, layer, folder.name, 0 if record is None else len(record.shape)), rows)
    from underglass.probes.deconvolution import peak_boxes

    assert case.dataset is not None
    boxes, pictures = peak_boxes(case.attached, case.dataset.load([int(row) for row in rows]), layer, unit)  # type: ignore[arg-type]
    crops = [one[top:bottom, left:right] for (top, left, bottom, right), one in zip(boxes.tolist(), pictures, strict=True)]
    return _tiles(crops, boxes=boxes.tolist(), size=list(pictures.shape[1:3]))


def peak_projections(case: Case, layer: str, unit: int, rows: Sequence[int]) -> bytes:
    """What of each picture excites the unit, projected back through the network as by Zeiler and Fergus: a head, and tiles.

    The head holds ``peak``, the unit's highest activation in each picture, and ``others``, activation functions that have no
    rule and let their plain gradient through. In a tile mid-grey is nothing, brighter adds to the peak, darker takes from it.
    """
    folder = model_of(case, None)
    _check(_no_projections(case, folder.name), rows)
    from underglass.probes.deconvolution import project_unit

    assert case.dataset is not None
    found = project_unit(case.attached, case.dataset.load([int(row) for row in rows]), layer, unit)  # type: ignore[arg-type]
    return _tiles(list(found.images()), peak=[float(one) for one in found.peak], others=list(found.others))


def _check(why: str | None, rows: Sequence[int]) -> None:
    if why is not None:
        raise LayerError(why)
    if not 0 < len(rows) <= MOST_CROPS:
        raise DataError(f"pictures of 1 to {MOST_CROPS} instances can be shown at a time; got {len(rows)}.")


def _tiles(images: Sequence[Array], **head: Any) -> bytes:
    """Images (height, width, colours) uint8 of any size in square tiles: length of a JSON head, the head, and a PNG."""
    from PIL import Image

    sheet = Image.new("RGB", (TILE * len(images), TILE))
    for place, pixels in enumerate(images):
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., :3]).convert("RGB")
        height, width = pixels.shape[:2]
        size = (max(1, TILE * width // max(height, width)), max(1, TILE * height // max(height, width)))
        way = Image.Resampling.NEAREST if max(height, width) < TILE else Image.Resampling.LANCZOS
        sheet.paste(image.resize(size, way), (place * TILE + (TILE - size[0]) // 2, (TILE - size[1]) // 2))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    text = json.dumps({**head, "tile": TILE}).encode()
    return struct.pack("<I", len(text)) + text + out.getvalue()


def picture(case: Case, layer: str, unit: int, *, settings: Mapping[str, Any] | None = None, model: str | None = None) -> bytes:
    """A unit's kept pictures side by side as one PNG; empty if none are kept."""
    found = feature_images.kept(case, layer, [unit], settings=settings, model=model).get(unit)
    return b"" if found is None else feature_images.png(np.concatenate(list(found.images), axis=1))


def _picture(case: Case, layer: str, unit: int, *, model: str, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    found = feature_images.kept(case, layer, [unit], settings=settings, model=model).get(unit)
    if found is None:
        return {"state": "missing", "blocked": feature_images.blocked(case, case.folder.model(model))}
    height, width = found.images.shape[1:3]
    return {
        "state": "kept",
        "samples": len(found.images),
        "width": width,
        "height": height,
        "activation": [float(value) for value in found.activation],
        "peak": [float(value) for value in found.peak],
        "best": found.best,
        "measured": found.measured,
        "words": found.words,
    }


def _no_crops(case: Case, layer: str, model: str, axes: int) -> str | None:
    """Why there are no crops, in words."""
    if case.folder.manifest.kind != "image":
        return "Only pictures have parts to crop."
    if axes < 2:
        return f"{layer} has no positions: its units look at the whole picture."
    return _without(case, model, "The crop of the peak")


def _no_projections(case: Case, model: str) -> str | None:
    """Why nothing can be projected back to the pixels, in words."""
    if case.folder.manifest.kind != "image":
        return "Only pictures have pixels to project to."
    return _without(case, model, "Projecting back to the pixels")


def _without(case: Case, model: str, what: str) -> str | None:
    if case.attached is None or case.dataset is None or case.model is None or case.model.name != model:
        return f"{what} needs the model: underglass open {case.folder.path.name} --model my_pkg:make"
    return torch_only(case, f"{what} needs gradients, which are taken")


def _extremes(case: Case, rows: Array, values: Array, labels: Array) -> list[dict[str, Any]]:
    predictions = case.predictions()
    return [
        {
            "row": int(row),
            "value": float(values[row]),
            "wrong": bool(labels[row] >= 0 and predictions[row] >= 0 and labels[row] != predictions[row]),
        }
        for row in rows
    ]


def _per_class(values: Array, labels: Array, classes: Sequence[str], low: float, high: float) -> list[dict[str, Any]]:
    """Count, mean and histogram of each class that has instances; beyond 24 classes those with the highest means."""
    if not len(values) or not np.isfinite([low, high]).all():
        return []
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    groups = [(name, labels == at) for at, name in enumerate(classes)] if classes else [("all", np.ones(len(values), bool))]
    found = [
        {
            "name": name,
            "n": int(inside.sum()),
            "mean": float(values[inside].mean(dtype=np.float64)) if inside.any() else None,
            "counts": np.histogram(values[inside], edges)[0].tolist(),
        }
        for name, inside in groups
    ]
    if len(found) <= MOST_CLASSES:
        return found
    ranked = sorted((one for one in found if one["n"]), key=lambda one: -one["mean"])
    return ranked[:MOST_CLASSES]


def _within(labels: Array, rows: Array) -> Array:
    """Labels of these rows, −1 for all others: chance is drawn from what is shown."""
    only = np.full(len(labels), -1, np.int32)
    only[rows] = labels[rows]
    return only
