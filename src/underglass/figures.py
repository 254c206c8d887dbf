"""A model in, a figure for a paper out: ``ug.figure(model, input_shape=(1, 3, 224, 224)).save("net.pdf")``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from underglass.architecture.blocks import Drawing
from underglass.architecture.composing import arrange, compose
from underglass.architecture.graph import ModelGraph
from underglass.architecture.scene import Scene
from underglass.architecture.style import SETTINGS, Style
from underglass.errors import UnderglassError, needs, unknown

FORMATS = (".svg", ".pdf", ".png", ".tex", ".json")
POINTS = {"cm": 72 / 2.54, "mm": 7.2 / 2.54, "in": 72.0, "pt": 72 / 72.27, "bp": 1.0, "px": 0.75}


@dataclass(frozen=True)
class Figure:
    """A drawn model.

    Parameters
    ----------
    graph : all its operations.
    drawing : what of them is drawn, and what as one.
    style : how.
    width : of the paper, such as "8.5cm"; None for the figure's own size.
    """

    graph: ModelGraph
    drawing: Drawing
    style: Style
    width: str | None = None

    @cached_property
    def scene(self) -> Scene:
        """Everything on the paper, with its place."""
        return compose(self.graph, self.drawing, self.style)

    def save(self, path: str | Path) -> Path:
        """Write the figure; the ending chooses the format: .svg, .pdf, .png, .tex (TikZ) or .json (graph and drawing).

        Raises
        ------
        UnderglassError
            For another ending. Nothing is written then.
        """
        place = Path(path)
        data = self.rendered(place.suffix.lower())
        place.write_bytes(data)
        return place

    def rendered(self, ending: str) -> bytes:
        """The bytes of a file with one of the endings of `FORMATS`."""
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

            return to_tikz(self.scene, points_wide=self._points).encode()
        return self.svg.encode() if ending == ".svg" else (json.dumps(self.as_json(), indent=1) + "\n").encode()

    @property
    def svg(self) -> str:
        """The figure as SVG."""
        from underglass.architecture.svg import to_svg

        return to_svg(self.scene, width=self._units)

    @property
    def alt(self) -> str:
        """The figure in words."""
        return self.scene.description

    def as_json(self) -> dict[str, Any]:
        """The graph, and which operations each glyph stands for."""
        glyphs = [
            {"id": one.id, "type": one.type, "times": one.times, "features": one.features, "operations": list(one.members)}
            for one in self.drawing.blocks
        ]
        edges = [list(edge) for edge in self.drawing.edges]
        return {"graph": self.graph.as_json(), "figure": {"glyphs": glyphs, "edges": edges, "hidden": dict(self.drawing.hidden)}}

    def _repr_svg_(self) -> str:
        return self.svg

    @property
    def _points(self) -> float | None:
        return None if self.width is None else _points(self.width)

    @property
    def _units(self) -> str | None:
        return None if self.width is None else f"{_points(self.width) / 0.75:.2f}"


def figure(
    model: Any,
    input_shape: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    inputs: Any = None,
    depth: int | None = None,
    hide: Sequence[str] | None = None,
    fold: bool = True,
    width: str | None = None,
    **style: Any,
) -> Figure:
    """Draw a model as a figure: width = features, height = resolution, colour = type.

    Parameters
    ----------
    model : torch.nn.Module, or what ``underglass.models.torch`` makes of one
        Neither moved nor changed.
    input_shape : with the batch axis, such as ``(1, 3, 224, 224)``
        A sequence of shapes for several inputs, a mapping for inputs by name.
    inputs : tensors, in place of shapes.
    depth : level of the module hierarchy that is drawn as one, 0 for none; None for the deepest that fits.
    hide : types not drawn; None for activations, normalisations, dropout and reshaping, ``()`` for none.
    fold : equal aggregates in a row are drawn once, with ×N.
    width : of the paper, such as "8.5cm" (cm, mm, in, pt, bp or px).
    style : settings of `underglass.architecture.style.Style`, such as ``palette="okabe-ito"`` or ``texture=True``.

    Raises
    ------
    UnderglassError
        The model fails on that input, or a setting is not known.

    Source: Bäuerle, van Onzenoodt, Ropinski 2021, "Net2Vis".
    """
    for name in style:
        if name not in SETTINGS:
            raise UnderglassError(unknown("setting", name, SETTINGS))
    look = Style(**style)
    if width is not None:
        _points(width)
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise UnderglassError(f"depth is {depth!r}; it is a whole number from 0, or None for the deepest that fits.")
    try:
        from underglass.models.torch_graph import read_graph
    except ModuleNotFoundError as error:
        raise needs("torch", "torch") from error
    net = getattr(model, "net", model)
    graph = read_graph(net, input_shape, inputs=inputs)
    drawing = arrange(graph, look, depth=depth, hide=None if hide is None else tuple(hide), fold=fold)
    return Figure(graph, drawing, look, width)


def _points(width: str) -> float:
    """A width on paper in 1/72 inch."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", width)
    if found is None or found[2] not in POINTS or not float(found[1]):
        raise UnderglassError(f"width is {width!r}; write a number and a unit, such as 8.5cm ({', '.join(POINTS)}).")
    return float(found[1]) * POINTS[found[2]]
