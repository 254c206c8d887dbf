"""Make the font of architecture figures: Inter, regular weight, from the browser half's own package.

``python tools/make_figure_font.py`` needs ``fonttools`` and ``brotli``, which nothing else here needs; the result is kept in git.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

HERE = Path(__file__).resolve().parent.parent
SOURCE = HERE / "web/node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
TARGET = HERE / "src/underglass/architecture/inter.ttf"


def main() -> None:
    font = TTFont(SOURCE)
    font.flavor = None
    keep = Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    chooser = Subsetter(keep)
    chooser.populate(unicodes=[*range(0x20, 0x7F), *range(0xA0, 0x100), *font.getBestCmap()])
    chooser.subset(font)
    fixed = instantiateVariableFont(font, {"wght": 400})
    for table in ("GPOS", "GSUB", "GDEF", "STAT", "DSIG", "MVAR", "HVAR", "avar"):
        if table in fixed:
            del fixed[table]
    fixed["head"].modified = fixed["head"].created
    fixed.recalcTimestamp = False
    fixed.save(TARGET)
    print(f"{TARGET.relative_to(HERE)}: {TARGET.stat().st_size:,} bytes, {len(fixed.getGlyphOrder())} glyphs")


if __name__ == "__main__":
    main()
