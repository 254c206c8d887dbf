"""How does a torch module run in evaluation mode and leave no trace of it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def evaluating(net: Any) -> Iterator[None]:
    """Evaluation mode and no gradients inside; every submodule's own mode is restored after, also on an error.

    The fused path of torch's transformer encoder is off inside: it skips the modules' hooks, and outputs must not depend
    on which layers are looked at.
    """
    training = [module for module in net.modules() if module.training]
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        if training:
            net.eval()
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for module in training:
            module.training = True


def plain(net: Any) -> Any:
    """The module as written: out of ``torch.compile``'s wrapping, whose inner modules call no hooks."""
    return getattr(net, "_orig_mod", net)
