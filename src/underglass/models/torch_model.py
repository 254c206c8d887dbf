"""How is a torch module looked into: its values on the way, its graph, its gradients?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from underglass.architecture.graph import ModelGraph, Operation
from underglass.models import torch_threads
from underglass.models.framework_model import FrameworkModel
from underglass.models.inputs import Prepared, said
from underglass.models.layer_axes import Axes
from underglass.models.layers import Call, Place, Sighting
from underglass.models.model import Array
from underglass.models.settings import Settings
from underglass.models.torch_arrays import bits, to_array
from underglass.models.torch_evaluation import evaluating, plain
from underglass.models.torch_gradients import input_gradients
from underglass.models.torch_hooks import watching
from underglass.models.torch_inputs import home, laid_out, prepare
from underglass.models.torch_layers import sightings
from underglass.models.torch_pooling import maps, pool
from underglass.models.weights import Weight

TorchPlace = Place[Call]


class TorchModel(FrameworkModel[Call]):
    """A `Model` around a ``torch.nn.Module``; made by `underglass.models.torch`.

    The module is never moved, and after every call it is as it was: modes restored, no hooks left.

    Parameters
    ----------
    net : the module.
    settings : see `Settings`.
    channels_last : whether images are laid out so in memory.
    """

    framework = "torch"

    def __init__(self, net: Any, settings: Settings, *, channels_last: bool) -> None:
        super().__init__(settings, name=type(net).__name__.lower(), output="logits")
        self.net: Any = plain(net)
        self.channels_last = channels_last
        kind = type(self.net).__name__
        self.no_layer = f"{kind} lets no layer be seen; a TorchScript or exported module hides them: give the nn.Module itself."

    @property
    def title(self) -> str:
        return type(self.net).__name__

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.net.parameters())

    @property
    def training(self) -> bool:
        return any(module.training for module in self.net.modules())

    @property
    def threads(self) -> int:
        return torch_threads.threads()

    def on_threads(self, count: int) -> AbstractContextManager[None]:
        return torch_threads.on_threads(count)

    @property
    def device(self) -> str:
        return str(home(self.net)[0])

    def graph(self, example: Sequence[Any]) -> ModelGraph:
        from underglass.models.torch_graph import read_graph

        return read_graph(self.net, inputs=self.prepare(example[:1]).inputs)

    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        from underglass.models.torch_weights import weights_in

        return weights_in(self.net, operations)

    def times(self, raw: Sequence[Any] | Prepared) -> tuple[dict[str, float], float]:
        """Seconds of each of the graph's operations on raw instances, by id, and of the whole pass when nothing is watched."""
        from underglass.models.torch_times import time_operations

        batch = self._batch(raw)
        return time_operations(self.net, lambda: self._call(batch))

    def prepare(self, raw: Sequence[Any]) -> Prepared:
        batch = prepare(raw, self.preprocess, self.collate, self.net)
        return replace(batch, inputs=laid_out(batch.inputs)) if self.channels_last else batch

    def weights(self) -> Mapping[str, Any]:
        """All parameters and buffers."""
        return {name: value for name, value in self.net.state_dict().items() if isinstance(value, torch.Tensor)}

    def _watch(self, batch: Prepared, keys: Sequence[Call] | None, look: Callable[[Call, Any], None]) -> Any:
        if keys is None:
            names = [name for name, _ in self.net.named_modules() if name] or [""]
        else:
            names = list(dict.fromkeys(key.name for key in keys))
        with evaluating(self.net), watching(self.net, names, look):
            return self._call(batch)

    def _sightings(self, seen: Sequence[tuple[Call, tuple[int, ...]]]) -> list[Sighting[Call]]:
        return sightings(self.net, seen)

    def _pool(self, value: Any, axes: Axes, pooling: Sequence[str]) -> Mapping[str, Any]:
        return pool(value, axes, pooling)

    def _maps(self, value: Any, axes: Axes, unit: int | None) -> Any:
        return maps(value, axes, unit)

    def _array(self, value: Any) -> Array:
        return to_array(value)

    def _bits(self, value: Any) -> tuple[str, Array]:
        return bits(torch.as_tensor(value))

    def _gradients(self, batch: Prepared, output: int) -> dict[str, Array]:
        with evaluating(self.net):
            return input_gradients(lambda inputs: self._call(replace(batch, inputs=inputs)), batch.inputs, output)

    def _call(self, batch: Prepared) -> Any:
        inputs = batch.inputs
        with self._taking(batch):
            if isinstance(inputs, dict):
                return self.net(**inputs)
            return self.net(*inputs) if isinstance(inputs, tuple) else self.net(inputs)

    def _failure(self, error: BaseException) -> str:
        return f"{_culprit(self.net, error)}: {said(error)}"


def _culprit(net: nn.Module, error: BaseException) -> str:
    """The innermost module the error passed through, as far as the traceback tells."""
    names = {id(module): name for name, module in net.named_modules()}
    found, trace = "", error.__traceback__
    while trace is not None:
        name = names.get(id(trace.tb_frame.f_locals.get("self")))
        found = name or found
        trace = trace.tb_next
    return f", at {found!r}" if found else ""
