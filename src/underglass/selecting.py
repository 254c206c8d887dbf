"""What is picked now? One selection per case, set from Python or by a page, and heard by whoever follows it."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from underglass.wire import SelectionInfo

T = TypeVar("T")
Rows = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, eq=False)
class Selection:
    """What is picked: a saved selection of instances is a subset.

    Parameters
    ----------
    rows : (n,) int32
        The instances, ascending, as they were when the selection was read; excluded ones are not among them.
    text
        How they were picked, in words: ``"confidence .5 to .8"``.
    tree
        The same as a filter tree; it can be given to anything that takes a filter.
    kind
        Of what: instances.
    """

    rows: Rows
    text: str
    tree: Mapping[str, Any]
    kind: str = "instance"

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"<selection of {len(self.rows):,} instances: {self.text}>"


class Followers(Generic[T]):
    """Functions of a person that are called with news; one that fails is reported, and the others are called all the same.

    Parameters
    ----------
    of
        What they follow, for people.
    report
        Told of a failure in one sentence; the whole of it is printed.
    """

    def __init__(self, of: str, report: Callable[[str], None]) -> None:
        self._of, self._report = of, report
        self._functions: list[Callable[[T], object]] = []
        self._guard = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._functions)

    def add(self, function: Callable[[T], object]) -> Callable[[], None]:
        """Call `function` from now on; returns how to stop."""
        if not callable(function):
            raise TypeError(f"what follows {self._of} is a function of one argument, not {type(function).__name__}")
        with self._guard:
            self._functions.append(function)

        def stop() -> None:
            with self._guard:
                if function in self._functions:
                    self._functions.remove(function)

        return stop

    def tell(self, news: T) -> None:
        """Call them all."""
        with self._guard:
            functions = list(self._functions)
        for function in functions:
            try:
                function(news)
            except Exception as error:  # noqa: BLE001 - a person's function may raise anything; it is said, and the page lives
                traceback.print_exception(error, file=sys.stderr)
                name = getattr(function, "__name__", type(function).__name__)
                said = str(error).strip().split("\n", 1)[0]
                kind = type(error).__name__
                self._report(f"{name}, which follows {self._of}, failed: {kind}{f': {said}' if said else ''}")


def picked_by_python(tree: dict[str, Any] | None, text: str) -> SelectionInfo:
    """A selection as pages are told of it."""
    parts = [] if tree is None else [{"tree": tree, "text": text, "pinned": False}]
    return SelectionInfo(parts=parts, tree=None if tree is None else without_excluded(tree), page="")  # type: ignore[typeddict-item]


def without_excluded(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree without the instances that are excluded from all counts, as every view takes it."""
    return {"op": "and", "terms": [tree, {"op": "not", "term": {"op": "truth", "column": "excluded"}}]}
