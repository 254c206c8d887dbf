"""Which layers does a model have, told from the shapes they give for one instance and for two? The same for every framework."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, NamedTuple, TypeVar

from underglass.errors import ModelError
from underglass.models.layer_axes import FEWEST_UNITS, Axes, batch_axis, spread
from underglass.models.model import Layer

Key = TypeVar("Key", bound=Hashable)
Role = Literal["weighted", "merge", "block", "inside", "other"]
FEWEST_MERGES = 3


class Call(NamedTuple):
    """Where a value is given: in which call of which module or operation, and where in its output.

    Parameters
    ----------
    name : of the module or operation.
    number : of the call in a pass, from 0.
    path : ``""``, ``"0"``, ``"1.0"``, ``"key"``.
    """

    name: str
    number: int
    path: str


@dataclass(frozen=True)
class Sighting(Generic[Key]):
    """One real-valued tensor that a model computed on the way.

    Parameters
    ----------
    key : where to find it again.
    name, type : of the layer.
    shape : with the batch axis.
    channels : the axis of one instance whose entries are the units, such as 0 or -1; None where a layer keeps them as they came.
    role : whether it has weights, joins branches with values of both, is what a block gives, or has weights inside a block.
    """

    key: Key
    name: str
    type: str
    shape: tuple[int, ...]
    channels: int | None
    role: Role = "other"


@dataclass(frozen=True)
class Place(Generic[Key]):
    """One layer, where to find its value during a pass, and its axes."""

    layer: Layer
    key: Key
    axes: Axes


@dataclass(frozen=True)
class Listing(Generic[Key]):
    """The layers of a model in order of execution, and what was left out.

    Parameters
    ----------
    places : layer name → place.
    left_out : pairs of name and reason.
    """

    places: dict[str, Place[Key]]
    left_out: tuple[tuple[str, str], ...]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers alone."""
        return tuple(place.layer for place in self.places.values())


def list_layers(
    alone: Sequence[Sighting[Key]], twice: Mapping[Key, tuple[int, ...]], *, fixed: int | None = None, hint: str
) -> Listing[Key]:
    """Put two sightings of the same model together.

    Parameters
    ----------
    alone : what was seen for one instance, in order of execution.
    twice : the shapes seen for the same instance twice; empty if the model takes no two.
    fixed : the only size of batch that the model takes; None if it takes any. The batch axis is then the first.
    hint : what to say where nothing was seen.

    Raises
    ------
    ModelError
        Not one layer was seen.
    """
    places: dict[str, Place[Key]] = {}
    left_out: list[tuple[str, str]] = []
    position_of_shape: dict[tuple[int, ...], int] = {}
    for one in alone:
        batch = batch_axis(one.shape, twice.get(one.key)) if fixed is None else _first_axis(one.shape, fixed)
        if isinstance(batch, str):
            left_out.append((one.name, batch))
            continue
        rest = [axis for axis in range(len(one.shape)) if axis != batch]
        instance = tuple(one.shape[axis] for axis in rest)
        position = one.channels
        if position is None:
            position = position_of_shape.get(instance, 0 if len(rest) >= 3 else -1)
        position_of_shape[instance] = position
        axes = Axes(batch, rest[position], one.shape[batch] // (fixed or 1), len(one.shape))
        shape = (axes.fold, *instance) if axes.fold > 1 else instance
        layer = Layer(one.name, one.type, one.shape[axes.channels], shape, suggested=False)
        places[one.name] = Place(layer, one.key, axes)
    if not places:
        raise ModelError(hint)
    good = _suggested([(places[one.name].layer, one.role) for one in alone if one.name in places])
    found = {name: replace(place, layer=replace(place.layer, suggested=name in good)) for name, place in places.items()}
    return Listing(found, tuple(left_out))


def _first_axis(shape: tuple[int, ...], fixed: int) -> int | str:
    if len(shape) < 2:
        return "one number an instance, without units"
    return 0 if shape[0] % fixed == 0 else f"its batch axis cannot be told, for the model takes {fixed} instances at a time"


def _suggested(seen: Sequence[tuple[Layer, Role]]) -> set[str]:
    """Where branches meet or blocks end, and weighted layers outside of them; at most a dozen, never the logits."""
    roles = [role for _, role in seen]
    last = max((i for i, role in enumerate(roles) if role in ("weighted", "inside")), default=-1)
    meetings = [i for i, role in enumerate(roles) if role == "merge" and i < last]
    met = len(meetings) >= FEWEST_MERGES
    among = range(meetings[0], meetings[-1]) if met else range(0)
    good = [
        layer.name
        for i, (layer, role) in enumerate(seen)
        if i < last
        and layer.units >= FEWEST_UNITS
        and (role == "block" or (role == "merge" and met) or (role == "weighted" and i not in among))
    ]
    return spread(good)
