"""A scene as SVG: the same bytes for the same scene, its font inside, a title on every part."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape, quoteattr

from underglass.architecture.font import inter
from underglass.architecture.scene import Line, Mark, Part, Picture, Scene, Word

FAMILY = "Inter, Helvetica, Arial, sans-serif"


def to_svg(scene: Scene, *, width: str | None = None, embed_font: bool = True) -> str:
    """Write a scene.

    Parameters
    ----------
    width : such as "8.5cm"; None for the scene's own size in screen points.
    embed_font : carry the font along (25 kB), so that the figure looks the same everywhere.
    """
    size = f'width="{width}"' if width is not None else f'width="{number(scene.width)}" height="{number(scene.height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {number(scene.width)} {number(scene.height)}" '
        f'role="img" aria-labelledby="title description" font-family={quoteattr(FAMILY)}>',
        f'<title id="title">{_text(scene.title)}</title>',
        f'<desc id="description">{_text(scene.description)}</desc>',
    ]
    if embed_font:
        font = base64.b64encode(inter().data).decode()
        lines.append(f'<style>@font-face{{font-family:Inter;src:url("data:font/ttf;base64,{font}")}}</style>')
    lines += [_part(part) for part in scene.parts]
    return "\n".join([*lines, "</svg>", ""])


def number(value: float) -> str:
    """At most two decimals, none where none are needed.

    Examples
    --------
    >>> number(12.0), number(-0.001), number(3.14159)
    ('12', '0', '3.14')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _part(part: Part) -> str:
    title = f"<title>{_text(chr(10).join(part.about))}</title>" if part.about else ""
    inside = "".join(_mark(mark) for mark in part.marks)
    return f'<g class="{part.kind}" data-key={quoteattr(_clean(part.key))}>{title}{inside}</g>'


def href(picture: Picture) -> str:
    """A picture as an address that holds it."""
    return f"data:image/{picture.kind};base64,{base64.b64encode(picture.data).decode()}"


def _mark(mark: Mark) -> str:
    if isinstance(mark, Picture):
        size = f'width="{number(mark.width)}" height="{number(mark.height)}"'
        return f'<image x="{number(mark.x)}" y="{number(mark.y)}" {size} href="{href(mark)}"/>'
    if isinstance(mark, Word):
        anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
        place = f'x="{number(mark.x)}" y="{number(mark.y)}" font-size="{number(mark.size)}"'
        turn = f' transform="rotate(-90 {number(mark.x)} {number(mark.y)})"' if mark.turned else ""
        return f'<text {place}{anchor} fill="{mark.fill}"{turn}>{_text(mark.text)}</text>'
    points = " ".join(f"{number(x)},{number(y)}" for x, y in mark.points)
    if isinstance(mark, Line):
        return f'<polyline points="{points}" fill="none" stroke="{mark.stroke}" stroke-width="{number(mark.width)}"/>'
    stroke = f' stroke="{mark.stroke}" stroke-width="{number(mark.width)}" stroke-linejoin="round"' if mark.stroke else ""
    dash = f' stroke-dasharray="{number(mark.dash)}"' if mark.dash else ""
    return f'<polygon points="{points}" fill="{mark.fill or "none"}"{stroke}{dash}/>'


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """Without the control letters that XML cannot hold."""
    return "".join(letter for letter in text if letter in "\n\t" or (letter >= " " and not 0xD800 <= ord(letter) < 0xE000))
