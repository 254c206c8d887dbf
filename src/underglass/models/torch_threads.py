"""How many threads does torch compute with? Its own models, and those of Keras on torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def threads() -> int:
    """Threads of one operation; outputs may differ in their last bit with another number."""
    return int(torch.get_num_threads())


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Compute with so many threads inside, and with as many as before after."""
    before = threads()
    if count == before:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
