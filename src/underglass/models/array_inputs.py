"""How do raw instances become arrays that a model of any framework but torch is called with?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import ModelError
from underglass.models.inputs import Prepared, batched, describe
from underglass.models.model import Array
from underglass.models.nested import mapped

PLAINEST = "underglass.models.pictures says it in one line: size, mean, deviation, where the channels are"
Size = int | str | None


@dataclass(frozen=True)
class Spec:
    """One input of a model.

    Parameters
    ----------
    name : as the model calls it.
    shape : with the batch axis; a word or None for a size that may vary.
    kind : type of its numbers, such as "float32".
    """

    name: str
    shape: tuple[Size, ...]
    kind: str

    def __str__(self) -> str:
        sizes = " × ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {sizes} {self.kind}"


def fixed_batch(specs: Sequence[Spec]) -> int | None:
    """The only size of batch that a model takes; None if it takes any."""
    sizes = {spec.shape[0] for spec in specs if spec.shape}
    only = next(iter(sizes)) if len(sizes) == 1 else None
    return only if isinstance(only, int) else None


def prepare(
    raw: Sequence[Any],
    preprocess: Callable[[Any], Any] | None,
    collate: Callable[[list[Any]], Any] | None,
    specs: Sequence[Spec],
) -> Prepared:
    """Preprocess instance by instance, collate, and give each input the type of numbers the model asks for.

    Returns
    -------
    One array if the model has one input, else a mapping from the names of its inputs to arrays.

    Raises
    ------
    ModelError
        ``preprocess`` fails, gives nothing usable, shapes that cannot be stacked, or other inputs than the model's.
    """
    batch = batched(raw, preprocess, collate, part=_array, stack=np.stack, plainest=PLAINEST)
    return Prepared(_named(mapped(batch, _array), specs), len(raw))


def _array(value: Any) -> Array:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ModelError(f"preprocess gives {type(value).__name__}; it must give a tensor, an array, or a tuple or dict of them.")
    return array


def _named(batch: Any, specs: Sequence[Spec]) -> Any:
    """By the names of the model's inputs, in its types; as it is where a model does not say what it takes."""
    if not specs:
        return mapped(batch, lambda part: part.astype(np.float32) if part.dtype == np.float64 else part)
    names = [spec.name for spec in specs]
    if isinstance(batch, np.ndarray):
        batch = {names[0]: batch} if len(names) == 1 else (batch,)
    if isinstance(batch, tuple):
        if len(batch) != len(names):
            raise ModelError(f"preprocess gives {len(batch)} inputs, and the model takes {len(names)}: {', '.join(names)}.")
        batch = dict(zip(names, batch, strict=True))
    if set(batch) != set(names):
        raise ModelError(f"preprocess gives inputs named {', '.join(map(str, batch))}; the model's are {', '.join(names)}.")
    kinds = {spec.name: spec.kind for spec in specs}
    typed = {name: np.ascontiguousarray(batch[name], np.dtype(kinds[name])) for name in names}
    return typed if len(names) > 1 else typed[names[0]]


def misfit(inputs: Any, specs: Sequence[Spec]) -> str | None:
    """What about the shapes is not as the model asks for, in words; None if all fit."""
    given = inputs if isinstance(inputs, Mapping) else {spec.name: inputs for spec in specs[:1]}
    for spec in specs:
        array = given[spec.name]
        asked = spec.shape[1:]
        sizes = array.shape[1:]
        if len(array.shape) != len(spec.shape) or any(
            isinstance(wanted, int) and wanted != found for wanted, found in zip(asked, sizes, strict=True)
        ):
            return f"the model takes {spec}, and preprocess gives {describe(array)}, the batch of {len(array)} first"
    return None
