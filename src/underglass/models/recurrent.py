"""Which recurrent network is a torch module? Its cell, its weights under torch's names, and proof that it does nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import ModelError, NotInstalled

if TYPE_CHECKING:
    import torch
    from torch import nn

MOST_LAYERS, MOST_UNITS = 7, 64
SAME = 1e-4
"""How far the module's outputs may lie from those of its parts, relative to their size."""


@dataclass(frozen=True)
class RecurrentNetwork:
    """A recurrent network with a head on its last step.

    Parameters
    ----------
    cell : "rnn", "lstm" or "gru".
    layers, units, inputs, outputs : sizes.
    head : activation after the head, "linear", "tanh" or "sigmoid"; texts have softmax, said as "linear".
    parameters : name, shape and values (row-major, nine digits) of each parameter, as ``cell.weight_ih_l0`` and ``head.weight``.
    """

    cell: str
    layers: int
    units: int
    inputs: int
    outputs: int
    head: str
    parameters: list[dict[str, Any]]


def read_recurrent(module: Any, *, head: Any, windows: np.ndarray[Any, Any], text: bool) -> RecurrentNetwork:
    """Read a module, and check on data that it does no more than its parts.

    Parameters
    ----------
    module
        With one ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` and one ``nn.Linear``; or a bare recurrent module.
    head
        The ``nn.Linear`` after a bare recurrent module; None otherwise.
    windows
        (windows, time, inputs) float32, to try it on.
    text
        Whether outputs are scores of symbols.

    Raises
    ------
    ModelError
        If it is not such a network, or gives something else than its parts give.
    NotInstalled
        If torch is missing.
    """
    try:
        import torch
        from torch import nn
    except ImportError:
        raise NotInstalled('needs torch: pip install "underglass[torch]"') from None
    from underglass.models.torch_evaluation import evaluating

    if not isinstance(module, nn.Module):
        raise ModelError(f"needs a torch.nn.Module, not {type(module).__name__}")
    body = _only(module, (nn.RNN, nn.LSTM, nn.GRU), "nn.RNN, nn.LSTM or nn.GRU")
    bare = head is not None
    if bare and not isinstance(head, nn.Linear):
        raise ModelError(f"head should be an nn.Linear, not {type(head).__name__}")
    if not bare and body is module:
        raise ModelError("the module has no head that says what comes next: give head=nn.Linear(…), the one it was trained with")
    top = head if bare else _only(module, (nn.Linear,), "nn.Linear")
    cell = type(body).__name__.lower()
    _check(body, top, windows.shape[2], text)
    x = torch.from_numpy(np.ascontiguousarray(windows))
    with evaluating(module), torch.no_grad():
        ours = _parts(body, top, x)
        activation = "linear" if bare else _after(module, body, ours, x, text=text)
    return RecurrentNetwork(
        cell, body.num_layers, body.hidden_size, body.input_size, top.out_features, activation, _parameters(body, top)
    )


def _only(module: nn.Module, kinds: tuple[type, ...], name: str) -> Any:
    found = [one for one in module.modules() if isinstance(one, kinds)]
    if len(found) == 1:
        return found[0]
    parts = ", ".join(sorted({type(one).__name__ for one in module.modules() if not list(one.children())})) or "nothing"
    raise ModelError(f"the page shows a network with exactly one {name}; this module has {len(found)} (its parts: {parts})")


def _check(body: Any, top: Any, inputs: int, text: bool) -> None:
    if body.bidirectional:
        raise ModelError("a bidirectional network reads what is to be predicted; the page shows one direction only")
    if getattr(body, "proj_size", 0):
        raise ModelError("an LSTM with proj_size is not among the cells that the page shows")
    if getattr(body, "nonlinearity", "tanh") != "tanh":
        raise ModelError(f"an RNN with {body.nonlinearity} is not among the cells that the page shows: use tanh")
    if body.num_layers > MOST_LAYERS or body.hidden_size > MOST_UNITS:
        raise ModelError(
            f"the page shows at most {MOST_LAYERS} layers of {MOST_UNITS} units; "
            f"this one has {body.num_layers} of {body.hidden_size}"
        )
    if body.input_size != inputs:
        more = (
            f"the text has {inputs} symbols; give alphabet=…, all symbols in the order of its inputs"
            if text
            else "a series gives one value a step"
        )
        raise ModelError(f"the module reads {body.input_size} numbers a step, but {more}")
    if top.in_features != body.hidden_size or top.out_features != inputs:
        raise ModelError(
            f"the head should turn {body.hidden_size} units into {inputs} {'symbols' if text else 'value'}, "
            f"but it turns {top.in_features} into {top.out_features}"
        )


def _parts(body: Any, top: Any, x: torch.Tensor) -> torch.Tensor:
    """(windows, outputs): recurrent part, last step, head."""
    from torch.nn import functional

    x = x.to(body.weight_ih_l0)
    steps = body(x if body.batch_first else x.transpose(0, 1))[0]
    last = steps[:, -1] if body.batch_first else steps[-1]
    return functional.linear(last, top.weight, top.bias)


def _after(module: Any, body: Any, ours: torch.Tensor, x: torch.Tensor, *, text: bool) -> str:
    """The activation with which the module's own output is that of its parts."""
    import torch

    x = x.to(body.weight_ih_l0)
    laid = [x, x.transpose(0, 1)] if body.batch_first else [x.transpose(0, 1), x]
    if x.shape[2] == 1:
        laid += [x[:, :, 0]]
    said: list[str] = []
    nearest = float("inf")
    kinds: dict[str, Callable[[torch.Tensor], torch.Tensor]] = (
        {"linear": lambda y: y, "softmax": lambda y: y.softmax(1), "log": lambda y: y.log_softmax(1)}
        if text
        else {"linear": lambda y: y, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    )
    for given in laid:
        try:
            found = module(given)
        except Exception as error:  # noqa: BLE001  a module may refuse a layout in any way it likes; the next one is tried
            said.append(f"{type(error).__name__}: {error}".split("\n")[0])
            continue
        for theirs in _last_steps(found, len(x), ours.shape[1]):
            for name, bend in kinds.items():
                expected = bend(ours)
                away = float((theirs - expected).abs().max() / expected.abs().max().clamp(min=1e-6))
                nearest = min(nearest, away)
                if away < SAME:
                    return name if name in ("tanh", "sigmoid") else "linear"
    if nearest == float("inf"):
        why = said[0] if said else "its output has another shape than (batch, outputs) or (batch, time, outputs)"
        raise ModelError(f"the module could not be run on its data: {why}")
    raise ModelError(
        f"the module gives something else than its {type(body).__name__} and its head on the last step, by {nearest:.2g} of its "
        "size: it does more than the page can show (an embedding, a norm, another activation, a residual …)"
    )


def _last_steps(found: Any, batch: int, outputs: int) -> list[torch.Tensor]:
    """What a module gave, as (batch, outputs): of a tuple its first; of steps the last, either axis first."""
    import torch

    if isinstance(found, (tuple, list)) and found:
        found = found[0]
    if not isinstance(found, torch.Tensor):
        return []
    if found.ndim == 1 and len(found) == batch and outputs == 1:
        return [found[:, None]]
    tries = [found] if found.ndim == 2 else [found[:, -1], found[-1]] if found.ndim == 3 else []
    return [one for one in tries if tuple(one.shape) == (batch, outputs)]


def _parameters(body: Any, top: Any) -> list[dict[str, Any]]:
    """All parameters under the page's names; a bias that is not there is zero."""
    gates = body.weight_ih_l0.shape[0]
    found = []
    for layer in range(body.num_layers):
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            value = getattr(body, f"{kind}_l{layer}", None)
            found.append(_plain(f"cell.{kind}_l{layer}", value, (gates,)))
    return [*found, _plain("head.weight", top.weight, ()), _plain("head.bias", top.bias, (top.out_features,))]


def _plain(name: str, value: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    array = np.zeros(shape) if value is None else value.detach().cpu().double().numpy()
    return {"name": name, "shape": list(array.shape), "value": [float(f"{one:.9g}") for one in array.ravel()]}
