"""How do raw instances become arrays that a model of any framework but torch is called with?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import ModelError
from underglass.models.inputs import Prepared, called, describe, one_shape, refuse_raw, row_of_features
from underglass.models.model import Array

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
    single = [_preprocess(one, preprocess) for one in raw]
    batch = _array(called(collate, single, "collate")) if collate is not None else _stack(single)
    return Prepared(_named(batch, specs), len(raw))


def rows(inputs: Any, index: Sequence[int]) -> Any:
    """Some instances of a batch."""
    if isinstance(inputs, Mapping):
        return {name: part[list(index)] for name, part in inputs.items()}
    return tuple(part[list(index)] for part in inputs) if isinstance(inputs, tuple) else inputs[list(index)]


def flat(inputs: Any) -> list[Array]:
    """All arrays of an input, mappings by sorted key."""
    if isinstance(inputs, Mapping):
        return [inputs[key] for key in sorted(inputs)]
    return list(inputs) if isinstance(inputs, tuple) else [inputs]


def _preprocess(raw: Any, preprocess: Callable[[Any], Any] | None) -> Any:
    if preprocess is not None:
        return _array(called(preprocess, raw, "preprocess"))
    refuse_raw(raw, PLAINEST)
    row = row_of_features(raw)
    return _array(raw) if row is None else row


def _array(value: Any) -> Any:
    """Tensors, numbers and PIL images as arrays; containers stay what they are."""
    if isinstance(value, Mapping):
        return {key: _array(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_array(part) for part in value)
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ModelError(f"preprocess gives {type(value).__name__}; it must give a tensor, an array, or a tuple or dict of them.")
    return array


def _stack(single: list[Any]) -> Any:
    first = single[0]
    if isinstance(first, Mapping):
        return {key: _stack([one[key] for one in single]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stack([one[i] for one in single]) for i in range(len(first)))
    one_shape([one.shape for one in single])
    return np.stack(single)


def _named(batch: Any, specs: Sequence[Spec]) -> Any:
    """By the names of the model's inputs, in its types; as it is where a model does not say what it takes."""
    if not specs:
        return _single_precision(batch)
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


def _single_precision(batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return {name: _single_precision(part) for name, part in batch.items()}
    if isinstance(batch, tuple):
        return tuple(_single_precision(part) for part in batch)
    return batch.astype(np.float32) if batch.dtype == np.float64 else batch


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
