"""Which instances show the same, and which look most alike? What the pictures and texts of a case say about copies."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.structural_similarity import structural_similarity
from underglass.store.fingerprints import hash_bytes

if TYPE_CHECKING:
    from underglass.case import Case

Array = np.ndarray[Any, Any]
NEAREST = 3
MOST_OF_CELL = 2_000
BATCH = 4_096
LARGEST_SIDE = 64


def content_codes(case: Case, rows: Array) -> Array:
    """Equal numbers for instances that show the same picture or text to the byte; −1 where nothing is kept. (rows,) int64."""
    media, codes = case.folder.media, np.full(len(rows), -1, np.int64)
    known: dict[str, int] = {}
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        stack = media.stack(some) if case.folder.manifest.kind == "image" else None
        for i, row in enumerate(some.tolist()):
            data = stack[i].tobytes() if stack is not None else _content(case, row)
            if data:
                codes[start + i] = known.setdefault(hash_bytes(data), len(known))
    return codes


def most_similar(case: Case, rows: Array, label: Array, suggested: Array, features: Array | None) -> dict[str, Array]:
    """The nearest pairs within each cell of label and suggestion, and how alike they are.

    Returns
    -------
    ``similar`` (pairs, 2) int32 rows of the case, ``similarity`` (pairs,) float32: structural similarity of small pictures, else
    the cosine of their features; nothing without features.
    """
    if features is None or not len(rows):
        return {"similar": np.zeros((0, 2), np.int32), "similarity": np.zeros(0, np.float32)}
    centred = features - features.mean(0, dtype=np.float64).astype(features.dtype)
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred, dtype=np.float64))
    unit = centred / np.maximum(length, 1e-12)[:, None].astype(features.dtype)
    cell = label.astype(np.int64) * (int(suggested.max(initial=0)) + 2) + suggested
    order = np.argsort(cell, kind="stable")
    bounds = np.flatnonzero(np.diff(cell[order], prepend=cell[order[0]] - 1, append=cell[order[-1]] + 1))
    pairs, cosine = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    for start, stop in pairwise(bounds.tolist()):
        members = np.sort(order[start:stop])[:MOST_OF_CELL]
        found, alike = _nearest(unit[members])
        pairs.append(members[found])
        cosine.append(alike)
    chosen, similarity = np.concatenate(pairs), np.concatenate(cosine)
    looks = _looks(case, rows[chosen])
    return {
        "similar": rows[chosen].astype(np.int32).reshape(-1, 2),
        "similarity": (similarity if looks is None else looks).astype(np.float32),
    }


def _nearest(unit: Array) -> tuple[Array, Array]:
    """Pairs of each member with its nearest few, each once, and their cosine."""
    if len(unit) < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -np.inf)
    count = min(NEAREST, len(unit) - 1)
    near = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    both = np.stack([np.repeat(np.arange(len(unit)), count), near.ravel()], axis=1)
    both = np.unique(np.sort(both, axis=1), axis=0)
    return both, alike[both[:, 0], both[:, 1]]


def _looks(case: Case, pairs: Array) -> Array | None:
    """Structural similarity of pairs of rows; None where the case keeps no pictures of one small size."""
    if case.folder.manifest.kind != "image" or not len(pairs):
        return None
    probe = case.folder.media.stack(pairs[0])
    if probe is None or max(probe.shape[1:3]) > LARGEST_SIDE:
        return None
    result = np.zeros(len(pairs))
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        one, other = (case.folder.media.stack(some[:, side]) for side in (0, 1))
        if one is None or other is None:
            return None
        result[start : start + BATCH] = structural_similarity(_grey(one), _grey(other))
    return result


def _grey(images: Array) -> Array:
    return images if images.ndim == 3 else images[..., :3].mean(axis=3)


def _content(case: Case, row: int) -> bytes | None:
    media = case.folder.media
    text = media.text(row)
    if text is not None:
        return text.encode("utf-8", "surrogatepass")
    found = media.encoded(row)
    return None if found is None else found[0]
