"""A model in, a figure for a paper out: ``ug.figure(model, input_shape=(1, 3, 224, 224)).save("net.pdf")``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from underglass.architecture.blocks import INPUT, OUTPUT, Drawing
from underglass.architecture.composing import Arranged, Composed, arrange, compose, compose_legend
from underglass.architecture.fitting import Paper
from underglass.architecture.graph import ModelGraph
from underglass.architecture.plan import PLANNED, Plan
from underglass.architecture.samples import Sample, read_sample
from underglass.architecture.scene import Scene
from underglass.architecture.sizes import Sizes
from underglass.architecture.style import SETTINGS, Style
from underglass.architecture.style_files import read_style, shared_ranges, style_from, style_settings, write_style
from underglass.errors import UnderglassError, unknown

FORMATS = (".svg", ".pdf", ".png", ".tex", ".json")
POINTS = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 72 / 72.27, "bp": 1.0, "px": 0.75}
SCREEN = 0.75
"""Points of 1/72 inch in a point of the screen."""


@dataclass(frozen=True)
class Sheet:
    """A scene that can be written in every format.

    Parameters
    ----------
    scene : everything on the paper, with its place.
    width : of the paper, such as "8.5cm"; None for the scene's own size.
    data : what the JSON file holds beside the scene.
    """

    scene: Scene
    width: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | Path) -> Path:
        """Write it; the ending chooses the format. Pictures that TikZ includes are written beside it.

        Raises
        ------
        UnderglassError
            For another ending. Nothing is written then.
        """
        place = Path(path)
        for name, one in self.files(place.name).items():
            place.with_name(name).write_bytes(one)
        return place

    def files(self, name: str) -> dict[str, bytes]:
        """The file and those it needs beside it: name → bytes."""
        ending, stem = Path(name).suffix.lower(), Path(name).stem
        found = {name: self.rendered(ending, stem=stem)}
        if ending == ".tex":
            from underglass.architecture.tikz import picture_files

            found |= picture_files(self.scene, stem)
        return found

    def rendered(self, ending: str, *, stem: str = "figure") -> bytes:
        """The bytes of a file with one of the endings of `FORMATS`.

        Parameters
        ----------
        stem : begins the names of the pictures that TikZ includes.
        """
        if ending not in FORMATS:
            raise UnderglassError(unknown("format", ending, FORMATS))
        if ending == ".pdf":
            from underglass.architecture.pdf import to_pdf

            return to_pdf(self.scene, points_wide=self._points)
        if ending == ".png":
            from underglass.architecture.png import to_png

            return to_png(self.scene, pixels_wide=round(self._points / 72 * 300) if self._points is not None else None)
        if ending == ".tex":
            from underglass.architecture.tikz import to_tikz

            return to_tikz(self.scene, points_wide=self._points, stem=stem).encode()
        return self.svg.encode() if ending == ".svg" else (json.dumps(self.as_json(), indent=1) + "\n").encode()

    @property
    def svg(self) -> str:
        """As SVG, with its font inside."""
        from underglass.architecture.svg import to_svg

        return to_svg(self.scene, width=None if self._points is None else f"{self._points / SCREEN:.2f}")

    @property
    def alt(self) -> str:
        """In words."""
        return self.scene.description

    def as_json(self) -> dict[str, Any]:
        """What is drawn, and where it stands."""
        from underglass.architecture.scene_json import scene_json

        return {**self.data, "scene": scene_json(self.scene)}

    def _repr_svg_(self) -> str:
        return self.svg

    @property
    def _points(self) -> float | None:
        return None if self.width is None else points_of(self.width)


@dataclass(frozen=True)
class Figure:
    """A drawn model.

    Parameters
    ----------
    graph : all its operations.
    arranged : what of them is drawn, and what as one.
    style : how, as it was asked for.
    plan : what was asked to be drawn.
    width : of the paper, such as "8.5cm"; None for the figure's own size.
    samples : pictures in the boxes at its ends, by the blocks' ids.
    """

    graph: ModelGraph
    arranged: Arranged
    style: Style
    plan: Plan = field(default_factory=Plan)
    width: str | None = None
    samples: Mapping[str, Sample] = field(default_factory=dict)

    @property
    def drawing(self) -> Drawing:
        """What is drawn: blocks, and what joins them."""
        return self.arranged.drawing

    @cached_property
    def composed(self) -> Composed:
        """The painted figure, and what it was painted with."""
        return compose(self.graph, self.drawing, self.style, paper=self._paper, samples=self.samples)

    @property
    def scene(self) -> Scene:
        """Everything on the paper, with its place."""
        return self.composed.scene

    @property
    def sheet(self) -> Sheet:
        """The figure as it is written."""
        return Sheet(self.scene, self.width, self._data())

    @property
    def legend(self) -> Sheet:
        """The legend alone."""
        return Sheet(compose_legend(self.graph, self.drawing, self.style, paper=self._paper), self.width, {})

    def save(self, path: str | Path, *, legend: str | Path | None = None) -> Path:
        """Write the figure; the ending chooses the format: .svg, .pdf, .png, .tex (TikZ) or .json (graph and drawing).

        Parameters
        ----------
        legend : a file of its own for the legend, which is then not in the figure.

        Raises
        ------
        UnderglassError
            For another ending. Nothing is written then.
        """
        if legend is None:
            return self.sheet.save(path)
        if Path(legend).suffix.lower() not in FORMATS:
            raise UnderglassError(unknown("format", Path(legend).suffix, FORMATS))
        place = self.without_legend().sheet.save(path)
        self.legend.save(legend)
        return place

    def without_legend(self) -> Figure:
        """The same figure with nothing below it."""
        return replace(self, style=replace(self.style, legend=False))

    def rendered(self, ending: str) -> bytes:
        """The bytes of a file with one of the endings of `FORMATS`."""
        return self.sheet.rendered(ending)

    @property
    def svg(self) -> str:
        """The figure as SVG."""
        return self.sheet.svg

    @property
    def alt(self) -> str:
        """The figure in words."""
        return self.scene.description

    def as_json(self) -> dict[str, Any]:
        """The graph, which operations each glyph stands for, and the scene."""
        return self.sheet.as_json()

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that was asked for and is not as it would be anyway: keywords of `figure`, in plain JSON."""
        found = settings_of(self.plan, self.style)
        return found if self.width is None else {**found, "width": self.width}

    def save_style(self, path: str | Path) -> Path:
        """Write the style with this figure's scales, sizes and colours as .json or .toml, so that another figure can share it."""
        return write_style(one_style(self), path)

    def _data(self) -> dict[str, Any]:
        glyphs = [
            {"id": one.id, "type": one.type, "times": one.times, "features": one.features, "operations": list(one.members)}
            for one in self.drawing.blocks
        ]
        edges = [list(edge) for edge in self.drawing.edges]
        drawn = {"glyphs": glyphs, "edges": edges, "hidden": dict(self.drawing.hidden)}
        return {"graph": self.graph.as_json(), "figure": drawn}

    def _repr_svg_(self) -> str:
        return self.svg

    @property
    def _paper(self) -> Paper:
        return paper_of(self.style, self.width)


def figure(
    model: Any,
    input_shape: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    inputs: Any = None,
    depth: int | None = None,
    hide: Sequence[str] | None = None,
    fold: bool = True,
    same: str = "structure",
    routes: bool = False,
    groups: Sequence[Any] = (),
    samples: Mapping[str, Any] | None = None,
    width: str | None = None,
    style: Style | Mapping[str, Any] | str | Path | None = None,
    **look: Any,
) -> Figure:
    """Draw a model as a figure: width = features, height = resolution, colour = type.

    Parameters
    ----------
    model : torch.nn.Module, keras.Model, ONNX model, the path of an .onnx, .keras or .h5 file, or a model of `underglass.models`;
        or a graph that was read before.
        Neither moved nor changed.
    input_shape : with the batch axis, such as ``(1, 3, 224, 224)``
        A sequence of shapes for several inputs, a mapping for inputs by name. Keras and ONNX models say their own.
    inputs : tensors, in place of shapes; of torch modules.
    depth : level of the module hierarchy that is drawn as one, 0 for none; None for the deepest that fits.
    hide : types not drawn; None for activations, normalisations, dropout and reshaping, ``()`` for none.
    fold : equal aggregates in a row are drawn once, with ×N.
    same : aggregates are the same by ``"structure"``, or by ``"shape"`` too.
    routes : a split has a glyph of its own, so that a branch has one way in and can be grouped.
    groups : aggregates of your own, ``ug.Group("Stem", "conv1", "maxpool")``: a name, the first layer and the last.
        What is built alike is drawn so everywhere.
    samples : your own pictures for the boxes at the ends, by the input's name, or ``"input"`` and ``"output"``: files or arrays.
    width : of the paper, such as "8.5cm" (cm, mm, in, pt, bp or px): the figure is laid out for it, with words of 7 pt.
    style : a `Style`, its settings, or a file of them (.json, .toml).
    look : settings of `underglass.architecture.style.Style` above those of ``style``, such as ``palette="okabe-ito"``.

    Raises
    ------
    UnderglassError
        The model fails on that input, a setting is not known, or a group cannot be one glyph: why.

    Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis".
    """
    planned = {"depth": depth, "hide": hide, "fold": fold, "same": same, "routes": routes, "groups": groups}
    chosen, painted = make_plan(planned), make_style(style, look)
    if width is not None:
        points_of(width)
    pictures = {name: read_sample(one) for name, one in (samples or {}).items()}
    graph = model if isinstance(model, ModelGraph) else read_model(model, input_shape, inputs)
    drawn = draw(graph, chosen, painted, width=width, samples=pictures)
    check_groups(drawn)
    return drawn


def check_groups(drawn: Figure) -> None:
    """Refuse a figure of which a group cannot be drawn, and say why."""
    for standing in drawn.arranged.standings:
        if standing.problem:
            raise UnderglassError(f"the group {standing.group.name!r} cannot be drawn: {standing.problem}")


def draw(
    graph: ModelGraph, plan: Plan, style: Style, *, width: str | None = None, samples: Mapping[str, Sample] | None = None
) -> Figure:
    """A figure of a graph; groups that cannot be drawn are left out, and `Figure.arranged` says why.

    Parameters
    ----------
    samples : pictures by an input's or output's name, or by ``input`` and ``output`` for the first of each.
    """
    given = samples or {}
    ends = any(name == "output" or name.startswith("output ") for name in given)
    arranged = arrange(graph, plan, style, paper=paper_of(style, width), ends=ends)
    return Figure(graph, arranged, style, plan, width, _placed(given, arranged.drawing))


def one_style(*figures: Figure) -> Style:
    """A style for several figures in which equal sizes, and equal types, look equal.

    It has the first figure's look; its scales span all of them, its glyphs are as small as the smallest of them, and a type
    has the colour of the first figure that draws it. With it glyphs no longer grow or shrink with the paper.
    """
    if not figures:
        raise UnderglassError("give the figures that are to share a style.")
    used = [one.composed.style for one in figures]
    ranges = shared_ranges([Sizes(one.drawing, one.composed.style).ranges for one in figures])
    colours: dict[str, str] = {}
    textures: dict[str, int] = {}
    for one in figures:
        for kind, paint in one.composed.paints.items():
            if one.style.texture and paint.texture is not None:
                textures.setdefault(kind, paint.texture)
            elif not one.style.texture:
                colours.setdefault(kind, paint.colour)
    smallest = min(used, key=lambda one: one.widths[1])
    sizes = {name: getattr(smallest, name) for name in ("widths", "heights", "gap", "lane_gap", "stroke", "text", "labels")}
    # "Route" has a colour of its own, which no style may set
    colours.pop("Route", None)
    changes: dict[str, Any] = {**sizes, **ranges, "colours": colours, "textures": textures, "fit": False}
    return replace(figures[0].style, **changes)


def make_plan(settings: Mapping[str, Any]) -> Plan:
    """A plan from keywords; those that are None are as they would be anyway."""
    given = {name: value for name, value in settings.items() if value is not None}
    if "groups" in given and isinstance(given["groups"], Mapping | str):
        raise UnderglassError("groups are a list: [ug.Group('Stem', 'conv1', 'maxpool'), ...].")
    return Plan(**given)


def make_style(style: Style | Mapping[str, Any] | str | Path | None, look: Mapping[str, Any]) -> Style:
    """A style from a file, settings or another style, with further settings above it."""
    known = (*SETTINGS, *PLANNED, "width", "samples", "style", "inputs")
    for name in look:
        if name not in SETTINGS:
            raise UnderglassError(unknown("setting", name, known))
    if isinstance(style, str | Path):
        style = read_style(style)
    if isinstance(style, Mapping):
        style = style_from(style)
    return style_from({**(style_settings(style) if style is not None else {}), **look})


def settings_of(plan: Plan, style: Style) -> dict[str, Any]:
    """What differs from a plain figure, as keywords in plain JSON."""
    usual, found = Plan(), {}
    for name in PLANNED:
        value = getattr(plan, name)
        if value != getattr(usual, name):
            found[name] = [asdict(one) for one in value] if name == "groups" else list(value) if name == "hide" else value
    return found | style_settings(style)


def read_model(model: Any, input_shape: Any = None, inputs: Any = None) -> ModelGraph:
    """The graph of a model of any framework."""
    from underglass.models.graphs import read_graph

    return read_graph(model, input_shape, inputs=inputs)


def paper_of(style: Style, width: str | None) -> Paper:
    """The room that a figure has."""
    return Paper(style.max_width) if width is None else Paper(points_of(width) / SCREEN, exact=True)


def points_of(width: str) -> float:
    """A width on paper in 1/72 inch."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", width) if isinstance(width, str) else None
    if found is None or found[2] not in POINTS or not float(found[1]):
        raise UnderglassError(f"width is {width!r}; write a number and a unit, such as 8.5cm ({', '.join(POINTS)}).")
    return float(found[1]) * POINTS[found[2]]


def _placed(samples: Mapping[str, Sample], drawing: Drawing) -> dict[str, Sample]:
    """Pictures by the blocks they stand in."""
    inputs = [one.id for one in drawing.blocks if one.type == INPUT]
    outputs = [one.id for one in drawing.blocks if one.type == OUTPUT]
    short = {name.removeprefix("output "): name for name in outputs}
    found = {}
    for name, sample in samples.items():
        known = {"input": inputs[:1], "output": outputs[:1]}.get(name, [])
        place = name if name in (*inputs, *outputs) else short.get(name) or next(iter(known), None)
        if place is None:
            raise UnderglassError(unknown("input or output", name, ["input", "output", *inputs, *short]))
        found[place] = sample
    return found
