"""How do a module's outputs become one probability a class?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from underglass.errors import ModelError
from underglass.models.inputs import describe
from underglass.models.model import Output

KEYS = ("logits", "probabilities", "out", "output", "scores", "y")
SLACK = 1e-3


def scores(output: Any) -> Any:
    """The tensor (n, classes) among what a module returned; one score an instance becomes (n, 1).

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
    if not isinstance(output, torch.Tensor):
        raise ModelError(f"the model returns {type(output).__name__}; a tensor (instances, classes) is needed.")
    if output.ndim == 1:
        output = output.unsqueeze(1)
    while output.ndim > 2 and output.shape[-1] == 1:
        output = output.squeeze(-1)
    if output.ndim != 2:
        raise ModelError(f"the model returns shape {tuple(output.shape)}; a classifier's is (instances, classes).")
    return output.float()


def probabilities(given: Any, output: Output) -> Any:
    """(n, classes) float32, rows sum to 1; a single score an instance is the second of two classes.

    Raises
    ------
    ModelError
        Scores that are not finite, or said to be probabilities and are not.
    """
    if not bool(torch.isfinite(given).all()):
        bad = int((~torch.isfinite(given)).any(1).nonzero()[0])
        raise ModelError(f"the model's output is not finite (NaN or infinite) for instance {bad} of the batch.")
    if output == "logits":
        return torch.softmax(given, 1) if given.shape[1] > 1 else _pair(torch.sigmoid(given))
    if given.shape[1] == 1:
        given = _pair(given)
    low, sums = float(given.min()), given.sum(1)
    if low < -SLACK or bool((sums - 1).abs().max() > SLACK):
        raise ModelError(
            f"output='probabilities', but values go down to {low:.3g} "
            f"and rows sum to {float(sums.min()):.3g} … {float(sums.max()):.3g}; say output='logits' and softmax is applied."
        )
    return given


def _pair(second: Any) -> Any:
    return torch.cat([1 - second, second], 1)
