"""What may the editor of figures ask of a model? The same answers wherever the model is: in a case, or alone."""

from __future__ import annotations

import base64
import binascii
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

from underglass import figures
from underglass.architecture.as_code import as_code
from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Block
from underglass.architecture.composing import repetition
from underglass.architecture.font import inter
from underglass.architecture.graph import ModelGraph
from underglass.architecture.grouping import deepest
from underglass.architecture.groups import as_group, between, ends_of, types_of
from underglass.architecture.plan import PLANNED
from underglass.architecture.samples import Sample, read_sample
from underglass.architecture.scene_json import scene_json
from underglass.architecture.style import PALETTES, SETTINGS, TEXTURES
from underglass.architecture.style_files import read_style, style_settings, write_style
from underglass.errors import DataError, UnderglassError, unknown
from underglass.figures import FORMATS, Figure, one_style
from underglass.roles import require
from underglass.store import hash_bytes
from underglass.views.remembered import Remembered

Settings = Mapping[str, Any]
KNOWN = (*PLANNED, *SETTINGS, "width", "samples")
MOST_BYTES = 8 * 2**20
"""A picture that a person gives, at most."""


class DrawnModel(Protocol):
    """A model whose figure a person makes."""

    @property
    def name(self) -> str:
        """What files of its figure are called."""

    @property
    def graph(self) -> ModelGraph:
        """Its operations; the same object as long as it is the same model.

        Raises
        ------
        ModelError
            There is none; says why.
        """

    def picture(self, given: Any) -> Sample:
        """A picture that a setting names."""

    def keep_picture(self, sample: Sample) -> str:
        """Keep a person's picture; gives the word by which a setting names it."""

    def picture_in_python(self, given: Any) -> Any:
        """A picture that a setting names, as Python names it."""

    def kept(self) -> dict[str, Any]:
        """The settings that were kept last; none if there are none."""

    def keep(self, settings: Settings) -> None:
        """Keep settings that can be drawn."""

    @property
    def beginning(self) -> str:
        """The Python that makes its figure, up to the first setting."""


def figure_of(drawn: DrawnModel, settings: Settings) -> Figure:
    """A figure; groups that cannot be drawn are left out, and say why. The last ones are remembered.

    Parameters
    ----------
    settings : keywords of `underglass.figure` in plain JSON; samples as the model's `picture` reads them.

    Raises
    ------
    UnderglassError
        A setting is not known, or means nothing.
    """
    if not isinstance(settings, Mapping):
        raise UnderglassError(f"the settings of a figure are an object of names and values, not {type(settings).__name__}")
    for name in settings:
        if name not in KNOWN:
            raise UnderglassError(unknown("setting", str(name), KNOWN))
    graph, pictures = drawn.graph, _pictures(drawn, settings.get("samples", {}))
    plain = {name: value for name, value in settings.items() if name != "samples"}
    if "groups" in plain and isinstance(plain["groups"], list | tuple):
        plain["groups"] = [asdict(as_group(one)) for one in plain["groups"]]
    seen = tuple((name, hash_bytes(one.data)) for name, one in pictures.items())
    key = id(graph), json.dumps(plain, sort_keys=True, default=str), seen
    return _figures.get(key, lambda: _draw(graph, plain, pictures))


_figures: Remembered[tuple[int, str, tuple[tuple[str, str], ...]], Figure] = Remembered(16)
"""A figure holds its graph, so that no other graph gets the id in its key."""


def _draw(graph: ModelGraph, settings: Settings, samples: Mapping[str, Sample]) -> Figure:
    plan = figures.make_plan({name: settings[name] for name in PLANNED if name in settings})
    style = figures.make_style(None, {name: settings[name] for name in SETTINGS if name in settings})
    width = settings.get("width")
    if width is not None:
        figures.points_of(width)
    return figures.draw(graph, plan, style, width=width, samples=samples)


def _pictures(drawn: DrawnModel, given: Mapping[str, Any]) -> dict[str, Sample]:
    if not isinstance(given, Mapping):
        raise UnderglassError("samples are pictures by input: {'input': 12}.")
    return {name: drawn.picture(given[name]) for name in sorted(given)}


def scene(drawn: DrawnModel, *, settings: Settings | None = None) -> dict[str, Any]:
    """Everything the editor shows for some settings; without any, for those that are kept.

    Returns
    -------
    ``scene`` to paint; ``glyphs``, ``edges``; ``kinds``: what the legend explains and what is hidden; ``groups`` with places
    or problem; ``modules``; ``depth`` and ``deepest``; ``settings``; ``code``; and what is said of the model.
    """
    problem = None
    given: Settings = drawn.kept() if settings is None else settings
    try:
        figure = figure_of(drawn, given)
    except UnderglassError as error:
        if settings is not None or not given:
            raise
        given, problem = {}, f"The settings that were kept cannot be drawn any more: {error}"
        figure = figure_of(drawn, {})
    graph = figure.graph
    return {
        "model": drawn.name,
        "problem": problem,
        "scene": scene_json(figure.scene),
        "glyphs": [_glyph(one) for one in figure.drawing.blocks],
        "edges": [list(edge) for edge in figure.drawing.edges],
        "kinds": _kinds(figure),
        "groups": [
            {"name": one.group.name, "places": one.places, "problem": one.problem or None} for one in figure.arranged.standings
        ],
        "repetitions": [one.name for one in figure.arranged.repetitions],
        "modules": list(graph.modules),
        "depth": figure.arranged.depth,
        "deepest": deepest(graph),
        "settings": given,
        "used": _used(figure),
        "code": code(drawn, given),
        "name": graph.name,
        "parameters": graph.parameters,
        "multiply_adds": graph.multiply_adds,
        "notes": [note for note in (graph.reason, *graph.notes) if note],
        "palettes": list(PALETTES),
        "textures": len(TEXTURES),
    }


def pick_between(drawn: DrawnModel, *, settings: Settings, first: str, last: str) -> list[str]:
    """Glyphs on all ways between two, both included; refused, with the reason, if they could not be one glyph."""
    figure = figure_of(drawn, settings)
    _known(figure, (first, last))
    return [first] if first == last else between(figure.drawing, first, last)


def pick_module(drawn: DrawnModel, *, settings: Settings, path: str) -> list[str]:
    """Glyphs all of whose operations stand in a module."""
    figure = figure_of(drawn, settings)
    modules, by_id = figure.graph.modules, figure.graph.by_id
    if path not in modules:
        raise UnderglassError(unknown("module", path, modules))

    def inside(name: str) -> bool:
        at = by_id[name].path if name in by_id else None
        return at is not None and (at == path or at.startswith(f"{path}."))

    found = [one.id for one in figure.drawing.blocks if one.members and all(inside(name) for name in one.members)]
    if not found:
        raise UnderglassError(f"no glyph lies in {path!r} alone: it is part of an aggregate, or hidden. Choose a deeper level.")
    return found


def make_group(drawn: DrawnModel, *, settings: Settings, glyphs: Sequence[str]) -> dict[str, Any]:
    """A group of the glyphs that are picked; refused, with the reason, if they cannot be one glyph."""
    figure = figure_of(drawn, settings)
    _known(figure, glyphs)
    members = {name for one in figure.drawing.blocks if one.id in set(glyphs) for name in one.members}
    picked = [one.id for one in figure.arranged.open.blocks if set(one.members) & members or one.id in set(glyphs)]
    first, last = ends_of(figure.arranged.open, picked)
    taken = types_of(figure.drawing) | {one.name for one in figure.plan.groups}
    number = 1
    while f"Group {number}" in taken:
        number += 1
    return {"name": f"Group {number}", "first": first, "last": last}


def auto_group(drawn: DrawnModel, *, settings: Settings) -> dict[str, Any] | None:
    """The group that repeats most; None if nothing does."""
    figure = figure_of(drawn, settings)
    found = repetition(figure.arranged, {one.name for one in figure.plan.groups})
    return None if found is None else {"name": found.name, "first": found.first, "last": found.last}


def export(drawn: DrawnModel, *, settings: Settings, ending: str, part: str = "figure") -> bytes:
    """A file's bytes.

    Parameters
    ----------
    ending : .svg, .pdf, .png, .tex or .json.
    part : ``figure`` with its legend if it has one, ``network`` without, or ``legend`` alone.
    """
    figure = figure_of(drawn, settings)
    if ending not in FORMATS:
        raise UnderglassError(unknown("format", ending, FORMATS))
    sheets = {"figure": lambda: figure.sheet, "network": lambda: figure.without_legend().sheet, "legend": lambda: figure.legend}
    if part not in sheets:
        raise UnderglassError(unknown("part of a figure", part, sheets))
    return sheets[part]().rendered(ending, stem=drawn.name)


def code(drawn: DrawnModel, settings: Settings) -> str:
    """The Python that makes this figure."""
    refused = {one.group.name for one in figure_of(drawn, settings).arranged.standings if one.problem}
    given = dict(settings)
    if refused:
        given["groups"] = [one for one in settings["groups"] if one["name"] not in refused]
    if "samples" in given:
        given["samples"] = {name: drawn.picture_in_python(one) for name, one in given["samples"].items()}
    return as_code(drawn.beginning, given, f"{drawn.name}.svg")


def keep(drawn: DrawnModel, *, settings: Settings) -> bool:
    """Keep the settings, once they can be drawn."""
    require("annotator", "keep a figure")
    figure_of(drawn, settings)
    drawn.keep(settings)
    return True


def keep_sample(drawn: DrawnModel, *, data: str) -> str:
    """Keep a person's picture; gives the word that settings name it by.

    Parameters
    ----------
    data : the file in base64.
    """
    require("annotator", "keep a picture")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise DataError("the picture did not arrive whole; give it again.") from None
    if len(content) > MOST_BYTES:
        raise DataError(f"the picture has {len(content) / 2**20:.1f} MB; {MOST_BYTES / 2**20:.0f} MB is the most.")
    return drawn.keep_picture(read_sample(content))


def style_file(drawn: DrawnModel, *, settings: Settings, ending: str) -> bytes:
    """This figure's style with its scales, sizes and colours, for another figure to share."""
    with tempfile.TemporaryDirectory() as folder:
        return write_style(one_style(figure_of(drawn, settings)), Path(folder) / f"style{ending}").read_bytes()


def read_style_file(drawn: DrawnModel, *, text: str, name: str) -> dict[str, Any]:
    """The settings in a style file."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / (Path(name).name or "style")
        place.write_text(text, encoding="utf-8")
        try:
            return style_settings(read_style(place))
        except UnderglassError as error:
            raise UnderglassError(str(error).replace(str(place), place.name)) from error


def font(drawn: DrawnModel) -> bytes:
    """The font that figures are set in."""
    return inter().data


def _known(figure: Figure, names: Sequence[str]) -> None:
    for name in names:
        if name not in figure.drawing.by_id:
            raise UnderglassError(unknown("glyph", name, figure.drawing.by_id))


def _glyph(one: Block) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": one.type,
        "kind": {INPUT: "input", OUTPUT: "output", ROUTE: "route"}.get(one.type, "aggregate" if one.inside else "layer"),
        "times": one.times,
        "features": one.features,
        "before": list(one.extent_in),
        "after": list(one.extent_out),
        "parameters": one.parameters,
        "multiply_adds": one.multiply_adds,
        "operations": list(one.members),
    }


def _kinds(figure: Figure) -> list[dict[str, Any]]:
    """Types in the figure with their colours and how often they are drawn, then the hidden ones."""
    counts: dict[str, int] = {}
    aggregates: set[str] = set()

    def look(blocks: Sequence[Block]) -> None:
        for one in blocks:
            counts[one.type] = counts.get(one.type, 0) + one.times
            if one.inside is not None:
                aggregates.add(one.type)
                look(one.inside.blocks)

    look(figure.drawing.blocks)
    named = {one.name for one in figure.plan.groups}
    return [
        {
            "type": kind,
            "alias": figure.style.called(kind),
            "colour": paint.colour,
            "texture": paint.texture,
            "count": counts.get(kind, 0),
            "kind": "group" if kind in named else "aggregate" if kind in aggregates else "layer",
        }
        for kind, paint in figure.composed.paints.items()
        if kind in counts
    ] + [
        {"type": kind, "alias": figure.style.called(kind), "colour": None, "texture": None, "count": count, "kind": "hidden"}
        for kind, count in sorted(figure.drawing.hidden.items(), key=lambda item: (-item[1], item[0]))
    ]


def _used(figure: Figure) -> dict[str, Any]:
    """What was decided for what was left open."""
    style = figure.composed.style
    names = ("widths", "heights", "gap", "lane_gap", "stroke", "text", "labels", "order", "legend_gap", "max_width")
    return {name: list(value) if isinstance(value := getattr(style, name), tuple) else value for name in names}


def _in_words(answer: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal is an answer too: the editor tries what may not be possible, and says why it is not."""

    @wraps(answer)
    def answered(drawn: DrawnModel, **arguments: Any) -> Any:
        try:
            return answer(drawn, **arguments)
        except UnderglassError as error:
            return {"refused": str(error)}

    return answered


def scene_if_any(drawn: DrawnModel, *, settings: Settings | None = None) -> dict[str, Any]:
    """`scene`, after a graph that cannot be had is said as a state and not as a failure."""
    try:
        assert drawn.graph
    except UnderglassError as error:
        return {"model": None, "problem": str(error), "scene": None}
    return scene(drawn, settings=settings)


ANSWERS: Mapping[str, Callable[..., Any]] = {
    "scene": _in_words(scene_if_any),
    "between": _in_words(pick_between),
    "module": _in_words(pick_module),
    "group": _in_words(make_group),
    "repetition": _in_words(auto_group),
    "export": export,
    "keep": keep,
    "sample": _in_words(keep_sample),
    "font": font,
    "style": style_file,
    "read_style": _in_words(read_style_file),
}
"""What the editor asks, by name: functions of (model, **arguments) that give plain JSON, or bytes."""
