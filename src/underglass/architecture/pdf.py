"""A scene as PDF: outlines and lines as vectors, words as text of an embedded font; the same bytes for the same scene."""

from __future__ import annotations

import io
import zlib

from PIL import Image

from underglass.architecture.font import Font, inter
from underglass.architecture.scene import Line, Mark, Picture, Scene, Word
from underglass.architecture.svg import number

SCREEN = 0.75
"""Points of 1/72 inch in a point of the screen."""
FIXED = 10
"""Number of the first picture's object."""


def to_pdf(scene: Scene, *, points_wide: float | None = None) -> bytes:
    """Write one page as large as the scene.

    Parameters
    ----------
    points_wide : width in 1/72 inch; None for the scene's own size at 96 screen points an inch.
    """
    font = inter()
    scale = points_wide / scene.width if points_wide is not None else SCREEN
    letters = sorted({letter for part in scene.parts for mark in part.marks if isinstance(mark, Word) for letter in mark.text})
    head = f"{number6(scale)} 0 0 {number6(-scale)} 0 {number6(scale * scene.height)} cm 1 j\n"
    marks = [mark for part in scene.parts for mark in part.marks]
    pictures = list(dict.fromkeys((mark.data, mark.kind) for mark in marks if isinstance(mark, Picture)))
    content = head + "".join(_mark(mark, font, pictures) for mark in marks)
    images = f"/XObject << {' '.join(f'/P{i} {FIXED + i} 0 R' for i in range(len(pictures)))} >> " if pictures else ""
    box = f"[0 0 {number(scale * scene.width)} {number(scale * scene.height)}]"
    em = 1000 / font.units
    bounds = " ".join(str(round(n * em)) for n in font.box)
    measures = f"/Ascent {round(font.ascent * em)} /Descent {round(font.descent * em)} /CapHeight {round(font.capitals * em)}"
    widths = " ".join(f"{font.glyphs[one]} [{round(font.advance(one) * 1000)}]" for one in letters if one in font.glyphs)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R /Resources << {images}/Font << /F 5 0 R >> >> >>".encode(),
        _stream(content.encode("ascii")),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Inter /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 9 0 R >>",
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Inter /CIDToGIDMap /Identity /FontDescriptor 7 0 R "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /W [" + widths.encode() + b"] >>",
        f"<< /Type /FontDescriptor /FontName /Inter /Flags 32 /FontBBox [{bounds}] {measures} /ItalicAngle 0 /StemV 80 "
        "/FontFile2 8 0 R >>".encode(),
        _stream(font.data, f"/Length1 {len(font.data)} "),
        _stream(_to_unicode(font, letters)),
        *(_image(*one) for one in pictures),
        f"<< /Title {_hex(scene.title)} /Subject {_hex(scene.description)} /Producer (underglass) >>".encode(),
    ]
    written, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for i, one in enumerate(objects, 1):
        places.append(len(written))
        written += f"{i} 0 obj\n".encode() + one + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    return written + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{tail}".encode()


def number6(value: float) -> str:
    """A factor, with six decimals at most."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _mark(mark: Mark, font: Font, pictures: list[tuple[bytes, str]]) -> str:
    if isinstance(mark, Picture):
        size = f"{number(mark.width)} 0 0 {number(-mark.height)} {number(mark.x)} {number(mark.y + mark.height)}"
        return f"q {size} cm /P{pictures.index((mark.data, mark.kind))} Do Q\n"
    if isinstance(mark, Word):
        glyphs = "".join(f"{font.glyphs.get(letter, 0):04x}" for letter in mark.text)
        x, y = mark.start
        place = f"{'0 -1 -1 0' if mark.turned else '1 0 0 -1'} {number(x)} {number(y)} Tm"
        return f"{_colour(mark.fill)} rg BT /F {number(mark.size)} Tf {place} <{glyphs}> Tj ET\n"
    path = " ".join(f"{number(x)} {number(y)} {'l' if i else 'm'}" for i, (x, y) in enumerate(mark.points))
    if isinstance(mark, Line):
        return f"{_colour(mark.stroke)} RG {number(mark.width)} w [] 0 d {path} S\n"
    filled = f"{_colour(mark.fill)} rg " if mark.fill else ""
    dash = f"[{number(mark.dash)}] 0 d " if mark.dash else "[] 0 d "
    stroked = f"{_colour(mark.stroke)} RG {number(mark.width)} w {dash}" if mark.stroke else ""
    paint = {(True, True): "b", (True, False): "f", (False, True): "s", (False, False): "n"}[bool(mark.fill), bool(mark.stroke)]
    return f"{filled}{stroked}{path} {'h ' if paint == 'f' else ''}{paint}\n"


def _colour(colour: str) -> str:
    return " ".join(number6(int(colour[i : i + 2], 16) / 255) or "0" for i in (1, 3, 5))


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data, 9)
    return f"<< /Length {len(packed)} {more}/Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream"


def _image(data: bytes, kind: str) -> bytes:
    """A picture as an object: JPEG as it is, all else as packed bytes on white."""
    picture: Image.Image = Image.open(io.BytesIO(data))
    space = {"L": "DeviceGray", "RGB": "DeviceRGB"}
    size = f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} /BitsPerComponent 8"
    if kind == "jpeg" and picture.mode in space:
        head = f"<< {size} /ColorSpace /{space[picture.mode]} /Filter /DCTDecode /Length {len(data)} >>\nstream\n"
        return head.encode() + data + b"\nendstream"
    if picture.mode != "L":
        layers = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
    return _stream(picture.tobytes(), f"{size} /ColorSpace /{space[picture.mode]} ")


def _to_unicode(font: Font, letters: list[str]) -> bytes:
    """Which letter each glyph is, for search and copying."""
    pairs = [f"<{font.glyphs[one]:04x}> <{one.encode('utf-16-be').hex()}>" for one in letters if one in font.glyphs]
    blocks = [pairs[i : i + 100] for i in range(0, len(pairs), 100)]
    table = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) "
        "/Supplement 0 >> def\n/CMapName /Letters def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\n"
        f"endcodespacerange\n{table}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode()


def _hex(text: str) -> str:
    return "<feff" + text.encode("utf-16-be", "replace").hex() + ">"
