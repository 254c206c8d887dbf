"""How is the model drawn in a paper? Python lays the figure out and answers with its scene; the browser paints it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underglass.architecture.as_code import as_code
from underglass.architecture.blocks import INPUT, OUTPUT, ROUTE, Block
from underglass.architecture.composing import repetition
from underglass.architecture.font import inter
from underglass.architecture.grouping import deepest
from underglass.architecture.groups import between, ends_of, types_of
from underglass.architecture.scene_json import scene_json
from underglass.architecture.style import PALETTES, TEXTURES
from underglass.architecture.style_files import read_style, style_settings, write_style
from underglass.errors import UnderglassError, unknown
from underglass.figures import FORMATS, Figure, one_style
from underglass.views.case_figure import figure_of, graph_of, keep_sample, keep_settings, kept_settings
from underglass.views.layer_results import model_of
from underglass.views.view import View
from underglass.wire import Card

if TYPE_CHECKING:
    from underglass.case import Case

Settings = Mapping[str, Any]


def scene(case: Case, *, settings: Settings | None = None, model: str | None = None) -> dict[str, Any]:
    """Everything the editor shows for some settings; without any, for those that are kept.

    Returns
    -------
    ``scene`` to paint; ``glyphs``, ``edges``; ``kinds``: what the legend explains and what is hidden; ``groups`` with places
    or problem; ``modules``; ``depth`` and ``deepest``; ``settings``; ``code``; and what is said of the model.
    """
    name = model_of(case, model).name
    problem = None
    given = kept_settings(case, model) if settings is None else dict(settings)
    try:
        figure = figure_of(case, given, model=model)
    except UnderglassError as error:
        if settings is not None or not given:
            raise
        given, problem = {}, f"The settings kept with this case cannot be drawn any more: {error}"
        figure = figure_of(case, {}, model=model)
    graph = figure.graph
    return {
        "model": name,
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
        "code": code(case, given, model=model),
        "name": graph.name,
        "parameters": graph.parameters,
        "multiply_adds": graph.multiply_adds,
        "notes": [note for note in (graph.reason, *graph.notes) if note],
        "palettes": list(PALETTES),
        "textures": len(TEXTURES),
    }


def pick_between(case: Case, *, settings: Settings, first: str, last: str, model: str | None = None) -> list[str]:
    """Glyphs on all ways between two, both included; refused, with the reason, if they could not be one glyph."""
    figure = figure_of(case, settings, model=model)
    _known(figure, (first, last))
    return [first] if first == last else between(figure.drawing, first, last)


def pick_module(case: Case, *, settings: Settings, path: str, model: str | None = None) -> list[str]:
    """Glyphs all of whose operations stand in a module."""
    figure = figure_of(case, settings, model=model)
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


def make_group(case: Case, *, settings: Settings, glyphs: Sequence[str], model: str | None = None) -> dict[str, Any]:
    """A group of the glyphs that are picked; refused, with the reason, if they cannot be one glyph."""
    figure = figure_of(case, settings, model=model)
    _known(figure, glyphs)
    members = {name for one in figure.drawing.blocks if one.id in set(glyphs) for name in one.members}
    picked = [one.id for one in figure.arranged.open.blocks if set(one.members) & members or one.id in set(glyphs)]
    first, last = ends_of(figure.arranged.open, picked)
    taken = types_of(figure.drawing) | {one.name for one in figure.plan.groups}
    number = 1
    while f"Group {number}" in taken:
        number += 1
    return {"name": f"Group {number}", "first": first, "last": last}


def auto_group(case: Case, *, settings: Settings, model: str | None = None) -> dict[str, Any] | None:
    """The group that repeats most; None if nothing does."""
    figure = figure_of(case, settings, model=model)
    found = repetition(figure.arranged, {one.name for one in figure.plan.groups})
    return None if found is None else {"name": found.name, "first": found.first, "last": found.last}


def export(case: Case, *, settings: Settings, ending: str, part: str = "figure", model: str | None = None) -> bytes:
    """A file's bytes.

    Parameters
    ----------
    ending : .svg, .pdf, .png, .tex or .json.
    part : ``figure`` with its legend if it has one, ``network`` without, or ``legend`` alone.
    """
    figure = figure_of(case, settings, model=model)
    if ending not in FORMATS:
        raise UnderglassError(unknown("format", ending, FORMATS))
    sheets = {"figure": lambda: figure.sheet, "network": lambda: figure.without_legend().sheet, "legend": lambda: figure.legend}
    if part not in sheets:
        raise UnderglassError(unknown("part of a figure", part, sheets))
    return sheets[part]().rendered(ending, stem=model_of(case, model).name)


def code(case: Case, settings: Settings, *, model: str | None = None) -> str:
    """The Python that makes this figure from this case."""
    name = model_of(case, model).name
    several = len(case.folder.models) > 1
    path = str(case.folder.path).replace("\\", "\\\\").replace('"', '\\"')
    start = f'import underglass as ug\n\ncase = ug.Case.open("{path}")\nfigure = case.figure('
    refused = {one.group.name for one in figure_of(case, settings, model=model).arranged.standings if one.problem}
    given = {**({"model": name} if several else {}), **settings}
    if refused:
        given["groups"] = [one for one in settings["groups"] if one["name"] not in refused]
    return as_code(start, given, f"{name}.svg")


def style_file(case: Case, *, settings: Settings, ending: str, model: str | None = None) -> bytes:
    """This figure's style with its scales, sizes and colours, for another figure to share."""
    with tempfile.TemporaryDirectory() as folder:
        return write_style(one_style(figure_of(case, settings, model=model)), Path(folder) / f"style{ending}").read_bytes()


def read_style_file(case: Case, *, text: str, name: str) -> dict[str, Any]:
    """The settings in a style file."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / (Path(name).name or "style")
        place.write_text(text, encoding="utf-8")
        try:
            return style_settings(read_style(place))
        except UnderglassError as error:
            raise UnderglassError(str(error).replace(str(place), place.name)) from error


def font(case: Case) -> bytes:
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


def scene_of_model(case: Case, **options: Any) -> dict[str, Any]:
    """`scene`, after a graph that cannot be had is said as a state and not as a failure."""
    try:
        graph_of(case, options.get("model"))
    except UnderglassError as error:
        return {"model": None, "problem": str(error), "scene": None}
    return scene(case, **options)


def for_pages(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the figure as it was left, and its font."""
    yield "scene", {}, scene_of_model(case)
    yield "font", {}, font(case)


def keep(case: Case, *, settings: Settings, model: str | None = None) -> bool:
    """Keep the settings with the case."""
    keep_settings(case, settings, model)
    return True


def sample(case: Case, *, data: str) -> str:
    """Keep a picture with the case; gives the word that settings name it by."""
    return keep_sample(case, data)


def _in_words(answer: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal is an answer too: the editor tries what may not be possible, and says why it is not."""

    @wraps(answer)
    def answered(case: Case, **arguments: Any) -> Any:
        try:
            return answer(case, **arguments)
        except UnderglassError as error:
            return {"refused": str(error)}

    return answered


VIEW = View(
    name="figure",
    title="Figure",
    group="learned",
    question="How is the model drawn in a paper?",
    card=Card(
        why="To have a figure of the architecture that is right in every number, and as good as one drawn by hand.",
        who="Authors of papers, reports, slides and posters.",
        what="Layers from left to right: width is the number of features, height the resolution, colour the type. A dark glyph "
        "with a bold edge is an aggregate; ×3 are three equal ones in a row. The legend shows what is inside.",
        how="Click a glyph, shift-click another: all between them is picked, and becomes one glyph with Group. The list of types "
        "renames, colours, hides and deletes. Ctrl Z undoes a change of the figure.",
        when="Before writing. The Python beside it makes the same file again when the model has changed.",
        source="Bäuerle, van Onzenoodt, Ropinski 2021, Net2Vis. Hues: Okabe and Ito 2008; Tol 2021.",
        limits="Square roots by default: twice the width is some four times the features. The legend counts what is hidden.",
    ),
    calls={
        "scene": _in_words(scene_of_model),
        "between": _in_words(pick_between),
        "module": _in_words(pick_module),
        "group": _in_words(make_group),
        "repetition": _in_words(auto_group),
        "export": export,
        "keep": keep,
        "sample": _in_words(sample),
        "font": font,
        "style": style_file,
        "read_style": _in_words(read_style_file),
    },
    order=7,
    needs=("model",),
    props={"settings": "what was set by hand: keywords of underglass.figure, in plain JSON"},
    kept=for_pages,
)
