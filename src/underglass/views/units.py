"""What do a layer's units do on any subset? The neuron activation matrix, the model's graph, and each unit closely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError, unknown
from underglass.views import feature_images
from underglass.views.instance_sample import sample
from underglass.views.layer_results import model_of
from underglass.views.model_graph import graph
from underglass.views.unit_details import describe_unit, peak_crops, peak_projections, picture
from underglass.views.unit_rows import census_of, members_bytes, pooling_of, rows_bytes, shown_rows
from underglass.views.unit_suggestions import suggest
from underglass.views.view import View
from underglass.wire import Card, Job

if TYPE_CHECKING:
    from underglass.case import Case

MOST_GROUPS = 20
PICTURES = {"samples": 2}
"""Settings of the pictures that the unit panel shows."""


def layer_summary(case: Case, layer: str, *, part: str | None = None, model: str | None = None) -> dict[str, Any]:
    """What the columns of the matrix are: range of each unit, the dead, the twins."""
    folder = model_of(case, model)
    pooling = pooling_of(folder, layer, part)
    found = census_of(case, layer, part=pooling, model=folder.name)
    record = folder.record.layer(layer)
    assert record is not None
    return {
        "layer": layer,
        "units": record.units,
        "shape": list(record.shape),
        "part": pooling,
        "parts": list(folder.record.pooling),
        "low": [_number(value) for value in found.low.tolist()],
        "high": [_number(value) for value in found.high.tolist()],
        "dead": np.flatnonzero(found.dead).tolist(),
        "twins": [[unit, int(found.twin_of[unit])] for unit in np.flatnonzero(found.twin_of >= 0).tolist()],
        "unread": int((~found.finite).sum()),
        "groups": _groups(case),
    }


def _groups(case: Case) -> dict[str, Any] | None:
    """The subsets that a matrix starts with: one for each label, else for each prediction; of many those with most instances."""
    classes = case.serving.classes
    values, column = case.labels(), "label"
    if not (values >= 0).any():
        values, column = case.predictions(), "prediction"
    if not classes or not (values >= 0).any():
        return None
    size = np.bincount(values[(values >= 0) & (values < len(classes))], minlength=len(classes))
    kept = np.arange(len(classes))
    if len(classes) > MOST_GROUPS:
        largest = np.argsort(-size, kind="stable")[:MOST_GROUPS]
        kept = np.sort(largest[size[largest] > 0])
    return {"column": column, "values": [classes[int(one)] for one in kept], "of": len(classes)}


def quantiles(case: Case, column: str, *, parts: int = 4, within: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A number column cut into parts of equal size: a filter tree and a name for each."""
    types = case.serving.column_types()
    if column not in types:
        raise DataError(unknown("column", column, types))
    if types[column].kind not in ("number", "integer"):
        raise DataError(f"{column!r} holds {types[column].kind} values; only numbers are cut into parts of equal size.")
    if not 2 <= parts <= 20:
        raise DataError(f"a column is cut into 2 to 20 parts; got {parts}.")
    rows = shown_rows(case, within)
    values = case.serving.table(columns=[column])[column].to_numpy(zero_copy_only=False).astype(np.float64)[rows]
    values = values[np.isfinite(values)]
    if not len(values):
        raise DataError(f"none of the {len(rows):,} instances shown has a value of {column!r}.")
    edges = np.unique(np.quantile(values, np.linspace(0, 1, parts + 1), method="inverted_cdf"))
    pairs = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)) or [(edges[0], edges[0])]
    found = []
    for place, (low, high) in enumerate(pairs):
        last = place == len(pairs) - 1
        terms: list[dict[str, Any]] = [{"op": "compare", "column": column, "is": ">=", "value": _plain(low)}]
        terms.append({"op": "compare", "column": column, "is": "<=" if last else "<", "value": _plain(high)})
        found.append({"name": f"{column} {low:.4g} to {high:.4g}", "tree": {"op": "and", "terms": terms}})
    return {"column": column, "parts": found}


def start_pictures(
    case: Case, layer: str, units: Sequence[int], *, settings: Mapping[str, Any] | None = None, model: str | None = None
) -> Job:
    """Find pictures of units as a job."""
    return feature_images.start(case, layer, [int(unit) for unit in units], settings=PICTURES | dict(settings or {}), model=model)


def unit_picture(
    case: Case, layer: str, unit: int, *, settings: Mapping[str, Any] | None = None, model: str | None = None
) -> bytes:
    """A unit's kept pictures as PNG."""
    return picture(case, layer, int(unit), settings=PICTURES | dict(settings or {}), model=model)


def picture_sheet(case: Case, layer: str, units: Sequence[int], *, model: str | None = None) -> bytes:
    """Kept pictures of units as one PNG, a line for each of them in the order asked; empty unless all are kept."""
    wanted = [int(unit) for unit in units]
    found = feature_images.kept(case, layer, wanted, settings=PICTURES, model=model)
    if len(found) < len(set(wanted)) or not wanted:
        return b""
    lines = [np.concatenate(list(found[unit].images), axis=1) for unit in wanted]
    return feature_images.png(np.concatenate(lines, axis=0))


def one_unit(case: Case, layer: str, unit: int, **options: Any) -> dict[str, Any]:
    """What the unit panel shows."""
    return describe_unit(case, layer, int(unit), settings=PICTURES, **options)


def _number(value: float) -> float | None:
    return float(f"{value:.5g}") if np.isfinite(value) else None


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


VIEW = View(
    name="units",
    title="Units",
    group="learned",
    question="What do the units do on which subset?",
    card=Card(
        why="To see which units tell classes, errors or any other subsets apart, and which do nothing.",
        who="People who build the model or must answer for it. Learners, on the demo.",
        what="Pooled activations of one layer: the mean over each subset, or the value on one instance. "
        "A column is a unit; darker is stronger. Marks above the columns: dead units, and twins that do the same.",
        how="Click a row's name to sort the units by it, a second row to sort by the difference. Point at an instance for a row "
        "that goes again, click it for one that stays. Click a column for the unit's strongest instances and its picture.",
        when="After capture. When a subset fails: make it a row beside its class and sort by the difference.",
        source="Kahng, Andrews, Kalro, Chau: ActiVis, 2017. Pictures of units: Olah, Mordvintsev, Schubert 2017.",
        limits="A mean hides two groups in one subset: look at the unit's distribution. A name rests on labels alone.",
    ),
    alone="reads its rows from the active model's activations and predictions",
    calls={
        "summary": layer_summary,
        "rows": rows_bytes,
        "members": members_bytes,
        "unit": one_unit,
        "crops": peak_crops,
        "projections": peak_projections,
        "picture": unit_picture,
        "picture_sheet": picture_sheet,
        "start_pictures": start_pictures,
        "suggest": suggest,
        "quantiles": quantiles,
        "sample": sample,
        "graph": graph,
    },
    order=1,
    needs=("activations",),
    props={
        "layers": "captured layers",
        "layer": "a captured layer",
        "rows": "the matrix's rows",
        "part": "max, mean, std or min",
        "scale": "unit, one or range",
        "unit": "the opened unit, as [layer, number]",
        "sort": "by which row units are sorted",
        "below": "true gives values below 0 colours of their own",
    },
    size=(12, 16),
)
