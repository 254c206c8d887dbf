"""How is work on all pairs of instances spread over the cores, in blocks of rows?"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

Floats = NDArray[np.floating[Any]]
Progress = Callable[[int, int, str], None]
Result = TypeVar("Result")
_thread = threading.local()


def products(a: Floats, b: Floats) -> Floats:
    """``a @ b.T`` in float32, (rows of a, rows of b), in memory that the same thread's next call overwrites.

    A fresh array of this size costs more than the product: the system hands it out page by page and takes it back each time.
    """
    size = len(a) * len(b)
    if getattr(_thread, "memory", np.zeros(0)).size < size:
        _thread.memory = np.empty(size, np.float32)
    out: Floats = _thread.memory[:size].reshape(len(a), len(b))
    np.matmul(a, b.T, out=out)
    return out


def over_blocks(
    work: Callable[[int], Result], count: int, size: int, *, stage: str = "", progress: Progress | None = None
) -> Iterator[Result]:
    """Call ``work(first row)`` for each block of ``size`` of ``count`` rows and yield the results in order.

    One thread a core, each with a matrix product of its own: on a machine with other work to do, threads that share one product
    wait for the slowest. ``work`` must release the interpreter most of the time. An error or a cancelling ``progress`` stops
    the rest.
    """
    starts = range(0, count, size)
    if len(starts) <= 1:
        for start in starts:
            yield work(start)
        return
    cores = os.cpu_count() or 1
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cores) as pool:
        waiting: deque[tuple[int, Future[Result]]] = deque()

        def first() -> Result:
            start, future = waiting.popleft()
            result = future.result()
            if progress is not None:
                progress(min(start + size, count), count, stage)
            return result

        try:
            for start in starts:
                waiting.append((start, pool.submit(work, start)))
                if len(waiting) > 2 * cores:
                    yield first()
            while waiting:
                yield first()
        finally:
            for _, future in waiting:
                future.cancel()
