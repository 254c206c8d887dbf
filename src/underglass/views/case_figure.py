"""How is a captured model drawn as a figure? Its kept graph, a person's settings, and the pictures of the case."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass import figures
from underglass.architecture.graph import ModelGraph
from underglass.architecture.groups import as_group
from underglass.architecture.plan import PLANNED
from underglass.architecture.samples import Sample, read_sample
from underglass.architecture.style import SETTINGS
from underglass.architecture.style_files import style_settings
from underglass.errors import DataError, ModelError, UnderglassError, unknown
from underglass.figures import Figure
from underglass.roles import require
from underglass.store import hash_bytes
from underglass.views.kept_graph import kept_graph
from underglass.views.layer_results import kept_result, model_of

if TYPE_CHECKING:
    from underglass.case import Case

KEPT, SAMPLES = "figure", "figure sample"
FORM = 1
MOST_BYTES = 8 * 2**20
"""A picture that a person gives, at most."""
KNOWN = (*PLANNED, *SETTINGS, "width", "samples")


def graph_of(case: Case, model: str | None = None) -> ModelGraph:
    """The kept graph of a captured model; read once as long as the weights are the same.

    Raises
    ------
    ModelError
        There is none; says why.
    """
    folder = model_of(case, model)
    key = str(case.folder.path), folder.name, folder.record.weights_hash, folder.record.captured_at
    if key not in _graphs:
        found = kept_graph(case, model)
        if found.graph is None:
            raise ModelError(f"there is no graph of {found.model}: {found.problem}.")
        while len(_graphs) >= MOST_GRAPHS:
            _graphs.pop(next(iter(_graphs)))
        _graphs[key] = found.graph
    return _graphs[key]


MOST_GRAPHS = 4
_graphs: dict[tuple[str, str, str, str], ModelGraph] = {}


def figure_of(case: Case, settings: Mapping[str, Any], *, model: str | None = None, files: bool = False) -> Figure:
    """A figure of a captured model; groups that cannot be drawn are left out, and say why.

    Parameters
    ----------
    settings : keywords of `underglass.figure` in plain JSON; of samples, a row of the case, or what `keep_sample` gave.
    files : whether samples may be files and arrays too: not where a link brings the settings.

    Raises
    ------
    UnderglassError
        A setting is not known, or means nothing.
    """
    for name in settings:
        if name not in KNOWN:
            raise UnderglassError(unknown("setting", str(name), KNOWN))
    graph, pictures = graph_of(case, model), _pictures(case, settings.get("samples") or {}, files=files)
    plain = {name: value for name, value in settings.items() if name != "samples"}
    if "groups" in plain and isinstance(plain["groups"], list | tuple):
        plain["groups"] = [asdict(as_group(one)) for one in plain["groups"]]
    seen = tuple((name, hash_bytes(one.data)) for name, one in pictures.items())
    key = id(graph), json.dumps(plain, sort_keys=True, default=str), seen
    if key not in _figures:
        drawn = _draw(graph, plain, pictures)
        while len(_figures) >= MOST_FIGURES:
            _figures.pop(next(iter(_figures)), None)
        _figures[key] = drawn  # which holds its graph, so that no other graph gets the same id
    return _figures[key]


MOST_FIGURES = 16
_figures: dict[tuple[int, str, tuple[tuple[str, str], ...]], Figure] = {}


def _draw(graph: ModelGraph, settings: Mapping[str, Any], samples: Mapping[str, Sample]) -> Figure:
    plan = figures.make_plan({name: settings[name] for name in PLANNED if name in settings})
    style = figures.make_style(None, {name: settings[name] for name in SETTINGS if name in settings})
    width = settings.get("width")
    if width is not None:
        figures.points_of(width)
    return figures.draw(graph, plan, style, width=width, samples=samples)


def drawn_figure(case: Case, settings: Mapping[str, Any], *, model: str | None = None) -> Figure:
    """As `figure_of`, for Python: a style may be a file, and a group that cannot be drawn is an error."""
    given = dict(settings)
    style = given.pop("style", None)
    if style is not None:
        given = style_settings(figures.make_style(style, {})) | given
    found = figure_of(case, given, model=model, files=True)
    figures.check_groups(found)
    return found


def _pictures(case: Case, given: Mapping[str, Any], *, files: bool) -> dict[str, Sample]:
    if not isinstance(given, Mapping):
        raise UnderglassError("samples are pictures by input: {'input': 12}.")
    return {name: picture_of(case, given[name], files=files) for name in sorted(given)}


def picture_of(case: Case, given: Any, *, files: bool = False) -> Sample:
    """A picture of the case by its row, or one that was kept; with ``files`` anything that `read_sample` reads."""
    if isinstance(given, int) and not isinstance(given, bool):
        if not 0 <= given < case.folder.manifest.instances:
            raise DataError(f"there is no instance {given}; rows go from 0 to {case.folder.manifest.instances - 1}.")
        image = case.folder.media.image(given)
        if image is None:
            raise DataError(f"instance {given} is no picture: {case.folder.media.missing(given) or 'it has none'}.")
        return read_sample(image)
    if isinstance(given, str) and given.startswith("kept:"):
        kept = kept_result(case, SAMPLES, given.removeprefix("kept:"), FORM)
        if kept is None:
            raise DataError(f"the picture {given} is not kept with this case; give it again.")
        return read_sample(kept.arrays["bytes"].tobytes())
    if not files:
        raise DataError(f"the sample {given!r} is neither the row of an instance nor a picture kept with the case.")
    return read_sample(given)


def keep_sample(case: Case, data: str) -> str:
    """Keep a person's picture with the case; gives the word by which a setting names it.

    Parameters
    ----------
    data : the file in base64.
    """
    require("annotator", "keep a picture with the case")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise DataError("the picture did not arrive whole; give it again.") from None
    if len(content) > MOST_BYTES:
        raise DataError(f"the picture has {len(content) / 2**20:.1f} MB; {MOST_BYTES / 2**20:.0f} MB is the most.")
    sample = read_sample(content)
    key = hash_bytes(sample.data)
    case.folder.results.put(SAMPLES, key, {"bytes": np.frombuffer(sample.data, np.uint8)}, {"form": FORM, "model": ""}, {})
    return f"kept:{key}"


def kept_settings(case: Case, model: str | None = None) -> dict[str, Any]:
    """What a person set last for this model's figure; nothing if that means nothing any more."""
    kept = kept_result(case, KEPT, model_of(case, model).name, FORM)
    return dict(kept.meta["settings"]) if kept is not None else {}


def keep_settings(case: Case, settings: Mapping[str, Any], model: str | None = None) -> None:
    """Keep a person's settings with the case, once they can be drawn."""
    require("annotator", "keep a figure with the case")
    figure_of(case, settings, model=model)
    name = model_of(case, model).name
    case.folder.results.put(KEPT, name, {}, {"form": FORM, "model": name, "settings": dict(settings)}, {})
