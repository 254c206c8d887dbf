"""Along which directions do instances differ most?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.analyses.row_blocks import over_blocks

Array = np.ndarray[Any, Any]
BLOCK = 4096


@dataclass(frozen=True)
class PrincipalComponents:
    """The leading directions of variance.

    Attributes
    ----------
    coordinates : (instances, components) float32, centred.
    directions : (components, units) float64, of length 1; the largest entry of each is positive.
    explained : (components,) float64, the share of all variance along each, descending.
    mean : (units,) float64, what was subtracted.
    """

    coordinates: Array
    directions: Array
    explained: Array
    mean: Array


def principal_components(
    activations: Array, count: int, *, precision: type[np.float64] | type[np.float32] = np.float64
) -> PrincipalComponents:
    """Project instances onto the ``count`` directions of largest variance.

    Eigenvectors of the covariance, over units or over instances, whichever are fewer; nothing is random or left out.

    Parameters
    ----------
    activations : (instances, units)
        Any float type, finite. A direction whose sign is a matter of taste points to where its largest entry is positive.
    count : int
        Components wanted; fewer come back where there are fewer units, or fewer instances less one.
    precision : float64 or float32
        Of products of up to 4,096 instances; they are always summed in float64. float32 is four times faster and right to about
        1e-5 of the largest coordinate: enough for a picture.
    """
    from scipy.linalg import eigh

    n, units = activations.shape
    count = max(1, min(count, units, n - 1))
    mean = activations.mean(0, dtype=np.float64)
    subtracted = mean.astype(precision)

    def centred(start: int) -> Array:
        block: Array = np.subtract(activations[start : start + BLOCK], subtracted, dtype=precision)
        return block

    def squared(block: Array) -> Array:
        return block.T @ block

    if units <= n:
        scatter = np.zeros((units, units))
        for part in over_blocks(lambda start: squared(centred(start)), n, BLOCK):
            scatter += part
        total = float(np.trace(scatter))
        variance, vectors = eigh(scatter, subset_by_index=(units - count, units - 1), overwrite_a=True)
        directions = vectors[:, ::-1].T
    else:
        whole = activations - mean
        products = whole @ whole.T
        total = float(np.trace(products))
        variance, vectors = eigh(products, subset_by_index=(n - count, n - 1), overwrite_a=True)
        lengths = np.sqrt(np.maximum(variance[::-1], 0))
        directions = (vectors[:, ::-1].T @ whole) / np.where(lengths > 0, lengths, 1)[:, None]
    strongest = np.abs(directions).argmax(1)
    directions = directions * np.where(directions[np.arange(count), strongest] < 0, -1.0, 1.0)[:, None]
    axes = np.ascontiguousarray(directions.T, precision)
    coordinates = np.empty((n, count), np.float32)
    for at, part in enumerate(over_blocks(lambda start: centred(start) @ axes, n, BLOCK)):
        coordinates[at * BLOCK : (at + 1) * BLOCK] = part
    explained = np.maximum(variance[::-1], 0) / total if total > 0 else np.zeros(count)
    return PrincipalComponents(coordinates, directions, explained, mean)
