"""A scene as PNG, for where vectors cannot go."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from underglass.architecture.font import FILE
from underglass.architecture.scene import Line, Picture, Scene, Word
from underglass.architecture.style import PAPER

SMOOTH = 2
"""Pixels drawn for a pixel kept, along each side."""


def to_png(scene: Scene, *, pixels_wide: int | None = None) -> bytes:
    """Paint a scene on white.

    Parameters
    ----------
    pixels_wide : None for twice the scene's own size.
    """
    wide = pixels_wide if pixels_wide is not None else round(2 * scene.width)
    scale = SMOOTH * wide / scene.width
    size = SMOOTH * wide, max(1, round(scale * scene.height / SMOOTH)) * SMOOTH
    picture = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(picture)
    for mark in (mark for part in scene.parts for mark in part.marks):
        if isinstance(mark, Picture):
            box = [round(one * scale) for one in (mark.x, mark.y, mark.x + mark.width, mark.y + mark.height)]
            layers = Image.open(io.BytesIO(mark.data)).convert("RGBA")
            layers = layers.resize((max(1, box[2] - box[0]), max(1, box[3] - box[1])), Image.Resampling.LANCZOS)
            picture.paste(layers, (box[0], box[1]), layers)
            continue
        if isinstance(mark, Word) and mark.turned:
            _upright(picture, mark, scale)
            continue
        if isinstance(mark, Word):
            font = ImageFont.truetype(str(FILE), mark.size * scale)
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[mark.anchor]
            pen.text((mark.x * scale, mark.y * scale), mark.text, fill=mark.fill, font=font, anchor=anchor)
            continue
        points = [(x * scale, y * scale) for x, y in mark.points]
        if isinstance(mark, Line):
            pen.line(points, fill=mark.stroke, width=max(1, round(mark.width * scale)))
            continue
        if mark.fill:
            pen.polygon(points, fill=mark.fill)
        if mark.stroke:
            for a, b in zip(points, [*points[1:], points[0]], strict=True):
                for start, end in _dashes(a, b, mark.dash * scale):
                    pen.line([start, end], fill=mark.stroke, width=max(1, round(mark.width * scale)))
    kept = picture.resize((size[0] // SMOOTH, size[1] // SMOOTH), Image.Resampling.BOX)
    file = io.BytesIO()
    kept.save(file, "PNG", optimize=True)
    return file.getvalue()


def _upright(picture: Image.Image, word: Word, scale: float) -> None:
    """A word that is read from below: set level on a sheet of its own, turned, and laid where it belongs."""
    font = ImageFont.truetype(str(FILE), word.size * scale)
    rise, room = round(1.2 * word.size * scale), round(1.6 * word.size * scale)
    long = round(font.getlength(word.text)) + 2
    sheet = Image.new("L", (long, room), 0)
    ImageDraw.Draw(sheet).text((0, rise), word.text, fill=255, font=font, anchor="ls")
    turned = sheet.transpose(Image.Transpose.ROTATE_90)
    x, y = word.start
    picture.paste(Image.new("RGB", turned.size, word.fill), (round(x * scale) - rise, round(y * scale) - long), turned)


def _dashes(a: tuple[float, float], b: tuple[float, float], dash: float) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """A side in pieces; in one if it is not dashed."""
    long = ((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) ** 0.5
    if not dash or long <= dash:
        return [(a, b)]
    stops = [min(long, k * dash) for k in range(int(long // dash) + 2)]
    points = [(a[0] + (b[0] - a[0]) * t / long, a[1] + (b[1] - a[1]) * t / long) for t in stops]
    return list(zip(points[::2], points[1::2], strict=False))
