"""Where in a layer's output are the batch, the units and the positions? The same for every framework.

Found by running: the same instance once alone and once twice in a batch. The axis that has doubled is the batch axis,
wherever a layer keeps it, and what does not grow is no property of an instance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from underglass.errors import LayerError, unknown
from underglass.models.model import POOLINGS

MOST_SUGGESTED = 12
FEWEST_UNITS = 4


@dataclass(frozen=True)
class Axes:
    """Where the axes of a layer's output are.

    Parameters
    ----------
    batch : the axis that grows with the batch.
    channels : the axis whose entries are the units.
    fold : how many entries of the batch axis belong to one instance (windows folded into the batch), usually 1.
    ndim : count of axes of the output as the layer gives it.
    """

    batch: int
    channels: int
    fold: int
    ndim: int

    def in_order(self, value: Any) -> Any:
        """A view of a tensor or array with instances first, one entry each, units second, and all else behind."""
        if self.fold > 1:
            before, after = value.shape[: self.batch], value.shape[self.batch + 1 :]
            value = value.reshape(*before, -1, self.fold, *after)
        return value.permute(self._order) if hasattr(value, "permute") else value.transpose(self._order)

    @cached_property
    def _order(self) -> tuple[int, ...]:
        channels = self.channels + (self.fold > 1 and self.channels > self.batch)
        space = (axis for axis in range(self.ndim + (self.fold > 1)) if axis not in (self.batch, channels))
        return self.batch, channels, *space


def batch_axis(one: Sequence[int], two: Sequence[int] | None) -> int | str:
    """The axis that doubled, or why there is none.

    Parameters
    ----------
    one, two : shape of the value for one and for two instances; None if it was not computed for two.
    """
    if two is None or len(one) != len(two):
        return "not computed alike for one and for two instances"
    grown = [axis for axis, (a, b) in enumerate(zip(one, two, strict=True)) if a != b]
    if not grown:
        return "the same whatever the instance"
    if len(grown) > 1 or two[grown[0]] != 2 * one[grown[0]]:
        return "mixes the instances of a batch"
    if len(one) == 1:
        return "one number an instance, without units"
    return grown[0]


def check_pooling(pooling: Sequence[str]) -> tuple[str, ...]:
    """The poolings asked for, once each.

    Raises
    ------
    LayerError
        One that does not exist; the message names the nearest.
    """
    for one in pooling:
        if one not in POOLINGS:
            raise LayerError(unknown("pooling", one, POOLINGS))
    return tuple(dict.fromkeys(pooling))


def spread(names: Sequence[str]) -> set[str]:
    """At most a dozen of the names, evenly spread, first and last among them."""
    if len(names) <= MOST_SUGGESTED:
        return set(names)
    step = (len(names) - 1) / (MOST_SUGGESTED - 1)
    return {names[round(i * step)] for i in range(MOST_SUGGESTED)}
