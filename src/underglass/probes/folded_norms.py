"""How does a network take many passes back and forth faster? A copy whose normalisations are part of the convolutions before.

In evaluation mode a batch normalisation behind a convolution is a factor and a summand for each channel: both can be part of
the weights, and a pass over all positions, forth and back, is saved. Which normalisation follows which convolution is seen by
running the network once, so that no way of writing one is assumed; whoever uses the copy checks that it gives the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import Error, deepcopy
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights
from torch.nn.utils.parametrize import is_parametrized
from torch.overrides import TorchFunctionMode

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def folded(net: Any, run: Callable[[Any], object]) -> Any | None:
    """A copy of a network in evaluation mode with its normalisations folded in, without gradients of its weights.

    The copy shares every weight but the folded ones and has none of the network's forward hooks; the network is left as it was.

    Parameters
    ----------
    net : torch.nn.Module
        In evaluation mode.
    run : callable
        Runs the module it is given once, as far as wanted: what it does not reach is not folded.

    Returns
    -------
    The copy, or None where there is nothing to fold or the module cannot be copied.
    """
    copy = _structure(net)
    if copy is None:
        return None
    pairs = _pairs(copy, run)
    for convolution, norm in pairs:
        _fold(copy, convolution, norm)
    return copy if pairs else None


def _structure(net: Any) -> Any | None:
    """The modules anew around the same weights; None where a module of a person's own cannot be copied."""
    shared: dict[int, Any] = {id(one): one for one in [*net.parameters(), *net.buffers()]}
    for module in net.modules():
        for hooks in (module._forward_hooks, module._forward_pre_hooks):
            shared.update({id(hook): hook for hook in list(hooks.values())})
    try:
        copy = deepcopy(net, shared)
    except (Error, RuntimeError, TypeError, ValueError, AttributeError):
        return None
    for module in copy.modules():
        module._forward_hooks.clear()
        for name, weight in module._parameters.items():
            if weight is not None:
                module._parameters[name] = nn.Parameter(weight.detach(), requires_grad=False)
    return copy


def _pairs(net: Any, run: Callable[[Any], object]) -> list[tuple[str, str]]:
    """Names of a convolution and of the normalisation that alone takes what it gives; each of them runs once."""
    given: dict[int, tuple[str, Tensor]] = {}  # the tensor is held so that its id stays its own
    calls: Counter[str] = Counter()
    found: list[tuple[str, str]] = []

    def gave(name: str, _module: Any, _inputs: Any, output: Any) -> None:
        calls[name] += 1
        if isinstance(output, Tensor):
            given[id(output)] = (name, output)

    def takes(name: str, _module: Any, inputs: Any) -> None:
        calls[name] += 1
        if inputs and id(inputs[0]) in given:
            found.append((given[id(inputs[0])][0], name))

    hooks = []
    for name, module in net.named_modules():
        if isinstance(module, CONVOLUTIONS) and not is_parametrized(module) and module._parameters.get("weight") is not None:
            hooks.append(module.register_forward_hook(partial(gave, name)))
        elif isinstance(module, _BatchNorm) and module.running_mean is not None and module.running_var is not None:
            hooks.append(module.register_forward_pre_hook(partial(takes, name)))
    uses = _Uses()
    try:
        with uses:
            run(net)
    finally:
        for hook in hooks:
            hook.remove()
    taken = {name: uses.count[place] for place, (name, _) in given.items()}
    return [pair for pair in found if calls[pair[0]] == calls[pair[1]] == taken[pair[0]] == 1]


class _Uses(TorchFunctionMode):  # type: ignore[misc]
    """Inside, counts by id how many operations take a tensor to make another; asking for its shape is none."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[int] = Counter()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        made = func(*args, **(kwargs or {}))
        if any(isinstance(one, Tensor) for one in (made if isinstance(made, tuple | list) else [made])):
            for given in [*args, *(kwargs or {}).values()]:
                for one in given if isinstance(given, tuple | list) else [given]:
                    self.count[id(one)] += isinstance(one, Tensor)
        return made


def _fold(net: Any, convolution: str, norm: str) -> None:
    before, behind = net.get_submodule(convolution), net.get_submodule(norm)
    weight, bias = fuse_conv_bn_weights(
        before.weight, before.bias, behind.running_mean, behind.running_var, behind.eps, behind.weight, behind.bias
    )
    before._parameters["weight"] = nn.Parameter(weight.detach(), requires_grad=False)
    before._parameters["bias"] = nn.Parameter(bias.detach(), requires_grad=False)
    parent, _, last = norm.rpartition(".")
    net.get_submodule(parent)._modules[last] = nn.Identity()
