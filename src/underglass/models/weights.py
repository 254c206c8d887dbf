"""Which numbers does an operation of a model's graph hold? What every adapter's ``weights_in`` gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from underglass.models.model import Array

TAKEN = "takes"
"""Detail of an operation that is no layer: the weights it takes, by name, with commas between."""


@dataclass(frozen=True)
class Weight:
    """A tensor that a training has set, or that was set beside it, such as a moving average.

    Parameters
    ----------
    name : in the framework's own words, within its layer.
    operation : id of the operation that holds it.
    shape : sizes of its axes, in the framework's own order.
    kind : type of its numbers, in the framework's own words.
    trained : whether gradients change it; None where the file does not say.
    read : gives its numbers in that shape; None where the file holds none that can be read alone.
    """

    name: str
    operation: str
    shape: tuple[int, ...]
    kind: str
    trained: bool | None
    read: Callable[[], Array | None]


def base_of(name: str) -> str:
    """An operation's id without the number of its call.

    Examples
    --------
    >>> base_of("block.conv:1"), base_of("a:b")
    ('block.conv', 'a:b')
    """
    before, _, call = name.rpartition(":")
    return before if before and call.isdigit() else name
