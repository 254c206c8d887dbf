"""What does a unit of a graph look like? The part of its strongest instance that it looks at, and its strongest instances.

The crop needs the model: where in a picture a unit was active is not among what is kept. Once cut it is kept, and shown without
the model; until then the whole picture stands for the unit, and the view says so.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from underglass.analyses.top_instances import TopInstances, top
from underglass.analyses.unit_names import UnitNames, name_units
from underglass.errors import DataError
from underglass.store.fingerprints import hash_array
from underglass.views.attribution_results import blocked, pooling_of
from underglass.views.layer_results import Progress, included, kept_result
from underglass.views.remembered import Remembered

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

ANALYSIS = "unit_crops"
FORM = 1
EDGE = 56
SHOWN = 10
NAMED_BY = 20
LAYERS_KEPT = 24
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Strongest:
    """A layer's strongest instances by unit, and the units' names by what they share."""

    rows: Array
    values: Array
    names: UnitNames


_SEEN: WeakKeyDictionary[Case, Remembered[tuple[str, ...], Any]] = WeakKeyDictionary()


def strongest(case: Case, folder: ModelFolder, layer: str) -> Strongest:
    """The instances that excite each unit of a layer most, of those not excluded; kept in memory until something changes."""
    rows, labels, classes = included(case), case.labels(), case.folder.manifest.classes
    found = _top(case, folder, layer, rows)
    key = ("names", folder.name, layer, folder.hash(layer, pooling_of(folder, layer)), hash_array(rows), hash_array(labels))
    names = _seen(case).get(key, lambda: name_units(found.rows, np.asarray(labels), classes))
    return Strongest(found.rows, found.values, names)


def _top(case: Case, folder: ModelFolder, layer: str, rows: Array) -> TopInstances:
    def find() -> TopInstances:
        activations = folder.activations(layer, pooling_of(folder, layer))
        whole = len(rows) == len(activations)
        if not whole and not len(rows):
            raise DataError("every instance is excluded, so no unit has a strongest one.")
        found = top(activations.blocks() if whole else activations.rows(rows), NAMED_BY)
        if not whole:
            found = TopInstances(rows[found.rows], found.values, rows[found.lowest_rows], found.lowest_values)
        return found

    key = ("top", folder.name, layer, folder.hash(layer, pooling_of(folder, layer)), hash_array(rows))
    kept: TopInstances = _seen(case).get(key, find)
    return kept


def _seen(case: Case) -> Remembered[tuple[str, ...], Any]:
    return _SEEN.setdefault(case, Remembered(2 * LAYERS_KEPT))


def cut_crops(
    case: Case,
    folder: ModelFolder,
    units: Mapping[str, Sequence[int]],
    *,
    each: int = 1,
    progress: Progress | None = None,
) -> None:
    """Cut and keep, for each unit, what it looks at in its strongest instances; nothing happens where that cannot be."""
    if blocked(case, folder) is not None or case.folder.manifest.kind != "image":
        return
    wanted = [
        (layer, unit)
        for layer, some in units.items()
        for unit in some
        if (have := kept_crops(case, folder, layer, unit)) is None or len(have[0]) < min(each, len(included(case)))
    ]
    if not wanted:
        return
    from underglass.errors import LayerError
    from underglass.probes.deconvolution import peak_boxes
    from underglass.probes.picture_space import picture_space

    model: Any = case.attached
    dataset = case.dataset if case.dataset is not None else case._dataset()
    space = None
    for done, (layer, unit) in enumerate(wanted):
        rows = strongest(case, folder, layer).rows[unit][:each]
        raw = dataset.load(rows.tolist())
        try:
            space = space or picture_space(model, raw)
            boxes, pictures = peak_boxes(model, raw, layer, int(unit), space=space)
        except LayerError:
            return  # the model takes no picture, or the layer no gradient: whole pictures stand for its units
        images = np.stack([_cut(picture, box) for picture, box in zip(pictures, boxes, strict=True)])
        arrays = {"rows": rows, "boxes": boxes, "images": images}
        meta = {"form": FORM, "model": folder.name, "layer": layer, "unit": int(unit), "size": list(pictures.shape[1:3])}
        case.folder.results.put(ANALYSIS, _key(folder, layer, unit), arrays, meta, _inputs(case, folder, layer))
        if progress is not None:
            progress(done + 1, len(wanted), "crops")


def kept_crops(case: Case, folder: ModelFolder, layer: str, unit: int) -> tuple[Array, Array, Array] | None:
    """Rows, boxes (top, left, bottom, right) and crops (n, 56, 56, 3) uint8 that are kept and hold; needs no model."""
    stored = kept_result(case, ANALYSIS, _key(folder, layer, unit), FORM)
    if stored is None or dict(stored.inputs) != _inputs(case, folder, layer):
        return None
    return tuple(np.asarray(stored.arrays[name]) for name in ("rows", "boxes", "images"))  # type: ignore[return-value]


def tile(case: Case, folder: ModelFolder, layer: str, unit: int) -> tuple[str | None, bool]:
    """The unit's picture as a data address, and whether it is a crop; None where there is no picture at all."""
    crops = kept_crops(case, folder, layer, unit)
    if crops is not None:
        return address(crops[2][0]), True
    if case.folder.manifest.kind != "image":
        return None, False
    row = int(strongest(case, folder, layer).rows[unit][0])
    tiles, shown = case.folder.media.tiles([row], EDGE)
    return (address(tiles[0]) if shown[0] else None), False


def address(image: Array) -> str:
    """A picture as PNG inside an address, so that an exported figure holds it."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def small(image: Array, edge: int = EDGE) -> Array:
    """A picture (height, width, 1 or 3) uint8 brought to an edge."""
    from PIL import Image

    plain = image[..., 0] if image.shape[2] == 1 else image[..., :3]
    resized: Array = np.asarray(Image.fromarray(np.ascontiguousarray(plain)).resize((edge, edge), Image.Resampling.BOX))
    return resized


def _cut(picture: Array, box: Array) -> Array:
    from PIL import Image

    top_, left, bottom, right = (int(value) for value in box)
    high, wide = picture.shape[:2]
    size = min(max(bottom - top_, right - left, 1), high, wide)
    y = min(max((top_ + bottom - size) // 2, 0), high - size)
    x = min(max((left + right - size) // 2, 0), wide - size)
    part = picture[y : y + size, x : x + size]
    part = part if part.shape[2] == 3 else np.repeat(part.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    how = Image.Resampling.NEAREST if size <= EDGE else Image.Resampling.BOX
    resized: Array = np.asarray(Image.fromarray(np.ascontiguousarray(part)).resize((EDGE, EDGE), how))
    return resized


def _key(folder: ModelFolder, layer: str, unit: int) -> str:
    return f"{folder.name}/{layer}/{int(unit)}"


def _inputs(case: Case, folder: ModelFolder, layer: str) -> dict[str, str]:
    return {
        "weights": folder.record.weights_hash,
        layer: folder.hash(layer, pooling_of(folder, layer)),
        "instances": hash_array(included(case)),
    }
