"""What flows back through a rectifier? Gradients, redirected ones for units that are silent, or Zeiler and Fergus' projection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Rule = Literal["redirect", "deconvolution", "guided", "linear"]

RECTIFIERS = ("relu", "relu_", "relu6", "relu6_", "hardtanh", "hardtanh_", "threshold", "threshold_")


class ReluRule(TorchFunctionMode):  # type: ignore[misc]
    """Inside, every ReLU and ReLU6 (module, function or method, in place or not) lets gradients back by another rule.

    Parameters
    ----------
    rule : "redirect", "deconvolution", "guided" or "linear"
        redirect: the gradient, but an instance through which nothing comes gets what would wake its units (Lucid), where they are
            nearest to it.
        deconvolution: what is positive of what comes from above, whatever the unit did (Zeiler and Fergus 2014).
        guided: the same, where the unit was active (Springenberg et al. 2015).
        linear: everything, and maxima are averages: as if there were neither, so that every position has its weight.

    Other activation functions keep their gradient; `others` names those that were met.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self._back = RULES[rule]
        self._averaging = rule == "linear"
        self.others: set[str] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        given = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in RECTIFIERS and args and isinstance(args[0], Tensor):
            top = _ceiling(name, args, given)
            if top is not False:
                return _Rectifier.apply(args[0], top, self._back)
        elif name == "max_pool2d" and self._averaging:
            return _averaged(*args, **given)
        elif name in {"gelu", "silu", "sigmoid", "tanh", "hardswish", "leaky_relu", "elu", "selu", "mish", "softplus"}:
            self.others.add(name)
        return func(*args, **given)


def _ceiling(name: str, args: Any, given: Any) -> Any:
    """Where it ends above: None for a plain ReLU; False for something that is no rectifier."""
    if name.startswith("relu6"):
        return 6.0
    if name.startswith("relu"):
        return None
    if name.startswith("hardtanh"):
        low = args[1] if len(args) > 1 else given.get("min_val", -1.0)
        high = args[2] if len(args) > 2 else given.get("max_val", 1.0)
        return float(high) if low == 0 else False
    low = args[1] if len(args) > 1 else given.get("threshold")
    value = args[2] if len(args) > 2 else given.get("value")
    return None if low == 0 and value == 0 else False


def _averaged(x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, *_others: Any, **_named: Any) -> Tensor:
    ceil = bool(_named.get("ceil_mode", _others[1] if len(_others) > 1 else False))
    return torch.nn.functional.avg_pool2d(x, kernel_size, stride, padding, ceil_mode=ceil)


class _Rectifier(torch.autograd.Function):  # type: ignore[misc]
    """max(x, 0), perhaps capped, with a backward pass of choice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, top: float | None, back: Callable[[Tensor, Tensor, float | None], Tensor]) -> Tensor:
        ctx.save_for_backward(x)
        ctx.top, ctx.back = top, back
        return x.clamp(0, top)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return ctx.back(x, gradients[0], ctx.top), None, None


def _passed(x: Tensor, gradient: Tensor, top: float | None) -> Tensor:
    inside = x > 0 if top is None else (x > 0) & (x < top)
    return gradient * inside


def _redirect(x: Tensor, gradient: Tensor, top: float | None) -> Tensor:
    """The loss is minimised: a negative gradient raises the value, so it may wake a silent unit."""
    plain = _passed(x, gradient, top)
    waking = torch.where((x < 0) & (gradient > 0), torch.zeros_like(gradient), gradient)
    if top is not None:
        waking = torch.where((x > top) & (gradient < 0), torch.zeros_like(gradient), waking)
    if x.ndim > 2:
        # an even pull on all positions cancels out in a filter whose weights sum to nothing; pull at the nearest to waking
        waking = waking * (x == x.amax(tuple(range(2, x.ndim)), keepdim=True))
    silent = plain.flatten(1).abs().sum(1) == 0
    return torch.where(silent.reshape(-1, *[1] * (x.ndim - 1)), waking, plain)


def _deconvolution(x: Tensor, gradient: Tensor, top: float | None) -> Tensor:
    del x, top
    return gradient.clamp(min=0)


def _guided(x: Tensor, gradient: Tensor, top: float | None) -> Tensor:
    return _passed(x, gradient.clamp(min=0), top)


def _linear(x: Tensor, gradient: Tensor, top: float | None) -> Tensor:
    del x, top
    return gradient


RULES: dict[str, Callable[[Tensor, Tensor, float | None], Tensor]] = {
    "redirect": _redirect,
    "deconvolution": _deconvolution,
    "guided": _guided,
    "linear": _linear,
}
