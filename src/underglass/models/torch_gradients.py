"""By how much would an output change with each input? Of torch modules, and of Keras models on torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from underglass.errors import ModelError
from underglass.models.model import Array
from underglass.models.nested import leaves, mapped
from underglass.models.outputs import scores
from underglass.models.torch_arrays import to_array


def input_gradients(call: Callable[[Any], Any], inputs: Any, output: int) -> dict[str, Array]:
    """Gradient of one output by each real-valued input; gradients of weights stay as they were.

    Parameters
    ----------
    call : runs the model in evaluation mode.
    inputs : a tensor, or a tuple or mapping of them.
    output : index of a class.

    Returns
    -------
    Name → (n, …) float32: ``"input"`` if there is one alone, else its place or key.

    Raises
    ------
    ModelError
        There is no such output.
    """
    copies = mapped(inputs, lambda one: one.detach().clone().requires_grad_(one.is_floating_point()))
    with torch.enable_grad():
        found = scores(call(copies)).float()
        if not 0 <= output < found.shape[1]:
            raise ModelError(f"there is no output {output}; the model gives {found.shape[1]}.")
        real = {path or "input": one for path, one in leaves(copies) if one.requires_grad}
        slopes = torch.autograd.grad(found[:, output].sum(), list(real.values()))
    return {name: to_array(one) for name, one in zip(real, slopes, strict=True)}
