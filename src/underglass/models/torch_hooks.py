"""How is what the modules of a network compute seen on the way, without changing it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import torch

Seen = Callable[[str, int, str, Any], None]
"""Called with a module's name, the number of its call in this pass, the path inside its output, and the tensor."""


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
            call = calls[name]
            calls[name] += 1
            for path, tensor in tensors(output):
                seen(name, call, path, tensor)

        return hook

    handles = []
    try:
        for name in names:
            handles.append(net.get_submodule(name).register_forward_hook(hook_for(name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def tensors(output: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The real-valued dense tensors inside an output, each with its path: ``""``, ``"0"``, ``"1.0"``, ``"key"``."""
    if isinstance(output, torch.Tensor):
        if output.is_floating_point() and output.layout == torch.strided and not output.is_nested and output.numel():
            yield path, output
    elif isinstance(output, Mapping):
        for key, part in output.items():
            yield from tensors(part, f"{path}.{key}" if path else str(key))
    elif isinstance(output, list | tuple):
        for index, part in enumerate(output):
            yield from tensors(part, f"{path}.{index}" if path else str(index))
