"""Which labels occur together, or with the same other labels? A place for each label, learned from co-occurrence alone.

Labels become vectors whose inner products come nearest to the positive part of their pointwise mutual information (Levy and
Goldberg 2014: what word2vec factorises implicitly): the eigenvectors of its largest positive eigenvalues. A label's information
about itself is unknown and stands as 0, which alone makes two labels that always stand together differ, and that along negative
eigenvalues; singular values would keep these. The matrix of all pairs is never made dense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from underglass.errors import DataError

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]

DIRECTIONS = 16
DENSE = 200
"""Labels up to which the decomposition is that of a dense matrix."""
TOLERANCE = 1e-4
"""Relative, of the eigenvalues."""
NOTHING = 1e-3
"""Share of the longest vector below which a length is rounding."""
ZERO = 1e-9
MOST_LABELS_EACH = 60


@dataclass(frozen=True)
class LabelEmbedding:
    """Where labels lie.

    Attributes
    ----------
    vectors : (labels, directions)
        Of length 1, or 0 where nothing is kept of a label; NaN for a label that never occurs with another one.
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
        Of where the decomposition begins, and of the draw among the labels of an item that has more than 60.

    Raises
    ------
    DataError
        If fewer than three labels occur with another one.

    Source: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization"; the decomposition is ARPACK's.
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
    rank = len(strength)
    scaled = vectors * np.sqrt(strength)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit = np.divide(scaled, length, out=np.zeros_like(scaled), where=length > NOTHING * length.max(initial=0))
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
    """Eigenvectors of a symmetric matrix with the largest eigenvalues, of those that are positive."""
    if matrix.shape[0] <= DENSE:
        strength, vectors = np.linalg.eigh(matrix.toarray())
        strength, vectors = strength[::-1][:rank], vectors[:, ::-1][:, :rank]
    else:
        start = random.normal(size=matrix.shape[0])
        strength, vectors = scipy.sparse.linalg.eigsh(matrix, rank, which="LA", v0=start, tol=TOLERANCE)
        strength, vectors = strength[::-1], vectors[:, ::-1]
    positive = strength > ZERO * max(float(strength[0]), 1.0)
    strength, vectors = strength[positive], vectors[:, positive]
    top = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[top, np.arange(len(top))]), strength
