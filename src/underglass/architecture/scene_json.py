"""A scene as plain JSON, for a browser to paint: the same numbers as in the SVG."""

from __future__ import annotations

from typing import Any

from underglass.architecture.scene import Line, Mark, Part, Picture, Scene, Word
from underglass.architecture.svg import href, number


def scene_json(scene: Scene) -> dict[str, Any]:
    """Width, height, title, description, and parts with their marks in the order of painting.

    A mark is ``["outline", points, fill, stroke, width, dash]``, ``["line", points, stroke, width]``,
    ``["word", x, y, text, size, fill, anchor, turned]`` or ``["picture", x, y, width, height, address]``; points are written
    as SVG has them.
    """
    return {
        "width": round(scene.width, 2),
        "height": round(scene.height, 2),
        "title": scene.title,
        "description": scene.description,
        "parts": [_part(part) for part in scene.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {"kind": part.kind, "key": part.key, "about": list(part.about), "marks": [_mark(mark) for mark in part.marks]}


def _mark(mark: Mark) -> list[Any]:
    if isinstance(mark, Word):
        return ["word", _n(mark.x), _n(mark.y), mark.text, _n(mark.size), mark.fill, mark.anchor, mark.turned]
    if isinstance(mark, Picture):
        return ["picture", _n(mark.x), _n(mark.y), _n(mark.width), _n(mark.height), href(mark)]
    points = " ".join(f"{number(x)},{number(y)}" for x, y in mark.points)
    if isinstance(mark, Line):
        return ["line", points, mark.stroke, _n(mark.width)]
    return ["outline", points, mark.fill, mark.stroke, _n(mark.width), _n(mark.dash)]


def _n(value: float) -> float:
    return float(number(value))
