"""Which labels occur with the same other labels? A place for each label, learned from co-occurrence alone.

Labels become vectors by the positive part of their pointwise mutual information with every other label, reduced to its leading
directions (Levy and Goldberg 2014: what word2vec factorises implicitly). The matrix of all pairs is never made dense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from underglass.errors import DataError

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]

DIRECTIONS = 16
EXTRA, ROUNDS = 8, 6
MOST_LABELS_EACH = 60


@dataclass(frozen=True)
class LabelEmbedding:
    """Where labels lie.

    Attributes
    ----------
    vectors : (labels, directions)
        Of length 1; NaN for a label that never occurs with another one.
    places : (labels, 2)
        The two directions of largest variance of `vectors`, for drawing.
    explained : (2,)
        Share of the variance along each.
    """

    vectors: Floats
    places: Floats
    explained: Floats


def embed_labels(
    starts: Integers, found: Integers, labels: int, *, directions: int = DIRECTIONS, seed: int = 0
) -> LabelEmbedding:
    """Place labels by what they occur with.

    Parameters
    ----------
    starts, found : (items + 1,), (entries,)
        Labels of item i are ``found[starts[i] : starts[i + 1]]``.
    labels : int
        How many there are.
    directions : int
        Length of the vectors, at most.
    seed : int
        Of the randomised decomposition, and of the draw among the labels of an item that has more than 60.

    Raises
    ------
    DataError
        If fewer than three labels occur with another one.

    Source: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization"; the decomposition: Halko,
    Martinsson and Tropp 2011, algorithm 4.4.
    """
    random = np.random.default_rng(seed)
    joint = _together(starts, found, labels, random)
    degree = np.asarray(joint.sum(axis=1)).ravel()
    known = np.flatnonzero(degree > 0)
    if len(known) < 3:
        raise DataError(f"{len(known)} labels occur together with another one; a map needs at least three.")
    inner = joint[known][:, known].tocoo()
    size = degree[known]
    value = np.log(inner.data * size.sum() / (size[inner.row] * size[inner.col]))
    kept = value > 0
    ppmi = scipy.sparse.csr_array((value[kept], (inner.row[kept], inner.col[kept])), shape=inner.shape)
    rank = min(directions, len(known) - 1)
    vectors, strength = _leading(ppmi, rank, random)
    scaled = vectors * np.sqrt(strength)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit = np.divide(scaled, length, out=np.zeros_like(scaled), where=length > 1e-12)
    centred = unit - unit.mean(axis=0)
    _, spread, across = np.linalg.svd(centred, full_matrices=False)
    across = across[:2] * np.sign(across[:2][np.arange(min(2, len(across))), np.abs(across[:2]).argmax(axis=1)])[:, None]
    flat = np.zeros((len(known), 2))
    flat[:, : len(across)] = centred @ across.T
    everywhere, places = np.full((labels, rank), np.nan), np.full((labels, 2), np.nan)
    everywhere[known], places[known] = unit, flat
    share = np.zeros(2)
    share[: min(2, len(spread))] = (spread**2 / max(float((spread**2).sum()), 1e-300))[:2]
    return LabelEmbedding(everywhere, places, share)


def _together(starts: Integers, found: Integers, labels: int, random: np.random.Generator) -> Any:
    """How often two different labels stand at one item, (labels, labels) sparse and symmetric."""
    lengths = np.diff(starts)
    if lengths.size and int(lengths.max()) > MOST_LABELS_EACH:
        item = np.repeat(np.arange(len(lengths)), lengths)
        order = np.lexsort((random.random(len(item)), item))
        kept = np.sort(order[(np.arange(len(item)) - starts[:-1][item]) < MOST_LABELS_EACH])
        found, lengths = np.asarray(found)[kept], np.minimum(lengths, MOST_LABELS_EACH)
        starts = np.concatenate([[0], np.cumsum(lengths)])
    ones = np.ones(int(starts[-1]), np.float64)
    matrix = scipy.sparse.csr_array((ones, np.asarray(found), np.asarray(starts)), shape=(len(lengths), labels))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    joint = (matrix.T @ matrix).tolil() if labels < 3 else (matrix.T @ matrix)
    joint = scipy.sparse.csr_array(joint)
    joint.setdiag(0)
    joint.eliminate_zeros()
    return joint


def _leading(matrix: Any, rank: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Singular vectors of a symmetric matrix with the largest singular values, by a randomised range and power rounds."""
    width = min(rank + EXTRA, matrix.shape[0])
    basis, _ = np.linalg.qr(matrix @ random.normal(size=(matrix.shape[0], width)))
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(matrix @ basis)
    left, strength, _ = np.linalg.svd((matrix @ basis).T @ basis)
    vectors = basis @ left[:, :rank]
    top = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[top, np.arange(rank)]), strength[:rank]
