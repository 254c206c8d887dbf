"""How is a torch module read on an input whose sizes may vary? Read twice with other numbers, and named by what has followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from underglass.architecture.graph import Connection, ModelGraph, Operation, Shape
from underglass.errors import ModelError

BATCH, EXTENT = (1, 2), (64, 96)
"""Two numbers that a word stands for while it is read: as the first axis, and as another."""

Read = Callable[[Any], ModelGraph]


def words_of(shape: Any) -> dict[str, tuple[int, int]]:
    """Words among the sizes of one or several shapes → the two numbers to read them as."""
    if isinstance(shape, Mapping):
        shapes = list(shape.values())
    else:
        several = isinstance(shape, list | tuple) and bool(shape) and all(isinstance(one, list | tuple) for one in shape)
        shapes = list(shape) if several else [shape]
    found: dict[str, tuple[int, int]] = {}
    for one in shapes:
        for axis, size in enumerate(one if isinstance(one, list | tuple) else ()):
            if isinstance(size, str):
                found.setdefault(size, EXTENT if axis else BATCH)
    return found


def read_with_words(read: Read, shape: Any, words: Mapping[str, tuple[int, int]]) -> ModelGraph:
    """The graph with sizes that may vary written as words, or as multiples and parts of one; ``?`` for what follows otherwise.

    Parameters
    ----------
    read : reads the module on a shape of whole numbers.
    shape : one, several, or by name, as a person gave it.
    words : from `words_of`.

    Raises
    ------
    ModelError
        What the module runs depends on one of the sizes.
    """
    first = {word: numbers[0] for word, numbers in words.items()}
    graph = read(_filled(shape, first))
    others = []
    for word, (_, second) in words.items():
        other = read(_filled(shape, {**first, word: second}))
        if [one.id for one in other.operations] != [one.id for one in graph.operations]:
            raise ModelError(f"what it runs depends on {word}: give a number in its place, such as {second}.")
        others.append((word, other))

    def named(size: Any, there: Sequence[Any]) -> Any:
        moved = [(word, now) for (word, _), now in zip(others, there, strict=True) if now != size]
        if not moved:
            return size
        return _named(size, moved[0][1], moved[0][0], *words[moved[0][0]]) if len(moved) == 1 else "?"

    def shaped(here: Shape, there: Sequence[Shape]) -> Shape:
        return tuple(named(size, [shape[axis] for shape in there]) for axis, size in enumerate(here))

    operations = tuple(
        _renamed(one, [other.operations[place] for _, other in others], named, shaped)
        for place, one in enumerate(graph.operations)
    )
    connections = tuple(
        Connection(one.source, one.target, shaped(one.shape, [other.connections[place].shape for _, other in others]))
        for place, one in enumerate(graph.connections)
    )
    note = f"multiply-adds are those of {', '.join(f'{word} = {number}' for word, number in first.items())}"
    return replace(graph, operations=operations, connections=connections, notes=(*graph.notes, note))


def _renamed(one: Operation, there: Sequence[Operation], named: Callable[..., Any], shaped: Callable[..., Any]) -> Operation:
    return replace(
        one,
        shapes=tuple(shaped(shape, [other.shapes[i] for other in there]) for i, shape in enumerate(one.shapes)),
        features=named(one.features, [other.features for other in there]),
        extent=shaped(one.extent, [other.extent for other in there]),
    )


def _named(size: int, moved: int, word: str, first: int, second: int) -> str:
    """A size that was ``size`` when the word stood for ``first``, and ``moved`` when it stood for ``second``."""
    if size == first and moved == second:
        return word
    if size * second != moved * first:
        return "?"
    if size % first == 0:
        return f"{size // first}·{word}"
    return f"{word}/{first // size}" if first % size == 0 else "?"


def _filled(shape: Any, numbers: Mapping[str, int]) -> Any:
    if isinstance(shape, Mapping):
        return {name: _filled(one, numbers) for name, one in shape.items()}
    if isinstance(shape, list | tuple):
        return type(shape)(_filled(one, numbers) for one in shape)
    return numbers[shape] if isinstance(shape, str) else shape
