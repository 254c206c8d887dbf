"""What does a model compute, in which order, on which shapes?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Operation:
    """One step of a model: a layer, or a function called between layers.

    Parameters
    ----------
    id : unique in its graph; the module path, with ``:1`` for a second call, or path and function of what is no module.
    type : name of the layer's class or of the function, as the framework spells it; ``Input`` for an input.
    path : path of the module it is, or in which it is called; "" for the model itself.
    shapes : one per output tensor, batch axis included; a word stands for a size that may vary.
    features : channels, units or width of the first output; None if it has none (token numbers).
    extent : the other axes without the batch: () dense, (length,) a sequence, (height, width) pictures.
    parameters : owned parameters, counted at the first operation that uses them.
    multiply_adds : products summed, of one call with the given shapes.
    line : "file.py:12" where the call is written, "" if that is not known.
    details : what else is worth telling, such as kernel sizes, in words.
    module : whether it is a layer of its own, rather than a function.
    """

    id: str
    type: str
    path: str
    shapes: tuple[Shape, ...]
    features: int | str | None
    extent: Shape
    parameters: int = 0
    multiply_adds: int = 0
    line: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    module: bool = False


@dataclass(frozen=True)
class Connection:
    """A tensor that one operation gives and another takes."""

    source: str
    target: str
    shape: Shape


@dataclass(frozen=True)
class ModelGraph:
    """All operations of a model in order of execution, and the tensors between them.

    Parameters
    ----------
    name : the model's class.
    operations : sources before targets.
    connections : ordered by target, then by the order in which the target takes them.
    outputs : ids of the operations whose tensors the model returns.
    parameters : of the whole model, each tensor once, also those no operation used.
    modules : path of every module, in order → its class.
    method : how the graph was found.
    reason : why a simpler method did not do; "" if it did.
    notes : what a reader of a figure ought to know.
    """

    name: str
    operations: tuple[Operation, ...]
    connections: tuple[Connection, ...]
    outputs: tuple[str, ...]
    parameters: int
    modules: Mapping[str, str] = field(default_factory=dict)
    method: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a graph that is none: double ids, unknown ends, connections against the order."""
        order = {one.id: place for place, one in enumerate(self.operations)}
        if len(order) < len(self.operations):
            twice = next(name for name, n in Counter(one.id for one in self.operations).items() if n > 1)
            raise ValueError(f"two operations are called {twice!r}")
        for edge in self.connections:
            if edge.source not in order or edge.target not in order:
                raise ValueError(f"the connection {edge.source!r} to {edge.target!r} has an end that is no operation")
            if order[edge.source] >= order[edge.target]:
                raise ValueError(f"the connection {edge.source!r} to {edge.target!r} runs against the order of the operations")
        for name in self.outputs:
            if name not in order:
                raise ValueError(f"the output {name!r} is no operation")

    @cached_property
    def by_id(self) -> dict[str, Operation]:
        """Operations by their ids."""
        return {one.id: one for one in self.operations}

    @property
    def multiply_adds(self) -> int:
        """Of one pass over the given shapes."""
        return sum(one.multiply_adds for one in self.operations)

    def as_json(self) -> dict[str, Any]:
        """Plain lists and words, in the order of this class."""
        return asdict(self) | {"multiply_adds": self.multiply_adds}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> ModelGraph:
        """The graph that `as_json` wrote, also after a way through a file.

        Raises
        ------
        ValueError
            If the fields are no graph; says which.
        """
        try:
            operations = tuple(
                Operation(
                    **{
                        **one,
                        "shapes": tuple(tuple(shape) for shape in one["shapes"]),
                        "extent": tuple(one["extent"]),
                        "details": dict(one["details"]),
                    }
                )
                for one in fields["operations"]
            )
            connections = tuple(Connection(one["source"], one["target"], tuple(one["shape"])) for one in fields["connections"])
            return cls(
                fields["name"],
                operations,
                connections,
                tuple(fields["outputs"]),
                int(fields["parameters"]),
                dict(fields["modules"]),
                fields["method"],
                fields["reason"],
                tuple(fields["notes"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no model graph ({error})") from error


def written(shape: Shape) -> str:
    """A shape for people.

    Examples
    --------
    >>> written((1, 64, "H", 56))
    '1 × 64 × H × 56'
    """
    return " × ".join(str(size) for size in shape)
