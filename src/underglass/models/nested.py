"""Models take and give tuples and mappings of tensors: how is each tensor inside reached? The same for every framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from underglass.errors import ModelError


def mapped(value: Any, change: Callable[[Any], Any], *, lists: bool = False) -> Any:
    """The same containers with each part changed.

    Parameters
    ----------
    value : a part, or a tuple or mapping of them, nested as it likes.
    change : what becomes of a part.
    lists : whether a list holds parts too, and becomes a tuple; else it is a part.

    Examples
    --------
    >>> mapped({"a": 1, "b": (2, 3)}, lambda part: part * 10)
    {'a': 10, 'b': (20, 30)}
    """
    if isinstance(value, Mapping):
        return {key: mapped(part, change, lists=lists) for key, part in value.items()}
    if isinstance(value, tuple) or (lists and isinstance(value, list)):
        return tuple(mapped(part, change, lists=lists) for part in value)
    return change(value)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every part with its path.

    Examples
    --------
    >>> list(leaves({"a": 1, "b": [2, 3]}))
    [('a', 1), ('b.0', 2), ('b.1', 3)]
    >>> list(leaves(1))
    [('', 1)]
    """
    if not isinstance(value, Mapping | list | tuple):
        yield path, value
        return
    for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
        yield from leaves(part, f"{path}.{key}" if path else str(key))


def flat(value: Any) -> list[Any]:
    """All tensors or arrays, mappings by sorted key: the same order whoever made the mapping."""
    if isinstance(value, Mapping):
        return [one for key in sorted(value, key=str) for one in flat(value[key])]
    if isinstance(value, list | tuple):
        return [one for part in value for one in flat(part)]
    return [value] if hasattr(value, "shape") else []


def stacked(single: Sequence[Any], stack: Callable[[Sequence[Any]], Any]) -> Any:
    """Instances of the same containers as one batch.

    Parameters
    ----------
    stack : the framework's, for tensors of one shape.

    Raises
    ------
    ModelError
        Their shapes differ.
    """
    first = single[0]
    if isinstance(first, Mapping):
        return {key: stacked([one[key] for one in single], stack) for key in first}
    if isinstance(first, tuple):
        return tuple(stacked([one[i] for one in single], stack) for i in range(len(first)))
    _one_shape([tuple(one.shape) for one in single])
    return stack(single)


def rows(inputs: Any, index: Sequence[int]) -> Any:
    """Some instances of a batch, whose first axis they are."""
    return mapped(inputs, lambda part: part[list(index)])


def _one_shape(shapes: list[tuple[int, ...]]) -> None:
    first = {shape: i for i, shape in reversed(list(enumerate(shapes)))}
    if len(first) > 1:
        (a, i), (b, j) = sorted(first.items(), key=lambda item: item[1])[:2]
        raise ModelError(
            f"preprocess gives shape {a} for instance {i} of the batch and {b} for instance {j}; "
            "they must be equal to be stacked: resize or pad in preprocess, or pass collate=…."
        )
