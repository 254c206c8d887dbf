"""What is counted while batches pass through a model?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx

from underglass.models.inputs import Prepared
from underglass.models.torch_model import TorchModel, TorchPlace
from underglass.probes.contributions import strongest
from underglass.probes.gradient_influence import estimates, most_active, recording
from underglass.probes.influence_hops import Hop, Kind
from underglass.probes.influence_plan import Measured, Plan
from underglass.probes.influence_tally import Tally
from underglass.probes.traced_module import Traced

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]


class Run:
    """The counts of one streamed pass.

    Parameters
    ----------
    model : run on each batch.
    traced : the module as operations; None if it cannot be traced.
    followed : what to measure.
    places : layer → where its value is found.
    subsets : how many there are.
    top : sources that count for each unit and instance.
    estimated_units : for a layer that must be estimated, how many of its units.
    """

    def __init__(
        self,
        model: TorchModel,
        traced: Traced | None,
        followed: Plan,
        places: Mapping[str, TorchPlace],
        *,
        subsets: int,
        top: int,
        estimated_units: int,
    ) -> None:
        self.model, self.traced, self.plan, self.places, self.top = model, traced, followed, places, top
        self.subsets, self.estimated_units = subsets, estimated_units
        self.tallies = [Tally(subsets, len(one.term.units), len(_channels(one))) for one in followed.measured]
        self.units: dict[str, Ints] = {}
        self.estimated: dict[tuple[str, str], Tally] = {}

    def measure(self, batch: Prepared, pointers: Ints, subsets: Ints) -> None:
        """Run one batch and count."""
        if self.plan.measured and self.traced is not None:

            def look(one: int, value: Tensor) -> None:
                measured = self.plan.measured[one]
                self.tallies[one].add(*strongest(measured.term, value, self.top), pointers, subsets)

            _Measuring(self.traced, self.plan.measured, look).run(*arguments(batch.inputs))
        if self.plan.estimated:
            involved = dict.fromkeys(
                [*self.plan.estimated, *(name for before, _ in self.plan.estimated.values() for name in before)]
            )
            with torch.enable_grad(), recording(self.model, [self.places[name] for name in involved]) as recorded:
                _call(self.model.net, batch.inputs)
                for target, (sources, _) in self.plan.estimated.items():
                    self._estimate(recorded, target, sources, pointers, subsets)

    def _estimate(
        self, recorded: Mapping[str, tuple[Tensor, Tensor]], target: str, sources: Sequence[str], pointers: Ints, subsets: Ints
    ) -> None:
        there = [source for source in sources if source in recorded]
        if target not in recorded or not there:
            return
        place = self.places[target]
        if target not in self.units:
            self.units[target] = most_active(recorded[target][0], place, self.estimated_units)
        units = self.units[target]
        found = estimates(recorded, place, [self.places[source] for source in there], units, self.top)
        for source, (values, channels) in zip(there, found, strict=True):
            shape = (self.subsets, len(units), self.places[source].layer.units)
            tally = self.estimated.setdefault((source, target), Tally(*shape))
            tally.add(values, channels, pointers, subsets)

    def hops(self) -> tuple[Hop, ...]:
        """All that was counted, by pair of tensors."""
        found = [hop for one, tally in zip(self.plan.measured, self.tallies, strict=True) for hop in self._hops_of(one, tally)]
        for (source, target), tally in self.estimated.items():
            subset, unit, channel, count, total = tally.entries()
            sizes = self.places[source].layer.units, self.places[target].layer.units
            found.append(_hop(source, target, "gradient", sizes, (subset, self.units[target][unit], channel, count, total)))
        return tuple(found)

    def _hops_of(self, one: Measured, tally: Tally) -> list[Hop]:
        assert self.traced is not None
        subset, unit, channel, count, total = tally.entries()
        origin = [one.origin.tensor[at] for at in _channels(one)]
        place = one.origin.unit.numpy()[_channels(one)]
        units = one.term.units.numpy()
        found = []
        for tensor in dict.fromkeys(node for node in origin if node is not None):
            here = np.array([node is tensor for node in origin])[channel]
            source, target = self._name(tensor), self._name(one.target)
            sizes = self.traced.channels(tensor), self.traced.channels(one.target)
            entries = subset[here], units[unit[here]], place[channel[here]], count[here], total[here]
            found.append(_hop(source, target, one.term.kind, sizes, entries))
        return found

    def _name(self, node: fx.Node) -> str:
        assert self.traced is not None
        return self.plan.shown.get(node) or self.traced.title(node)


class _Measuring(fx.Interpreter):  # type: ignore[misc]
    """Runs a traced module and looks at the inputs of some operations at the moment they are reached."""

    def __init__(self, traced: Traced, measured: Sequence[Measured], look: Callable[[int, Tensor], None]) -> None:
        super().__init__(traced.graph)
        self.at: dict[fx.Node, list[int]] = {}
        for place, one in enumerate(measured):
            self.at.setdefault(one.term.node, []).append(place)
        self.measured, self.look = measured, look

    def run_node(self, n: fx.Node) -> Any:
        for place in self.at.get(n, ()):
            self.look(place, self.env[self.measured[place].term.operand])
        return super().run_node(n)


def _channels(one: Measured) -> Ints:
    """The features that stand for the input channels of an operation: all, or the first of each flattened map."""
    return np.arange(0, len(one.origin.tensor), one.term.fold)


def _hop(source: str, target: str, kind: Kind, sizes: tuple[int, int], entries: tuple[Ints, Ints, Ints, Ints, Floats]) -> Hop:
    subset, unit, channel, count, total = entries
    return Hop(
        source,
        target,
        kind,
        *sizes,
        subset.astype(np.int32),
        unit.astype(np.int32),
        channel.astype(np.int32),
        count.astype(np.int64),
        total.astype(np.float64),
    )


def arguments(inputs: Any) -> tuple[Any, ...]:
    """What a module is called with, as positional arguments."""
    if isinstance(inputs, Mapping):
        return tuple(inputs.values())
    return tuple(inputs) if isinstance(inputs, tuple) else (inputs,)


def _call(net: Any, inputs: Any) -> None:
    if isinstance(inputs, Mapping):
        net(**inputs)
    else:
        net(*arguments(inputs))
