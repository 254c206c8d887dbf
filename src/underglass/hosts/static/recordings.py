"""How do sounds and films travel? As they are, in blocks that the page reads when one of theirs is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from underglass.extensions import InstanceRenderer, renderer_for
from underglass.hosts.static.blocks import Block, block, packed
from underglass.hosts.static.tables import Rows

if TYPE_CHECKING:
    from underglass.case import Case

WHAT = "sounds and films"
NAME = "recordings"
EACH = 1_000_000
"""Bytes from which on a block is full."""
SHOWN_WITHOUT = (None, "missing", "link", "image")


@dataclass(frozen=True)
class Recordings:
    """What of the instances that a renderer of another package draws is in a page.

    Parameters
    ----------
    renderer : its browser half travels with them.
    starts : place of the first instance of each block, ascending; as ``recordings.ts`` reads it.
    blocks : the module, and the instances as they were put into the case.
    """

    renderer: InstanceRenderer
    starts: list[int]
    blocks: list[Block]


def recordings_of(case: Case, rows: Rows, way: str) -> Recordings | None:
    """The sounds and films of some rows; None where there is no renderer for them, or they are left out.

    Parameters
    ----------
    case : asked for its media.
    rows : instances, in the order of the page.
    way : as `underglass.hosts.static.pictures.pictures_of`; all but ``"none"`` takes them along.
    """
    renderer = renderer_for(case.folder.media.types)
    if renderer is None or way == "none":
        return None
    made = list(_filled(case, rows))
    blocks = [block(f"{NAME}-{number}", data, WHAT, compress=False) for number, (_, data) in enumerate(made)]
    half = renderer.browser_half
    module = block(f"module-{renderer.module_name}", half.path.read_bytes(), "views of other packages")
    return Recordings(renderer, [start for start, _ in made], [module, *blocks])


def _filled(case: Case, rows: Rows) -> Iterator[tuple[int, bytes]]:
    """Blocks: the place of the first instance, and the bytes of all by their place."""
    media = case.folder.media
    types: dict[str, str] = {}
    parts: dict[str, bytes] = {}
    start = size = 0
    for place, row in enumerate(rows.tolist()):
        found = media.encoded(row) if media.kind(row) not in SHOWN_WITHOUT else None
        if found is None:
            continue
        if size >= EACH:
            yield start, packed({"types": types}, parts)
            types, parts, start, size = {}, {}, place, 0
        parts[str(place)], types[str(place)] = found
        size += len(found[0])
    yield start, packed({"types": types}, parts)
