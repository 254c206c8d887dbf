"""How do a model's output arrays become one probability a class? As for torch, in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from underglass.errors import ModelError
from underglass.models.model import Array, Output

KEYS = ("logits", "probabilities", "out", "output", "scores", "y")
SLACK = 1e-3


def scores(outputs: Mapping[str, Array] | Sequence[Array] | Array) -> Array:
    """The array (n, classes) among what a model gave; one score an instance becomes (n, 1).

    Parameters
    ----------
    outputs : by name, or in order, or alone
        Of several, one that is named as scores are, else the first.

    Raises
    ------
    ModelError
        Its shape is not a classifier's.
    """
    if isinstance(outputs, Mapping):
        key = next((key for key in KEYS if key in outputs), next(iter(outputs)))
        output = outputs[key]
    else:
        output = outputs if isinstance(outputs, np.ndarray) else outputs[0]
    if output.ndim == 1:
        output = output[:, None]
    while output.ndim > 2 and output.shape[-1] == 1:
        output = output[..., 0]
    if output.ndim > 2 and output.shape[1] == 1 == output.size // (len(output) * output.shape[-1]):
        output = output.reshape(len(output), -1)
    if output.ndim != 2:
        raise ModelError(f"the model returns shape {tuple(output.shape)}; a classifier's is (instances, classes).")
    return output.astype(np.float32, copy=False)


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
