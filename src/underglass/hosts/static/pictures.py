"""How do the pictures of instances travel? As sheets of small tiles in the page, as files beside it, or as links to files."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from PIL import Image

from underglass.errors import DataError
from underglass.hosts.sheets import picture
from underglass.hosts.static.blocks import Block, block
from underglass.hosts.static.tables import Rows
from underglass.store.media import MediaStore

if TYPE_CHECKING:
    from underglass.case import Case

ACROSS = 32
EACH = 1024
SMALL, LARGE = 32, 96
"""Edge of a tile in pixels: pictures up to the first stay as they are, others become the second."""
QUALITY = 82
SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


@dataclass(frozen=True)
class Pictures:
    """What of the pictures is in a page.

    Parameters
    ----------
    info : as ``payload.ts`` reads it.
    blocks : sheets.
    files : rows whose pictures stand beside the page, by their path.
    """

    info: dict[str, Any]
    blocks: list[Block] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)


NONE = Pictures({"way": "none", "edge": 0, "across": ACROSS, "each": EACH, "rows": None, "type": "", "paths": None})


def pictures_of(case: Case, rows: Rows, way: str, place: Path) -> Pictures:
    """The pictures of some rows.

    Parameters
    ----------
    case : asked for its media.
    rows : instances, in the order of the page.
    way : ``"inline"``, ``"copy"``, ``"link"`` or ``"none"``.
    place : the folder that the page will stand in.

    Raises
    ------
    DataError
        Links are asked for pictures that do not lie in or below that folder.
    """
    media = case.folder.media
    if way == "none" or case.folder.manifest.kind != "image":
        return NONE
    if way == "link":
        return _links(case, rows, place)
    edge = _edge(media, rows)
    exact = edge <= SMALL
    blocks = [
        block(f"sheet-{number}", _sheet(media, rows[start : start + EACH], edge, exact=exact), "pictures", compress=False)
        for number, start in enumerate(range(0, len(rows), EACH))
    ]
    info = NONE.info | {"way": way, "edge": edge, "type": "image/webp"}
    if way == "inline":
        return Pictures(info, blocks)
    files = {f"media/{at}.{suffix}": int(row) for at, (row, suffix) in enumerate(_suffixes(media, rows)) if suffix}
    paths: list[str | None] = [None] * len(rows)
    for path in files:
        paths[int(path[6:].split(".")[0])] = path
    return Pictures(info | {"paths": paths}, blocks, files)


def _edge(media: MediaStore, rows: Rows) -> int:
    """Edge of a tile: as large as the pictures are if they are small."""
    stacked = media.stack(rows[:1])
    if stacked is not None and max(stacked.shape[1:3]) <= SMALL:
        return int(max(stacked.shape[1:3]))
    return LARGE


def _sheet(media: MediaStore, rows: Rows, edge: int, *, exact: bool) -> bytes:
    tiles, _ = media.tiles(rows, edge)
    down = -(-len(rows) // ACROSS)
    sheet = np.zeros((ACROSS * down, edge, edge, 4), np.uint8)
    sheet[: len(rows)] = tiles
    pixels = sheet.reshape(down, ACROSS, edge, edge, 4).transpose(0, 2, 1, 3, 4).reshape(down * edge, ACROSS * edge, 4)
    image = Image.fromarray(pixels)
    if (pixels[: edge * (len(rows) // ACROSS), :, 3] == 255).all() and len(rows) % ACROSS == 0:
        image = image.convert("RGB")
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=exact, quality=100 if exact else QUALITY, method=4)
    return out.getvalue()


def _suffixes(media: MediaStore, rows: Rows) -> Iterator[tuple[int, str | None]]:
    """What kind of file each picture becomes; None where there is none. The files themselves are read when they are written."""
    for row in rows.tolist():
        found = picture(media, row) if media.missing(row) is None else None
        yield row, None if found is None else SUFFIXES[found[1]]


def _links(case: Case, rows: Rows, place: Path) -> Pictures:
    """Links to the source's own files, which lie in or below the page's folder: other paths would tell of this machine."""
    root = case.folder.media.root
    references = case.folder.manifest.source
    names = _sources(case)
    if root is None or names is None:
        raise DataError(
            f"the pictures of this case are no files of their own ({references.get('reader', 'Python')}), so there is nothing "
            "to link to: take media='inline', or media='copy' with a folder"
        )
    here = place.resolve()
    paths: list[str | None] = []
    for row in rows.tolist():
        name = names[row]
        path = None if name is None else (root / name).resolve()
        if path is None or not path.is_file():
            paths.append(None)
            continue
        if not path.is_relative_to(here):
            raise DataError(
                "a page can link only to pictures in its own folder or below it, since any other address would tell where they "
                "lie on this machine: write the page into the pictures' folder, or take media='copy'"
            )
        paths.append(quote(os.fspath(path.relative_to(here)).replace(os.sep, "/")))
    return Pictures(NONE.info | {"way": "link", "paths": paths})


def _sources(case: Case) -> list[str | None] | None:
    """Files of the instances, relative to the data's folder."""
    media = case.folder.media
    n = case.folder.manifest.instances
    links = [media.link(row) for row in range(n)]
    if any(links):
        return links
    if case.folder.manifest.source.get("reader") != "image_folder":
        return None
    return [str(one) for one in case.folder.instances["id"].to_pylist()]
