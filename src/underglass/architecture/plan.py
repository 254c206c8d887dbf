"""What of a model is drawn, and what as one: everything of a figure that is not its look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Literal

from underglass.architecture.groups import Group, as_group
from underglass.errors import UnderglassError, unknown

SAME = ("structure", "shape")


@dataclass(frozen=True)
class Plan:
    """What is drawn, and what as one.

    Parameters
    ----------
    depth : level of the module hierarchy that is drawn as one, 0 for none; None for the deepest that fits.
    hide : types not drawn; None for activations, normalisations, dropout and what only reshapes.
    fold : equal aggregates in a row are drawn once, with ×N.
    same : aggregates are the same by ``structure`` (types and how they are joined), or by ``shape`` too (and all sizes).
    routes : a split has a glyph of its own, so that a branch has one way in.
    groups : further aggregates, made by hand, in order.
    """

    depth: int | None = None
    hide: tuple[str, ...] | None = None
    fold: bool = True
    same: Literal["structure", "shape"] = "structure"
    routes: bool = False
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if self.depth is not None and (not isinstance(self.depth, int) or isinstance(self.depth, bool) or self.depth < 0):
            raise UnderglassError(f"depth is {self.depth!r}; it is a whole number from 0, or None for the deepest that fits.")
        if self.same not in SAME:
            raise UnderglassError(unknown("kind of sameness", str(self.same), SAME))
        for name in ("fold", "routes"):
            if not isinstance(getattr(self, name), bool):
                raise UnderglassError(f"{name} is {getattr(self, name)!r}; it is true or false.")
        if self.hide is not None:
            object.__setattr__(self, "hide", _words(self.hide))
        if not isinstance(self.groups, list | tuple):
            raise UnderglassError(f"groups is {self.groups!r}; give a list, such as [Group('Stem', 'conv1', 'maxpool')].")
        object.__setattr__(self, "groups", tuple(as_group(one) for one in self.groups))


PLANNED = tuple(one.name for one in fields(Plan))


def _words(given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(isinstance(one, str) for one in given):
        raise UnderglassError(f"hide is {given!r}; give the names of types, such as ('ReLU', 'BatchNorm2d').")
    return tuple(given)
