"""What are patterns of a layer looked for with?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from underglass.errors import DataError, LayerError, unknown

if TYPE_CHECKING:
    from underglass.store import ModelFolder

MOST = 50_000
"""Instances that are clustered at most, unless asked for more."""


@dataclass(frozen=True)
class Settings:
    """What patterns are looked for with; the defaults are NAP's.

    Parameters
    ----------
    parts : poolings to cluster on, of those captured; empty takes "mean", else the first captured.
    min_size : fewest instances of a pattern, at least 2.
    min_samples : neighbours that make a neighbourhood dense, at least 1.
    epsilon : scaled distance below which patterns stay one, 0 for none.
    selection : "leaf" or "eom".
    normalize_units : scale each unit by its largest magnitude.
    reduce : "auto", "none" or a number of principal components.
    most : above so many instances a sample is clustered, in the classes' proportions.
    unit : the unit whose whole map is clustered; None for the layer's pooled units.
    """

    parts: tuple[str, ...] = ()
    min_size: int = 5
    min_samples: int = 5
    epsilon: float = 0.0
    selection: str = "leaf"
    normalize_units: bool = True
    reduce: Literal["auto", "none"] | int = "auto"
    most: int = MOST
    unit: int | None = None

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON; what is not named keeps its default.

        Raises
        ------
        DataError
            If a setting is unknown or of the wrong type.
        """
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {}
        for name, value in (values or {}).items():
            if name not in known:
                raise DataError(unknown("setting", name, sorted(known)))
            given[name] = _typed(name, value)
        return cls(**given)

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), "parts": list(self.parts)}


def resolved(folder: ModelFolder, layer: str, settings: Settings) -> Settings:
    """Settings with the poolings that were captured put in, and checked against the layer."""
    captured = folder.record.pooling
    if settings.unit is not None:
        record = folder.record.layer(layer)
        folder.check_layer(layer, captured[0])
        assert record is not None
        if not 0 <= settings.unit < record.units:
            raise LayerError(f"layer {layer!r} has units 0 to {record.units - 1}, not {settings.unit}")
        return replace(settings, parts=())
    parts = settings.parts or (("mean",) if "mean" in captured else captured[:1])
    for part in parts:
        folder.check_layer(layer, part)
    return replace(settings, parts=tuple(parts))


def _typed(name: str, value: Any) -> Any:
    """One setting of plain JSON as its type."""
    if name == "parts":
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            raise DataError(f"setting 'parts' must be a list of poolings; got {value!r}.")
        return tuple(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name in ("min_size", "min_samples", "most"):
        if not whole or value < 1:
            raise DataError(f"setting {name!r} must be a whole number of at least 1; got {value!r}.")
        return value
    if name == "unit":
        if value is not None and not whole:
            raise DataError(f"setting 'unit' must be a unit's number; got {value!r}.")
        return value
    if name == "epsilon":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DataError(f"setting 'epsilon' must be a number; got {value!r}.")
        return float(value)
    if name == "normalize_units":
        if not isinstance(value, bool):
            raise DataError(f"setting 'normalize_units' must be true or false; got {value!r}.")
        return value
    if name == "reduce" and isinstance(value, str) and value not in ("auto", "none"):
        raise DataError(unknown("reduction", value, ("auto", "none")) + " A number of components is also allowed.")
    if not (isinstance(value, str) or (name == "reduce" and whole)):
        raise DataError(f"setting {name!r} cannot be {value!r}.")
    return value
