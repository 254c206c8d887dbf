"""How long does each operation of a torch module take? Measured while it runs, under the same names as its graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_graph import Watch, hooked


class _Timer(Watch):
    """Notes how long each operation took, from when its inputs were there."""

    def __init__(self, net: nn.Module, device: Any) -> None:
        super().__init__(net)
        self.device = device
        self.began: dict[str, float] = {}
        self.seconds: dict[str, float] = {}

    def _step(self, *given: Any, **options: Any) -> Any:
        step = super()._step(*given, **options)
        self.began[step.id] = time.perf_counter()
        return step

    def _close(self, step: Any, output: Any, *, guess: bool = True) -> None:
        _wait(self.device)
        self.seconds[step.id] = time.perf_counter() - self.began[step.id]
        super()._close(step, output, guess=False)


def time_operations(net: nn.Module, run: Callable[[], Any]) -> tuple[dict[str, float], float]:
    """Seconds of each operation in one pass, and of a whole pass that is not watched.

    Parameters
    ----------
    net : in no particular mode; restored after.
    run : calls the module on a batch.

    Returns
    -------
    Operation id → seconds, and seconds of the pass. A device that computes on its own is waited for after each operation.
    """
    device = next((one.device for one in net.parameters()), torch.device("cpu"))
    with evaluating(net):
        began = time.perf_counter()
        run()
        _wait(device)
        whole = time.perf_counter() - began
        timer = _Timer(net, device)
        with hooked(net, timer), timer:
            run()
    return timer.seconds, whole


def _wait(device: Any) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
