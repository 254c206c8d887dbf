"""What feeds a unit where no sum over channels can be taken apart? An estimate: gradient times activation.

For a unit of a later layer and an instance, the gradient of its largest activation with respect to an earlier layer, times that
layer, summed over space: by how much the unit would fall, to first order, if the channel were silenced. It is not the exact
contribution and is labelled as an estimate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from underglass.models.torch_model import TorchModel, TorchPlace
from underglass.probes.strongest import keep_strongest, nothing_yet

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


@contextmanager
def recording(model: TorchModel, places: Sequence[TorchPlace]) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """Cut a pass at some layers: for each, what it gave, with its history back to the layers before, and the leaf put there."""
    by_place = {(place.key.name, place.key.number): place for place in places}
    modules = dict(model.net.named_modules())
    calls: Counter[str] = Counter()
    found: dict[str, tuple[Tensor, Tensor]] = {}

    def hook_for(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> Any:
            call = calls[name]
            calls[name] += 1
            place = by_place.get((name, call))
            if place is None or not isinstance(output, Tensor):
                return None
            leaf = output.detach().clone().requires_grad_()
            found[place.layer.name] = (output.clone(), leaf)
            return leaf.clone()

        return hook

    handles = []
    try:
        handles += [modules[name].register_forward_hook(hook_for(name)) for name in {place.key.name for place in places}]
        yield found
    finally:
        for handle in handles:
            handle.remove()


def most_active(value: Tensor, place: TorchPlace, most: int) -> Ints:
    """The units of a layer with the largest mean peak over a batch, in their own order."""
    mean = _peaks(value, place).detach().mean(0)
    return np.sort(torch.topk(mean, min(most, len(mean))).indices.cpu().numpy())


def estimates(
    recorded: Mapping[str, tuple[Tensor, Tensor]], target: TorchPlace, sources: Sequence[TorchPlace], units: Ints, top: int
) -> list[tuple[Floats, Ints]]:
    """The strongest sources of some units, for each source layer.

    Returns
    -------
    For each source layer, estimates (instances, units, top) in falling order and their channels, −1 where fewer are positive.
    """
    peaks = _peaks(recorded[target.layer.name][0], target)
    leaves = [recorded[source.layer.name][1] for source in sources]
    found = [nothing_yet(len(peaks), len(units), top) for _ in sources]
    if not peaks.requires_grad:
        return found
    for at, unit in enumerate(units.tolist()):
        slopes = torch.autograd.grad(peaks[:, unit].sum(), leaves, retain_graph=True, allow_unused=True)
        for (values, channels), slope, leaf, source in zip(found, slopes, leaves, sources, strict=True):
            if slope is None:
                continue
            product = source.axes.in_order(slope * leaf.detach())
            weight = product.sum(tuple(range(2, product.ndim))) if product.ndim > 2 else product
            for n, row in enumerate(weight.float().cpu().numpy()):
                keep_strongest(row[:, None], 0, values[n, at : at + 1], channels[n, at : at + 1])
    return found


def _peaks(value: Tensor, place: TorchPlace) -> Tensor:
    """The largest activation of each unit: (instances, units)."""
    value = place.axes.in_order(value)
    peak: Tensor = value.amax(tuple(range(2, value.ndim))) if value.ndim > 2 else value
    return peak
