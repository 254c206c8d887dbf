"""Which layers does a model have, told from the shapes they give for one instance and for two?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from underglass.errors import ModelError
from underglass.models.layer_axes import FEWEST_UNITS, Axes, batch_axis, spread
from underglass.models.model import Layer

Role = Literal["weighted", "merge", "other"]
FEWEST_MERGES = 3


@dataclass(frozen=True)
class Sighting:
    """One real-valued array that a model computed on the way.

    Parameters
    ----------
    key : where to find it again.
    name, type : of the layer.
    shape : with the batch axis.
    channels : the axis whose entries are the units.
    role : whether it has weights, or joins branches with values of both.
    """

    key: Hashable
    name: str
    type: str
    shape: tuple[int, ...]
    channels: int
    role: Role = "other"


@dataclass(frozen=True)
class Place:
    """One layer, where to find its value during a pass, and its axes."""

    layer: Layer
    key: Hashable
    axes: Axes


@dataclass(frozen=True)
class Listing:
    """The layers of a model in order of execution, and what was left out.

    Parameters
    ----------
    places : layer name → place.
    left_out : pairs of name and reason.
    """

    places: dict[str, Place]
    left_out: tuple[tuple[str, str], ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers alone."""
        return tuple(place.layer for place in self.places.values())


def list_layers(alone: Sequence[Sighting], twice: Sequence[Sighting] | None, *, fixed: int | None = None, called: str) -> Listing:
    """Put two sightings of the same model together.

    Parameters
    ----------
    alone, twice : what was seen for one instance, and for the same instance twice; None if the model takes no two.
    fixed : the only size of batch that the model takes; None if it takes any. The batch axis is then the first.
    called : the model's name, for the error.

    Raises
    ------
    ModelError
        Not one layer was seen.
    """
    doubled = {one.key: one.shape for one in twice or ()}
    places: dict[str, Place] = {}
    left_out: list[tuple[str, str]] = []
    for one in alone:
        batch = batch_axis(one.shape, doubled.get(one.key)) if fixed is None else _first_axis(one.shape, fixed)
        if isinstance(batch, str):
            left_out.append((one.name, batch))
            continue
        channels = one.channels if one.channels != batch else (len(one.shape) - 1 if batch == 0 else 0)
        fold = one.shape[batch] // (fixed or 1)
        instance = tuple(size for axis, size in enumerate(one.shape) if axis != batch)
        instance = (fold, *instance) if fold > 1 else instance
        layer = Layer(one.name, one.type, one.shape[channels], instance, suggested=False)
        places[one.name] = Place(layer, one.key, Axes(batch, channels, fold, len(one.shape)))
    if not places:
        raise ModelError(f"{called} lets no layer be seen: nothing in it computes numbers with units from its input.")
    good = _suggested([one for one in alone if one.name in places])
    found = {name: replace(place, layer=replace(place.layer, suggested=name in good)) for name, place in places.items()}
    return Listing(found, tuple(left_out))


def _first_axis(shape: tuple[int, ...], fixed: int) -> int | str:
    if len(shape) < 2:
        return "one number an instance, without units"
    return 0 if shape[0] % fixed == 0 else f"its batch axis cannot be told, for the model takes {fixed} instances at a time"


def _suggested(seen: Sequence[Sighting]) -> set[str]:
    """Where branches meet, and weighted layers before and after; weighted layers alone in a chain; never the logits."""
    roles = [one.role for one in seen]
    last = max((i for i, role in enumerate(roles) if role == "weighted"), default=-1)
    meetings = [i for i, role in enumerate(roles) if role == "merge" and i < last]
    among = range(meetings[0], meetings[-1]) if len(meetings) >= FEWEST_MERGES else range(0)
    good = [
        one.name
        for i, one in enumerate(seen)
        if i < last
        and one.shape[one.channels] >= FEWEST_UNITS
        and ((one.role == "merge" and len(meetings) >= FEWEST_MERGES) or (one.role == "weighted" and i not in among))
    ]
    return spread(good)
