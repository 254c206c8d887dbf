"""Which instances are the same, or nearly, and where do copies contradict or leak?

A copy with another label is a wrong label somewhere; a copy on the other side of a split makes a test score too good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from underglass.analyses.neighbour_graph import comparable
from underglass.analyses.row_blocks import Progress, over_blocks, products
from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Bools = NDArray[np.bool_]

BLOCK = 1024
SAMPLE = 400
SHARE_OF_USUAL = 0.25
BY_CHANCE = 1e-3
MOST_PAIRS = 200_000
FEWEST_DIRECTIONS, MOST_DIRECTED, NEAR_BY_FEW = 12, 2048, 1e-3
STRETCH = 1024
NO_PAIRS: tuple[Ints, Floats, bool] = (np.zeros((0, 2), np.int32), np.zeros(0), False)


@dataclass(frozen=True)
class Duplicates:
    """Pairs of instances that are copies of each other, nearest first.

    Attributes
    ----------
    pairs : (pairs, 2) int32
        Rows, the smaller first.
    distance : (pairs,) float32
        0 for exact copies.
    exact : (pairs,) bool
        Every feature is equal to the bit, or the content is known to be identical.
    group : (instances,) int32
        Number of the group of copies an instance belongs to, −1 for none; copies of copies are one group.
    threshold : float
        Distance up to which a pair counts as near.
    contradictory : (pairs,) bool
        The two carry different labels; False where either has none.
    leaks : (pairs,) bool
        The two stand in different splits; False where either has none.
    space : str
        What was compared, in words.
    advice : str or None
        What to know before trusting the list.
    """

    pairs: Ints
    distance: Floats
    exact: Bools
    group: Ints
    threshold: float
    contradictory: Bools
    leaks: Bools
    space: str
    advice: str | None = None

    @property
    def groups(self) -> int:
        """Count of groups of copies."""
        return int(self.group.max()) + 1 if len(self.group) else 0

    @property
    def redundant(self) -> int:
        """Count of instances that could go while one of each group stays."""
        return int((self.group >= 0).sum()) - self.groups


def find_duplicates(
    features: ArrayLike | None,
    *,
    threshold: float | None = None,
    labels: ArrayLike | None = None,
    split: Sequence[Any] | ArrayLike | None = None,
    identical: ArrayLike | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Duplicates:
    """Find exact and near copies by comparing all pairs.

    Parameters
    ----------
    features : (instances, units) or None
        Finite. None = only what `identical` says.
    threshold : float, optional
        Euclidean distance up to which two instances are near. By default a quarter of the usual distance to the nearest
        neighbour, less where features are so few that more than one in a thousand instances would come that near by chance.
    labels : (instances,) int, optional
        Class of each; −1 = unlabelled.
    split : (instances,), optional
        Name of the split of each; None or "" = in none.
    identical : (instances,) int, optional
        Equal numbers = content known to be identical, such as a code of the image file's hash; −1 = unknown.
    seed : int
        Of the 400 instances that say what is usual.
    progress : callable, optional
        Called with work done, work in all, and the stage; may raise to cancel.

    Raises
    ------
    DataError
        If lengths differ or a feature is not finite.

    Examples
    --------
    >>> found = find_duplicates([[0.0, 0], [9, 9], [0, 0], [4, 1]], labels=[0, 1, 1, 0])
    >>> found.pairs.tolist(), found.contradictory.tolist()
    ([[0, 2]], [True])
    """
    points = np.zeros((len(np.asarray(identical)), 0)) if features is None else np.asarray(features)
    if points.ndim != 2:
        raise DataError(f"features must be (instances, units), not of shape {points.shape}.")
    if not np.isfinite(points).all():
        raise DataError("features hold NaN or infinite values; near and far mean nothing there.")
    n = len(points)
    codes = exact_groups(points, identical)
    same = _pairs_within(codes)
    heads = np.unique(codes, return_index=True)[1]
    heads.sort()
    space, words = comparable(points[heads]) if points.shape[1] else (points, "known content alone")
    usual, dimension = _usual_distance(space, seed) if points.shape[1] else (0.0, 1.0)
    if threshold is None:
        threshold = usual * min(SHARE_OF_USUAL, (BY_CHANCE / np.log(2)) ** (1 / max(dimension, 1e-6)))
    near, apart, full = _near_pairs(space, float(threshold), progress) if threshold > 0 else NO_PAIRS
    pairs = np.concatenate([same, heads[near]]).astype(np.int32)
    distance = np.concatenate([np.zeros(len(same)), apart]).astype(np.float32)
    exact = np.arange(len(pairs)) < len(same)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], distance, ~exact))
    pairs, distance, exact = pairs[order], distance[order], exact[order]
    return Duplicates(
        pairs=pairs,
        distance=distance,
        exact=exact,
        group=_groups(pairs, n),
        threshold=float(threshold),
        contradictory=_differ(pairs, _label_codes(labels, n)),
        leaks=_differ(pairs, _split_codes(split, n)),
        space=words,
        advice=f"more than {MOST_PAIRS:,} near pairs: the list stops there; give a smaller threshold." if full else None,
    )


def exact_groups(points: Floats, identical: ArrayLike | None = None) -> Ints:
    """A code for each instance, (instances,) int64: equal codes mean equal features to the bit, or content known to be identical.

    Zeros of either sign are equal. Copies of copies share a code even where one pair is known by content and the other by
    features.
    """
    if points.shape[1]:
        rows = np.ascontiguousarray(points + 0.0)
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        codes = np.unique(keys, return_inverse=True)[1].ravel()
    else:
        codes = np.arange(len(points))
    if identical is None:
        return codes.astype(np.int64)
    n = len(points)
    content = np.asarray(identical)
    if content.shape != (n,):
        raise DataError(f"identical must name the content of {n} instances, not {content.shape}.")
    content = np.unique(np.where(content < 0, -1 - np.arange(n), content), return_inverse=True)[1]
    links = coo_array(
        (np.ones(2 * n, bool), (np.tile(np.arange(n), 2), np.concatenate([n + codes, 2 * n + content]))), shape=(3 * n, 3 * n)
    )
    component: Ints = connected_components(links, directed=False)[1]
    return component[:n].astype(np.int64)


def _pairs_within(codes: Ints) -> Ints:
    """Each instance with the first of its code: a star for each group, so that a thousand copies are not half a million pairs."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    head = first[inverse.ravel()]
    rows = np.flatnonzero(head != np.arange(len(codes)))
    return np.stack([head[rows], rows], axis=1).astype(np.int32).reshape(-1, 2)


def _usual_distance(space: Floats, seed: int) -> tuple[float, float]:
    """Median distance to the nearest different instance, and how many dimensions the instances spread in.

    Source of the dimension: Facco et al. 2017, "TwoNN": the ratio of the distances to the second and first neighbour is Pareto
    distributed with the dimension as its exponent; here by its median, which a few copies do not move.
    """
    n = len(space)
    rows = np.random.default_rng(seed).choice(n, min(SAMPLE, n), replace=False)
    exact = space.astype(np.float64)
    squares = np.einsum("ij,ij->i", exact, exact)
    first, second = [], []
    for start in range(0, len(rows), SAMPLE // 16):
        here = rows[start : start + SAMPLE // 16]
        apart = exact[here] @ exact.T
        apart *= -2
        apart += squares
        apart += squares[here][:, None]
        apart[apart <= 1e-12 * squares.max(initial=0.0)] = np.inf
        nearest = apart.argmin(1)
        first.append(np.sqrt(apart[np.arange(len(here)), nearest]))
        apart[np.arange(len(here)), nearest] = np.inf
        second.append(np.sqrt(apart.min(1)))
    one, two = np.concatenate(first) if first else np.zeros(0), np.concatenate(second) if second else np.zeros(0)
    fine = np.isfinite(one) & np.isfinite(two)
    if not fine.any():
        return 0.0, 1.0
    ratio = float(np.median(two[fine] / one[fine]))
    return float(np.median(one[fine])), float(np.log(2) / np.log(max(ratio, 1 + 1e-9)))


def _near_pairs(space: Floats, threshold: float, progress: Progress | None) -> tuple[Ints, Floats, bool]:
    """All pairs within the threshold: float32 products rule pairs out with room for rounding, the rest are measured exactly.

    Pairs that are too far apart along a few directions already are ruled out by those: the distance within them is never larger.
    """
    n = len(space)
    short = _few_directions(space, threshold)
    slack = 4 * short.shape[1] ** 0.5 * 2.0**-23
    half = (np.einsum("ij,ij->i", short, short, dtype=np.float64) * (1 - slack) / 2).astype(np.float32)
    bound = np.float32(threshold**2 / 2)

    few = short.shape[1] == FEWEST_DIRECTIONS
    across = np.ascontiguousarray(short.T) if few else short

    def block(start: int) -> tuple[Ints, Floats]:
        if few:
            pairs = _close_along(across, half, start, min(start + BLOCK, n), bound)
        else:
            rows, columns = short[start : start + BLOCK], range(start, n, 2 * BLOCK)
            pairs = np.concatenate(
                [_candidates(products(rows, short[j : j + 2 * BLOCK]), half, start, j, bound) for j in columns]
            )
        difference = space[pairs[:, 0]].astype(np.float64) - space[pairs[:, 1]]
        distance = np.sqrt((difference**2).sum(1))
        return pairs[distance <= threshold], distance[distance <= threshold]

    found: list[Ints] = [np.zeros((0, 2), np.int32)]
    apart: list[Floats] = [np.zeros(0)]
    count = 0
    for pairs, distance in over_blocks(block, n, BLOCK, stage="copies", progress=progress):
        found.append(pairs)
        apart.append(distance)
        count += len(pairs)
        if count > MOST_PAIRS:
            break
    return np.concatenate(found), np.concatenate(apart), count > MOST_PAIRS


def _few_directions(space: Floats, threshold: float) -> Floats:
    """The instances along as few leading directions as leave less than one pair in a thousand near, or as they are."""
    n, units = space.shape
    sample = space[:: max(1, n // SAMPLE)][:SAMPLE].astype(np.float64)
    directions = (
        np.linalg.eigh(sample.T @ sample)[1][:, ::-1] if FEWEST_DIRECTIONS < units <= MOST_DIRECTED else np.zeros((units, 0))
    )
    count = FEWEST_DIRECTIONS
    while 2 * count <= directions.shape[1]:
        along = sample @ directions[:, :count]
        squares = (along**2).sum(1)
        apart = squares[:, None] + squares - 2 * along @ along.T
        if (apart <= threshold**2).sum() - len(sample) <= NEAR_BY_FEW * len(sample) ** 2:
            return space @ directions[:, :count].astype(np.float32)
        count *= 2
    return space


def _groups(pairs: Ints, n: int) -> Ints:
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    component = connected_components(links, directed=False)[1]
    paired = np.zeros(n, bool)
    paired[pairs.ravel()] = True
    group = np.full(n, -1, np.int32)
    if paired.any():
        _, first, inverse = np.unique(component[paired], return_index=True, return_inverse=True)
        rank = np.empty(len(first), np.int32)
        rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
        group[paired] = rank[inverse.ravel()]
    return group


def _differ(pairs: Ints, codes: Ints | None) -> Bools:
    if codes is None:
        return np.zeros(len(pairs), bool)
    one, two = codes[pairs[:, 0]], codes[pairs[:, 1]]
    different: Bools = (one != two) & (one >= 0) & (two >= 0)
    return different


def _label_codes(labels: ArrayLike | None, n: int) -> Ints | None:
    if labels is None:
        return None
    codes = np.asarray(labels)
    if codes.shape != (n,):
        raise DataError(f"labels must be ({n},), one for each instance, not {codes.shape}.")
    return codes


def _split_codes(split: Sequence[Any] | ArrayLike | None, n: int) -> Ints | None:
    if split is None:
        return None
    names = [None if name is None or name == "" or name != name else str(name) for name in np.asarray(split, dtype=object)]  # noqa: PLR0124 (NaN)
    if len(names) != n:
        raise DataError(f"split must name the split of {n} instances, not of {len(names)}.")
    known = {name: code for code, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else known[name] for name in names], np.int32)


@numba.njit(cache=True, nogil=True)
def _candidates(dot, half, start, first, bound):  # type: ignore[no-untyped-def]
    """Pairs (i < j) whose squared distance may be at most ``2 · bound``: (pairs, 2) int32; ``half`` leaves room for rounding."""
    out = np.empty((64, 2), np.int32)
    count = 0
    for i in range(dot.shape[0]):
        begin = max(0, start + i + 1 - first)
        row, lengths = dot[i, begin:], half[first + begin : first + dot.shape[1]]
        least = half[start + i] - bound
        close = np.int32(0)
        for j in range(len(row)):  # without a branch and in 32 bits, so that sixteen are counted at once
            close = np.int32(close + np.int32(1 if row[j] - lengths[j] >= least else 0))
        if close == 0:
            continue
        while count + close > len(out):
            larger = np.empty((2 * len(out), 2), np.int32)
            larger[:count] = out[:count]
            out = larger
        for j in range(len(row)):
            if row[j] - lengths[j] >= least:
                out[count, 0] = start + i
                out[count, 1] = first + begin + j
                count += 1
    return out[:count]


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _close_along(across, half, start, stop, bound):  # type: ignore[no-untyped-def]
    """As `_candidates`, for rows ``start`` to ``stop`` against all later ones, along few directions (directions, instances).

    For so few a matrix product is mostly writing and reading its result; here a stretch of it stays in the core.
    """
    directions, n = across.shape
    near = np.empty(STRETCH, np.float32)
    out = np.empty((64, 2), np.int32)
    count = 0
    for i in range(start, stop):
        least = half[i] - bound
        for first in range(i + 1, n, STRETCH):
            size = min(STRETCH, n - first)
            row, lengths = near[:size], half[first : first + size]
            for j in range(size):
                row[j] = -lengths[j]
            for k in range(0, directions, 4):
                a, b, c, d = across[k, i], across[k + 1, i], across[k + 2, i], across[k + 3, i]
                p, q = across[k, first : first + size], across[k + 1, first : first + size]
                r, s = across[k + 2, first : first + size], across[k + 3, first : first + size]
                for j in range(size):
                    row[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
            close = np.int32(0)
            for j in range(size):
                close = np.int32(close + np.int32(1 if row[j] >= least else 0))
            if close == 0:
                continue
            while count + close > len(out):
                larger = np.empty((2 * len(out), 2), np.int32)
                larger[:count] = out[:count]
                out = larger
            for j in range(size):
                if row[j] >= least:
                    out[count, 0] = i
                    out[count, 1] = first + j
                    count += 1
    return out[:count]
