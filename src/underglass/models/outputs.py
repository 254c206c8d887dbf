"""How do a model's outputs become one probability a class? The same for every framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from underglass.errors import ModelError
from underglass.models.inputs import describe
from underglass.models.model import Array, Output

KEYS = ("logits", "probabilities", "out", "output", "scores", "y")
SLACK = 1e-3


def scores(output: Any) -> Any:
    """The tensor or array (n, classes) among what a model gave; one score an instance becomes (n, 1).

    Parameters
    ----------
    output : tensor or array, or a list, tuple or mapping of them
        Of a mapping the one that is named as scores are; of several in order the first.

    Raises
    ------
    ModelError
        There is none, or its shape is not a classifier's.
    """
    if isinstance(output, Mapping):
        key = next((key for key in KEYS if key in output), None)
        if key is None:
            raise ModelError(f"the model returns {describe(dict(output))}; one of {', '.join(KEYS)} must hold the scores.")
        return scores(output[key])
    if isinstance(output, list | tuple) and output:
        return scores(output[0])
    if not hasattr(output, "shape"):
        raise ModelError(f"the model returns {type(output).__name__}; a tensor (instances, classes) is needed.")
    if output.ndim == 1:
        output = output[:, None]
    while output.ndim > 2 and output.shape[-1] == 1:
        output = output[..., 0]
    if output.ndim > 2 and all(size == 1 for size in output.shape[1:-1]):
        output = output.reshape(output.shape[0], -1)
    if output.ndim != 2:
        raise ModelError(f"the model returns shape {tuple(output.shape)}; a classifier's is (instances, classes).")
    return output


def probabilities(given: Array, output: Output) -> Array:
    """(n, classes) float32, rows sum to 1; a single score an instance is the second of two classes.

    Raises
    ------
    ModelError
        Scores that are not finite, or said to be probabilities and are not.
    """
    finite = np.isfinite(given).all(1)
    if not finite.all():
        bad = int(np.flatnonzero(~finite)[0])
        raise ModelError(f"the model's output is not finite (NaN or infinite) for instance {bad} of the batch.")
    if output == "logits":
        return _softmax(given) if given.shape[1] > 1 else _pair(_sigmoid(given))
    if given.shape[1] == 1:
        given = _pair(given)
    low, sums = float(given.min()), given.sum(1)
    if low < -SLACK or np.abs(sums - 1).max() > SLACK:
        raise ModelError(
            f"output='probabilities', but values go down to {low:.3g} "
            f"and rows sum to {sums.min():.3g} … {sums.max():.3g}; say output='logits' and softmax is applied."
        )
    return given


def _softmax(given: Array) -> Array:
    powers = np.exp(given - given.max(1, keepdims=True))
    shares: Array = powers / powers.sum(1, keepdims=True)
    return shares


def _sigmoid(given: Array) -> Array:
    smaller = np.exp(-np.abs(given))
    share: Array = np.where(given >= 0, 1 / (1 + smaller), smaller / (1 + smaller)).astype(np.float32)
    return share


def _pair(second: Array) -> Array:
    return np.concatenate([1 - second, second], 1)
