"""What does a layer give for an input, with gradients, and without running what comes after it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch
from torch import Tensor

from underglass.errors import LayerError, ModelError
from underglass.models.inputs import Prepared, describe, said
from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_hooks import tensors
from underglass.models.torch_inputs import laid_out
from underglass.models.torch_model import TorchModel, TorchPlace
from underglass.probes.folded_norms import folded

SAME = 1e-3
"""How far a folded copy's outputs may lie apart from the model's, in shares of the largest."""


class _Reached(Exception):
    """The layer has spoken."""


class UpToLayer:
    """Runs a model as far as one layer; made by `up_to`."""

    def __init__(self, model: TorchModel, place: TorchPlace, net: Any = None) -> None:
        self.model, self.place = model, place
        self.net = model.net if net is None else net
        self.channels_last = model.channels_last
        self._found: list[Tensor] = []
        self._calls = 0
        self._thread = get_ident()

    def __call__(self, inputs: Tensor) -> Tensor:
        """The layer's output (n, units, positions) for a batch; 1 position where it has no space.

        Raises
        ------
        ModelError
            The model cannot take an input of this shape.
        """
        self._found.clear()
        self._calls = 0
        if self.channels_last:
            inputs = laid_out(inputs)
        try:
            self.net(inputs)
        except _Reached:
            pass
        except (RuntimeError, ValueError, IndexError) as error:
            if "memory" in str(error):
                raise
            raise ModelError(f"the model cannot take the input {describe(inputs)}: {said(error)}.") from error
        if not self._found:
            raise ModelError(f"layer {self.place.layer.name!r} was not computed for this input.")
        return self._found.pop()

    def seen(self, _module: Any, _inputs: Any, output: Any) -> None:
        """Take the layer's output and end the pass; called by the module when it has computed."""
        if get_ident() != self._thread:
            return  # somebody else runs the same model
        self._calls += 1
        if self._calls - 1 != self.place.key.number:
            return
        for path, tensor in tensors(output):
            if path == self.place.key.path:
                value = self.place.axes.in_order(tensor)
                self._found.append(value.flatten(2) if value.ndim > 2 else value[..., None])
                raise _Reached


@contextmanager
def up_to(model: TorchModel, example: Prepared, layer: str) -> Iterator[UpToLayer]:
    """Inside, the model can be run up to a layer, in evaluation mode, with gradients with respect to the input alone.

    Raises
    ------
    LayerError
        If there is no such layer.
    """
    (place,) = model.places([layer], example)
    run = UpToLayer(model, place)
    hook = model.net.get_submodule(place.key.name).register_forward_hook(run.seen)
    try:
        with evaluating(model.net), torch.enable_grad():
            yield run
    finally:
        hook.remove()


def quicker(run: UpToLayer, inputs: Any, given: Tensor) -> UpToLayer:
    """The same run with the model's normalisations folded into its convolutions, for many passes back and forth.

    On a processor its images lie in memory with their channels last: convolutions of few channels are then faster both ways.

    Parameters
    ----------
    run : UpToLayer
    inputs : a batch for the model.
    given : what `run` gives for it.

    Returns
    -------
    A run over a copy of the model, without gradients of its weights, that gave the same up to rounding; else `run` itself.
    """
    if not isinstance(inputs, Tensor):
        return run
    again: list[UpToLayer] = []

    def once(net: Any) -> None:
        again[:] = [UpToLayer(run.model, run.place, net)]
        hook = net.get_submodule(run.place.key.name).register_forward_hook(again[0].seen)
        try:
            again[0](inputs[:1])
        finally:
            hook.remove()

    try:
        with torch.no_grad():
            net = folded(run.net, once)
            if net is None:
                return run
            net.get_submodule(run.place.key.name).register_forward_hook(again[0].seen)
            if inputs.device.type == "cpu":
                net.to(memory_format=torch.channels_last)
                again[0].channels_last = True
            found = again[0](inputs)
    except (ModelError, AttributeError, TypeError):
        return run
    same = found.shape == given.shape and bool((found - given).abs().max() <= SAME * given.abs().max())
    return again[0] if same else run


def check_units(units: Any, count: int, layer: str) -> list[int]:
    """Unit numbers as they were given, refused where the layer has none such."""
    wanted = [int(unit) for unit in units]
    outside = [unit for unit in wanted if not 0 <= unit < count]
    if outside:
        raise LayerError(f"layer {layer!r} has no unit {outside[0]}; its units are 0 to {count - 1}.")
    return wanted
