"""How is what the modules of a network compute seen on the way, without changing it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch

from underglass.models.layers import Call
from underglass.models.nested import leaves

Seen = Callable[[Call, Any], None]
"""Called with where a tensor is given, and the tensor."""


@contextmanager
def watching(net: Any, names: Iterable[str], seen: Seen) -> Iterator[None]:
    """Tell ``seen`` of every tensor the named modules give, at the moment they give it; hooks are gone after.

    The tensor is the live one: a later in-place operation changes it, so look at once or copy.
    """
    calls: Counter[str] = Counter()
    thread = get_ident()

    def hook_for(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            if get_ident() != thread:
                return  # another thread runs the same model
            number = calls[name]
            calls[name] += 1
            for path, tensor in tensors(output):
                seen(Call(name, number, path), tensor)

        return hook

    handles = []
    try:
        for name in names:
            handles.append(net.get_submodule(name).register_forward_hook(hook_for(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def tensors(output: Any) -> Iterator[tuple[str, Any]]:
    """The real-valued dense tensors inside an output, each with its path: ``""``, ``"0"``, ``"1.0"``, ``"key"``."""
    for path, one in leaves(output):
        dense = isinstance(one, torch.Tensor) and one.layout == torch.strided and not one.is_nested
        if dense and one.is_floating_point() and one.numel():
            yield path, one
