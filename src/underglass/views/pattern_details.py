"""What do the patterns of a layer look like? Unit statistics, average images, mean maps, top instances, tables."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError
from underglass.views.layer_results import included, model_of
from underglass.views.pattern_results import FoundPatterns, activations_of

if TYPE_CHECKING:
    from underglass.case import Case

NONE = -1
MOST_UNITS = 64
QUIET = 0.05
MOST_AVERAGED = 1_000
LARGEST_AVERAGE = 112
SHEET_COLUMNS = 32
UNIT_BLOCK = 128
SOURCES = {"mean": "mean", "q1": "first_quartile", "median": "median", "q3": "third_quartile", "low": "lower", "high": "upper"}
Array = np.ndarray[Any, Any]


def unit_boxes(case: Case, found: FoundPatterns, patterns: Sequence[int], *, without_quiet: bool = False) -> dict[str, Any]:
    """Quartiles, whiskers and means of a layer's units within patterns, as plain JSON.

    Values are shares of a unit's largest magnitude over all clustered instances, so that 1 means the same for every unit.
    Above 64 units those are taken whose mean in some pattern lies farthest from their mean over all.

    Parameters
    ----------
    case, found : Case, FoundPatterns
        Whose patterns.
    patterns : sequence of int
        Which; −1 for the instances in none.
    without_quiet : bool
        Leave out units that stay between −.05 and .05 in all of them (NAP's "remove zero activations").
    """
    kept = _statistics(case, found)
    wanted = [pattern for pattern in dict.fromkeys(patterns) if -1 <= pattern < found.count]
    index = np.array([found.count if pattern == NONE else pattern for pattern in wanted], np.int64)
    units = np.arange(len(kept["scale"]))
    quiet = 0
    if without_quiet and len(index):
        loud = ((kept["high"][index] > QUIET) | (kept["low"][index] < -QUIET)).any(axis=0)
        quiet = int((~loud).sum())
        units = units[loud]
    ranked = len(units) > MOST_UNITS
    if ranked:
        away = np.nan_to_num(np.abs(kept["mean"][: found.count + 1, units] - kept["all"][units])).max(axis=0)
        units = np.sort(units[np.argsort(-away, kind="stable")[:MOST_UNITS]])
    sizes = np.append(found.size, found.none)
    return {
        "units": units.tolist(),
        "of": len(kept["scale"]),
        "quiet": quiet,
        "ranked": ranked,
        "part": found.settings.parts[0],
        "all": _numbers(kept["all"][units]),
        "scale": _numbers(kept["scale"][units]),
        "groups": {
            str(pattern): {"n": int(sizes[place]), **{name: _numbers(kept[name][place, units]) for name in SOURCES}}
            for pattern, place in zip(wanted, index, strict=True)
        },
    }


def unit_maps_of(found: FoundPatterns, patterns: Sequence[int]) -> dict[str, Any]:
    """The unit's mean map in each of the patterns, flat, with the range to draw: from 0 if the unit is ever active."""
    if found.maps is None:
        raise DataError(f"the patterns of {found.layer} are of whole units, not of one unit's map")
    maps = found.maps
    groups = {
        str(pattern): _numbers(maps[found.count if pattern == NONE else pattern].reshape(-1))
        for pattern in patterns
        if -1 <= pattern < found.count
    }
    low = float(np.nanmin(maps)) if np.isfinite(maps).any() else 0.0
    high = float(np.nanmax(maps)) if np.isfinite(maps).any() else 0.0
    if high > 0:
        low = 0.0
    return {"shape": list(maps.shape[1:]), "groups": groups, "low": low, "high": high}


def average_size(case: Case, found: FoundPatterns) -> dict[str, Any]:
    """Whether average images can be made: their size, or why there are none."""
    if case.folder.manifest.kind != "image":
        return {"reason": "only images have an average"}
    if not found.n:
        return {"reason": "there are no instances"}
    if case.folder.media.stack(found.rows[:1]) is None or case.folder.media.stack(found.rows[[0, -1]]) is None:
        return {"reason": "no average: the images are of different sizes"}
    first = case.folder.media.stack(found.rows[:1])
    assert first is not None
    height, width = _shrunk(first.astype(np.float32)).shape[1:3]
    return {"width": int(width), "height": int(height), "of": MOST_AVERAGED}


def averages(case: Case, found: FoundPatterns) -> bytes:
    """The average image of every pattern as one PNG, row-major, at most 32 across; empty where there is none.

    Of a pattern with more than 1,000 instances the 1,000 most typical are averaged.
    """
    from PIL import Image

    if "reason" in average_size(case, found) or not found.count:
        return b""
    kept = case.folder.results.get("pattern_averages", found.key)
    if kept is None or kept.inputs.get("patterns") != _identity(found):
        images = np.stack([_average(case, found.members(pattern)[:MOST_AVERAGED]) for pattern in range(found.count)])
        kept = case.folder.results.put("pattern_averages", found.key, {"images": images}, None, {"patterns": _identity(found)})
    images = np.asarray(kept.arrays["images"])
    count, height, width, channels = images.shape
    across = min(SHEET_COLUMNS, count)
    sheet = np.zeros((-(-count // across) * height, across * width, channels), np.uint8)
    for i, image in enumerate(images):
        top, left = (i // across) * height, (i % across) * width
        sheet[top : top + height, left : left + width] = image
    out = io.BytesIO()
    Image.fromarray(sheet[..., 0] if channels == 1 else sheet).save(out, "PNG")
    return out.getvalue()


def top_units(
    case: Case, layer: str, units: Sequence[int], k: int, *, model: str | None = None, part: str | None = None
) -> dict[str, Any]:
    """The instances with the highest pooled activation of each unit, the highest first; excluded ones are left out."""
    from underglass.analyses.top_instances import top

    folder = model_of(case, model)
    pooling = part or ("max" if "max" in folder.record.pooling else folder.record.pooling[0])
    folder.check_layer(layer, pooling)
    rows = included(case)
    values = folder.activations(layer, pooling).units(list(units))[rows] if len(units) else np.zeros((len(rows), 0), np.float32)
    finite = np.isfinite(values).all(axis=1)
    rows, values = rows[finite], values[finite]
    if not len(rows) or not len(units):
        return {"units": list(units), "part": pooling, "rows": [[] for _ in units], "values": [[] for _ in units]}
    best = top(values, k=min(k, len(rows)))
    return {
        "units": list(units),
        "part": pooling,
        "rows": rows[best.rows].tolist(),
        "values": [_numbers(line) for line in best.values],
    }


def table(case: Case, found: FoundPatterns, what: str, form: str) -> bytes:
    """The patterns as a table to take away.

    Parameters
    ----------
    case, found : Case, FoundPatterns
        Whose patterns.
    what : str
        "instances" (one line each), "patterns" (one line each), or "units" (one line a unit in a pattern).
    form : str
        "csv" or "parquet".
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if what == "instances":
        ids = case.folder.instances.column("id").take(pa.array(found.rows))
        classes = np.array([*case.folder.manifest.classes, ""], object)
        labels = case.labels()[found.rows]
        made = pa.table(
            {
                "id": ids,
                "label": pa.array(classes[labels], pa.string(), mask=labels < 0),
                "pattern": pa.array(found.labels, pa.int32(), mask=np.asarray(found.labels) < 0),
                "probability": pa.array(found.probability),
                "outlier_score": pa.array(found.outlier_score),
            }
        )
    elif what == "patterns":
        made = pa.table({"pattern": np.arange(found.count, dtype=np.int32), "n": found.size, "persistence": found.persistence})
    elif what == "units":
        kept = _statistics(case, found)
        groups, units = kept["mean"].shape
        pattern = np.repeat(np.arange(groups), units)
        made = pa.table(
            {
                "pattern": pa.array(pattern.astype(np.int32), mask=pattern == found.count),
                "unit": np.tile(np.arange(units, dtype=np.int32), groups),
                **{name: (kept[name] * kept["scale"]).reshape(-1) for name in SOURCES},
            }
        )
    else:
        raise DataError(f"no table of {what!r}; there are: instances, patterns, units")
    out = io.BytesIO()
    if form == "parquet":
        pa.parquet.write_table(made, out, compression="zstd")
    elif form == "csv":
        pa.csv.write_csv(_safe(made), out)
    else:
        raise DataError(f"no format {form!r}; there are: csv, parquet")
    return out.getvalue()


def _safe(made: Any) -> Any:
    """A table whose texts a spreadsheet does not take for formulas."""
    import pyarrow as pa

    for place, field in enumerate(made.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            texts = [
                None if text is None else f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
                for text in made.column(place).to_pylist()
            ]
            made = made.set_column(place, field.name, pa.array(texts, pa.string()))
    return made


def _statistics(case: Case, found: FoundPatterns) -> dict[str, Array]:
    """Statistics of every unit in every pattern and, last, in none, each (patterns + 1, units), in shares of `scale`; kept."""
    if found.settings.unit is not None:
        raise DataError(
            f"these are patterns of the map of unit {found.settings.unit}: its positions have no statistics as units have"
        )
    kept = case.folder.results.get("pattern_statistics", found.key)
    if kept is None or kept.inputs.get("patterns") != _identity(found):
        arrays = _computed(case, found)
        kept = case.folder.results.put("pattern_statistics", found.key, arrays, None, {"patterns": _identity(found)})
    return {name: np.asarray(array) for name, array in kept.arrays.items()}


def _computed(case: Case, found: FoundPatterns) -> dict[str, Array]:
    from underglass.analyses.unit_statistics import statistics

    folder = model_of(case, found.model)
    array = activations_of(folder, found.layer, found.settings.parts[:1], found.rows)
    result = statistics(array, np.where(found.labels < 0, found.count, found.labels))
    scale = np.abs(array).max(axis=0).astype(np.float32) if len(array) else np.zeros(array.shape[1], np.float32)
    divisor = np.where(scale > 0, scale, 1)
    out = {"scale": scale, "all": (array.mean(axis=0, dtype=np.float64) / divisor).astype(np.float32)}
    groups = found.count + 1
    for name, source in SOURCES.items():
        full = np.full((groups, array.shape[1]), np.nan, np.float32)
        values = np.asarray(getattr(result, source))
        full[np.asarray(result.groups)] = values / divisor
        out[name] = full
    return out


def _average(case: Case, rows: Array) -> Array:
    """Mean image of some instances, (height, width, channels) uint8."""
    total: Array | None = None
    for start in range(0, len(rows), 256):
        images = case.folder.media.stack(np.sort(rows)[start : start + 256])
        if images is None:
            raise DataError("no average: the images are of different sizes")
        piece = _shrunk(images.astype(np.float32)).sum(axis=0, dtype=np.float64)
        total = piece if total is None else total + piece
    assert total is not None
    mean = np.round(total / len(rows)).astype(np.uint8)
    return mean[..., None] if mean.ndim == 2 else mean[..., :3]


def _shrunk(images: Array) -> Array:
    """Images with whole blocks averaged until no edge is longer than 112."""
    step = -(-max(images.shape[1:3]) // LARGEST_AVERAGE)
    if step <= 1:
        return images
    height, width = images.shape[1] // step * step, images.shape[2] // step * step
    cut = images[:, :height, :width]
    small: Array = cut.reshape(len(cut), height // step, step, width // step, step, *cut.shape[3:]).mean(axis=(2, 4))
    return small


def _identity(found: FoundPatterns) -> str:
    from underglass.store.fingerprints import hash_array, hash_json

    return hash_json([hash_array(np.asarray(found.rows)), hash_array(np.asarray(found.labels)), dict(found.inputs)])


def _numbers(values: Array) -> list[float | None]:
    """As plain JSON: four digits, None where there is no number."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in np.asarray(values, np.float64).tolist()]
