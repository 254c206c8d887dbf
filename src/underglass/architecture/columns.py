"""In which column and lane does each block stand, and on which lane does each edge run?

Edges run straight: an edge keeps its lane from the block it leaves to the block it enters, and the glyphs reach out to the
lanes of their edges. The graph is cut into paths: the longest one first, then one path after another that leaves and comes
back; each path takes the nearest lane that is free from where it starts to where it ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from underglass.architecture.blocks import Drawing

Edge = tuple[str, str]


@dataclass(frozen=True)
class Places:
    """Where blocks and edges stand, in whole columns and lanes.

    Parameters
    ----------
    column : block → column, from 0; blocks of one column never share a lane.
    lane : block → its own lane; 0 is the longest path's, below is more.
    edge : edge → the lane it runs on.
    """

    column: Mapping[str, int]
    lane: Mapping[str, int]
    edge: Mapping[Edge, int]

    def lanes_of(self, name: str, drawing: Drawing) -> list[int]:
        """All lanes a block touches: its own and those of its edges, from the top."""
        touched = {self.edge[(source, name)] for source in drawing.sources[name]}
        touched |= {self.edge[(name, target)] for target in drawing.targets[name]}
        return sorted(touched | {self.lane[name]})


@dataclass(frozen=True)
class _Path:
    """A start that is placed elsewhere (or none), blocks of its own, and an end that is placed elsewhere (or none)."""

    start: str | None
    own: tuple[str, ...]
    end: str | None

    @property
    def edges(self) -> list[Edge]:
        stops = [name for name in (self.start, *self.own, self.end) if name is not None]
        return list(pairwise(stops))


@lru_cache(maxsize=32)
def place(drawing: Drawing) -> Places:
    """Columns and lanes for a drawing without circles; the same drawing is placed once."""
    rank = _ranks(drawing)
    paths = _paths(drawing, rank)
    lane, edge = _lanes(paths, rank)
    return _columns(drawing, rank, lane, edge)


def _ranks(drawing: Drawing) -> dict[str, int]:
    rank: dict[str, int] = {}
    for one in drawing.blocks:
        rank[one.id] = max((rank[name] + 1 for name in drawing.sources[one.id]), default=0)
    for one in reversed(drawing.blocks):  # a second input stands before what it goes into
        ahead = [rank[name] for name in drawing.targets[one.id]]
        if not drawing.sources[one.id] and ahead:
            rank[one.id] = min(ahead) - 1
    return rank


def _paths(drawing: Drawing, rank: dict[str, int]) -> list[_Path]:
    reach: dict[str, int] = {}
    for one in reversed(drawing.blocks):
        reach[one.id] = max((reach[name] + 1 for name in drawing.targets[one.id]), default=0)
    used: set[Edge] = set()
    placed: set[str] = set()

    def walk(name: str) -> list[str]:
        found = [name]
        while True:
            ahead = [target for target in drawing.targets[found[-1]] if target not in placed and target not in found]
            if not ahead:
                return found
            found.append(max(ahead, key=lambda target: reach[target]))

    paths: list[_Path] = []
    roots = sorted((one.id for one in drawing.blocks if not drawing.sources[one.id]), key=lambda name: -reach[name])
    queue: deque[str | None] = deque(roots)
    starts = [*roots]
    for name in starts:
        if name in placed:
            continue
        paths.append(_take(drawing, None, walk(name), placed, used))
    queue = deque(one.id for one in drawing.blocks)
    while queue:
        current = queue.popleft()
        if current is None or current not in placed:
            continue
        for target in drawing.targets[current]:
            if (current, target) in used:
                continue
            if target in placed:
                used.add((current, target))
                paths.append(_Path(current, (), target))
            else:
                paths.append(_take(drawing, current, walk(target), placed, used))
        # blocks placed by a path above are still ahead in the queue: it holds every block, sources first
    return paths


def _take(drawing: Drawing, start: str | None, own: list[str], placed: set[str], used: set[Edge]) -> _Path:
    ahead = [target for target in drawing.targets[own[-1]] if target in placed]
    path = _Path(start, tuple(own), ahead[0] if ahead else None)
    placed.update(own)
    used.update(path.edges)
    return path


def _lanes(paths: list[_Path], rank: dict[str, int]) -> tuple[dict[str, int], dict[Edge, int]]:
    lane: dict[str, int] = {}
    edge: dict[Edge, int] = {}
    taken: dict[int, list[tuple[int, int, str | None, str | None]]] = {}
    waiting = list(paths)
    while waiting:
        ready = [path for path in waiting if all(name is None or name in lane for name in (path.start, path.end))]
        path = min(ready or waiting, key=lambda one: (_span(one, rank)[1] - _span(one, rank)[0], waiting.index(one)))
        if len(waiting) == len(paths):
            path = waiting[0]
        waiting.remove(path)
        first, last = _span(path, rank)
        near = [lane[name] for name in (path.start, path.end) if name is not None and name in lane]
        chosen = _free(taken, first, last, path, near, prefer_above=not path.own)
        taken.setdefault(chosen, []).append((first, last, path.start, path.end))
        lane.update(dict.fromkeys(path.own, chosen))
        edge.update(dict.fromkeys(path.edges, chosen))
    return lane, edge


def _span(path: _Path, rank: dict[str, int]) -> tuple[int, int]:
    stops = [name for name in (path.start, *path.own, path.end) if name is not None]
    return rank[stops[0]], rank[stops[-1]]


def _free(
    taken: dict[int, list[tuple[int, int, str | None, str | None]]],
    first: int,
    last: int,
    path: _Path,
    near: list[int],
    *,
    prefer_above: bool,
) -> int:
    """The nearest lane in which nothing stands between two ranks; paths may touch at a block they share.

    What only skips runs above, so that nested skips nest; branches with blocks of their own run below.
    """
    middle = sum(near) / len(near) if near else 0.0
    reach = max(map(abs, taken), default=0) + 2
    candidates = sorted(range(-reach, reach + 1), key=lambda lane: ((lane > middle) is prefer_above, abs(lane - middle), lane))

    def clashes(one: tuple[int, int, str | None, str | None]) -> bool:
        a, b, start, end = one
        if b < first or last < a:
            return False
        if b == first and end is not None and end == path.start:
            return False
        return not (last == a and start is not None and start == path.end)

    return next(lane for lane in candidates if not any(clashes(one) for one in taken.get(lane, [])))


def _columns(drawing: Drawing, rank: dict[str, int], lane: dict[str, int], edge: dict[Edge, int]) -> Places:
    raw = Places(rank, lane, edge)
    column: dict[str, int] = {}
    next_column = 0
    for level in sorted(set(rank.values())):
        rows: list[list[tuple[int, int]]] = []
        for one in drawing.blocks:
            if rank[one.id] != level:
                continue
            lanes = raw.lanes_of(one.id, drawing)
            span = lanes[0], lanes[-1]
            row = next((i for i, spans in enumerate(rows) if all(span[1] < a or b < span[0] for a, b in spans)), len(rows))
            if row == len(rows):
                rows.append([])
            rows[row].append(span)
            column[one.id] = next_column + row
        next_column += len(rows)
    return Places(column, lane, edge)
