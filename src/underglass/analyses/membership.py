"""Which instances belong to which subset, in whatever form that is said?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse

from underglass.errors import DataError

Floats = NDArray[np.floating[Any]]
Membership: TypeAlias = "ArrayLike | csr_array"
BLOCK = 4096


@runtime_checkable
class Blocked(Protocol):
    """Activations that are too large to be held at once, such as a case keeps them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(instances, units)."""

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Consecutive rows and their activations, (rows, units)."""


def as_membership(membership: Membership, instances: int) -> csr_array:
    """Read a membership as a sparse (instances, subsets) array, one stored entry for each instance in each subset.

    Parameters
    ----------
    membership : (instances, subsets) bool, dense or sparse; or (instances,) bool; or (instances,) int
        Booleans in one row are one subset. Whole numbers are the one subset of each instance, −1 = in none: the compact form
        for many subsets that do not overlap, such as classes.
    instances : int
        How many there must be.

    Raises
    ------
    DataError
        If there are not as many rows as instances, or the values are neither booleans nor subset numbers.
    """
    if issparse(membership):
        sparse = csr_array(membership, dtype=bool)
    else:
        values = np.asarray(membership)
        if values.ndim == 1 and values.dtype.kind in "iu":
            if (values < -1).any():
                raise DataError("subset numbers begin at 0, and −1 says in none.")
            inside = values >= 0
            pointers = np.concatenate([[0], inside.cumsum()])
            shape = (len(values), int(values.max(initial=-1)) + 1)
            sparse = csr_array((np.ones(int(inside.sum()), bool), values[inside], pointers), shape=shape)
        elif values.dtype.kind == "b" and values.ndim in {1, 2}:
            sparse = csr_array(values if values.ndim == 2 else values[:, None])
        else:
            raise DataError(
                f"a membership holds booleans (instances, subsets) or one subset number each, not {values.dtype} {values.shape}."
            )
    if sparse.shape[0] != instances:
        raise DataError(f"a membership of {sparse.shape[0]} instances for {instances}.")
    return sparse


def in_blocks(activations: ArrayLike | Blocked) -> tuple[tuple[int, int], Iterator[tuple[slice, Floats]]]:
    """The shape of activations, and an iterator over consecutive rows of them in float32."""
    if isinstance(activations, Blocked):
        count, units = activations.shape
        return (count, units), ((rows, np.asarray(block, np.float32)) for rows, block in activations.blocks())
    array = activations if isinstance(activations, np.ndarray) else np.asarray(activations)
    if array.ndim != 2:
        raise DataError(f"activations must be (instances, units), not of shape {array.shape}; pool maps over space first.")
    starts = range(0, len(array), BLOCK)
    return array.shape, (
        (slice(start, min(start + BLOCK, len(array))), np.asarray(array[start : start + BLOCK], np.float32)) for start in starts
    )
