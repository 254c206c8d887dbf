"""What was computed last, by key, for requests that are answered at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """The newest values; the oldest makes room.

    Parameters
    ----------
    most
        How many are kept.

    Examples
    --------
    >>> squares: Remembered[int, int] = Remembered(2)
    >>> [squares.get(n, lambda n=n: n * n) for n in (2, 3, 2, 4)]
    [4, 9, 4, 16]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made if it is not kept; two that ask at once may both make it, and each gets one."""
        with self._guard:
            if key in self._values:
                return self._values[key]
        made = make()
        with self._guard:
            self._values[key] = made
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return made
