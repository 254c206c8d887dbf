"""How wide is a word, in the one font that figures are set in?

Inter (regular, Latin), in the package as ``inter.ttf``: its own widths decide the layout, and files carry it along, so that
words take the room they were given on every machine.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("inter.ttf")
UNKNOWN = 1.0
"""Width, in ems, given to a letter the font does not have: as wide as the widest emoji and CJK letters."""


@dataclass(frozen=True)
class Font:
    """What the tables of a TrueType font say.

    Parameters
    ----------
    data : the whole file.
    units : of one em; all other measures are in these.
    ascent, descent, capitals : heights above the baseline; the descent is negative.
    box : left, bottom, right, top of all letters.
    glyphs : letter → number of its glyph.
    widths : one per glyph.
    """

    data: bytes
    units: int
    ascent: int
    descent: int
    capitals: int
    box: tuple[int, int, int, int]
    glyphs: dict[str, int]
    widths: tuple[int, ...]

    def width(self, text: str, size: float) -> float:
        """Width of a word in the unit of ``size``, without kerning."""
        return sum(self.advance(letter) for letter in text) * size

    def advance(self, letter: str) -> float:
        """Width of one letter in ems."""
        glyph = self.glyphs.get(letter)
        return UNKNOWN if glyph is None else self.widths[glyph] / self.units

    def cut(self, text: str, size: float, room: float) -> str:
        """As much of a word as has room, ending in "…" if that is not all."""
        if self.width(text, size) <= room:
            return text
        kept = text
        while kept and self.width(kept + "…", size) > room:
            kept = kept[:-1]
        return kept + "…"


@cache
def inter() -> Font:
    """The font of all figures."""
    data = FILE.read_bytes()
    count = struct.unpack(">H", data[4:6])[0]
    at = {}
    for i in range(count):
        tag, _, offset, _ = struct.unpack(">4sLLL", data[12 + 16 * i : 28 + 16 * i])
        at[tag.decode()] = offset
    units = struct.unpack(">H", data[at["head"] + 18 : at["head"] + 20])[0]
    box = struct.unpack(">4h", data[at["head"] + 36 : at["head"] + 44])
    ascent, descent = struct.unpack(">2h", data[at["hhea"] + 4 : at["hhea"] + 8])
    measured = struct.unpack(">H", data[at["hhea"] + 34 : at["hhea"] + 36])[0]
    total = struct.unpack(">H", data[at["maxp"] + 4 : at["maxp"] + 6])[0]
    capitals = struct.unpack(">h", data[at["OS/2"] + 88 : at["OS/2"] + 90])[0]
    widths = [struct.unpack(">H", data[at["hmtx"] + 4 * i : at["hmtx"] + 4 * i + 2])[0] for i in range(measured)]
    widths += [widths[-1]] * (total - measured)
    return Font(data, units, ascent, descent, capitals, box, _letters(data, at["cmap"]), tuple(widths))


def _letters(data: bytes, start: int) -> dict[str, int]:
    """The segments of a character map of format 4."""
    found: dict[str, int] = {}
    for i in range(struct.unpack(">H", data[start + 2 : start + 4])[0]):
        offset = start + struct.unpack(">L", data[start + 8 + 8 * i : start + 12 + 8 * i])[0]
        if struct.unpack(">H", data[offset : offset + 2])[0] != 4:
            continue
        n = struct.unpack(">H", data[offset + 6 : offset + 8])[0] // 2
        read = [
            struct.unpack(f">{n}H", data[at : at + 2 * n]) for at in (offset + 14 + 2 * n * k + 2 * (k > 0) for k in range(4))
        ]
        ends, starts, deltas, ranges = read
        table = offset + 16 + 6 * n
        for k in range(n):
            for code in range(starts[k], min(ends[k], 0xFFFE) + 1):
                glyph = code
                if ranges[k]:
                    where = table + 2 * k + ranges[k] + 2 * (code - starts[k])
                    glyph = struct.unpack(">H", data[where : where + 2])[0]
                    if not glyph:
                        continue
                glyph = (glyph + deltas[k]) & 0xFFFF
                if glyph:
                    found[chr(code)] = glyph
        return found
    raise ValueError("the font has no character map of format 4")
