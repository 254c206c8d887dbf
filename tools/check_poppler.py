"""Does Poppler read every PDF of the gallery without a word of complaint, and draw what Chromium draws of the SVG?

``python -m tools.check_poppler``, where ``pdftoppm`` is installed; no test needs it, since no wheel brings it.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import underglass as ug
from tools import chromium
from tools.make_gallery import pieces
from underglass.architecture.scene import Word
from underglass.figures import Figure

SCALE = 3
"""Pixels for each CSS pixel, so that the difference is of shapes and not of their edges."""
MOST_DIFFERENCE = 2.0
"""Of 255, the mean over all pixels: the two differ in how edges are smoothed."""


def main() -> None:
    bad = 0
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as place:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        for framework, shown in pieces():
            for piece in shown:
                said = check(ug.figure(piece.make(), piece.shape), Path(place) / "figure.pdf", browser)
                bad += said.startswith("WRONG")
                print(f"{framework:6} {piece.title:34} {said}")
        browser.close()
    if bad:
        sys.exit(f"{bad} figures differ")


def check(figure: Figure, place: Path, browser: Browser) -> str:
    """What is to be said of one figure."""
    place.write_bytes(figure.rendered(".pdf"))
    drawn, warned = _poppler("pdftoppm", "-r", str(96 * SCALE), "-png", "-singlefile", str(place))
    words, warned_too = _poppler("pdftotext", "-raw", str(place), "-")
    if warned or warned_too:
        return f"WRONG: Poppler says {warned or warned_too}"
    expected = sorted("".join(mark.text for part in figure.scene.parts for mark in part.marks if isinstance(mark, Word)))
    if sorted(words.decode()) and sorted("".join(words.decode().split())) != [one for one in expected if not one.isspace()]:
        return "WRONG: the words are not those of the scene"
    theirs = Image.open(io.BytesIO(drawn)).convert("RGB")
    size = {"width": -(-theirs.width // SCALE), "height": -(-theirs.height // SCALE)}
    page = browser.new_page(viewport=size, device_scale_factor=SCALE)
    page.set_content(f'<body style="margin:0;background:#fff">{figure.svg}</body>')
    ours = Image.open(io.BytesIO(page.screenshot())).convert("RGB").crop((0, 0, *theirs.size))
    page.close()
    difference = float(np.abs(np.asarray(theirs, int) - np.asarray(ours, int)).mean())
    said = f"{theirs.width} × {theirs.height} pixels, {len(expected)} letters, mean difference {difference:.2f} of 255"
    return said if difference < MOST_DIFFERENCE else f"WRONG: {said}"


def _poppler(*command: str) -> tuple[bytes, str]:
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout, done.stderr.decode().strip()


if __name__ == "__main__":
    main()
