"""Which operations does a torch module run, on which shapes?

The module is run once and watched: hooks tell which layer is at work, a function mode tells what is called between layers.
The run is made on tensors without values, so that it costs nothing and a branch that depends on values is noticed; if the
module needs values, it is run on zeros and the reason is kept.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from underglass.architecture.graph import Connection, ModelGraph, Operation, Shape
from underglass.errors import ModelError
from underglass.models.inputs import said
from underglass.models.nested import flat
from underglass.models.torch_axes import Axes, axes_of_input, axes_of_output
from underglass.models.torch_evaluation import evaluating, plain
from underglass.models.torch_inputs import home
from underglass.models.torch_sizes import read_with_words, words_of
from underglass.models.weights import TAKEN

WHOLE = (nn.MultiheadAttention,)
RECURRENT = {"LSTM": 4, "GRU": 3, "RNN": 1}
SHOWN = ("kernel_size", "stride", "padding", "dilation", "groups", "num_heads", "num_layers", "bidirectional", "p", "eps")
TORCH = str(Path(torch.__file__).parent)


@dataclass
class _Step:
    """An operation while the run goes on."""

    id: str
    name: str
    type: str
    path: str
    module: Any
    line: str
    tensors: list[Any]
    parameters: int
    details: dict[str, str]
    arguments: tuple[Any, ...] = ()
    multiply_adds: int = 0
    outputs: list[Any] = field(default_factory=list)
    axes: Axes = (0, None)


class Watch(TorchFunctionMode):  # type: ignore[misc]
    """Writes down every layer and function of one run."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.names = {id(module): name for name, module in net.named_modules()}
        self.layers = {id(module) for module in net.modules() if _is_layer(module, net)}
        self.weights = {id(one): name for name, one in net.named_parameters()}
        self.steps: list[_Step] = []
        self.maker: dict[int, _Step] = {}
        self.kept: list[Any] = []  # an id is only good while its tensor lives
        self.inside: list[str] = []
        self.open: _Step | None = None
        self.counted: set[int] = set()
        self.calls: Counter[str] = Counter()

    def given(self, name: str, tensor: Any) -> None:
        step = self._step(name, "Input", "", None, [])
        step.axes = axes_of_input(tuple(tensor.shape), whole_numbers=not tensor.is_floating_point())
        self._close(step, tensor, guess=False)

    def before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        path = self.names[id(module)]
        if self.open is None and id(module) in self.layers:
            self.open = self._step(path or type(module).__name__, type(module).__name__, path, module, _tensors((args, kwargs)))
        self.inside.append(path)

    def after(self, module: nn.Module, output: Any) -> None:
        self.inside.pop()
        step = self.open
        if step is not None and step.module is module and step.path not in self.inside:
            self.open = None
            self._close(step, output)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self.open is not None:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        if name == "__get__":  # a property such as x.T
            name = getattr(func.__self__, "__name__", name)
        operands = _tensors((args, kwargs))
        path = self.inside[-1] if self.inside else ""
        word = name.strip("_")
        word = word[1:] if word in ("iadd", "imul", "isub", "radd", "rmul", "rsub") else word
        step = self._step(f"{path}.{word}" if path else word, word, path, None, operands, arguments=args[1:])
        self.open = step
        try:
            output = func(*args, **kwargs)
        finally:
            self.open = None
        if any(True for _ in _each(output)):
            self._close(step, output)
        else:
            self.steps.remove(step)
            self.calls[step.name] -= 1
        return output

    def _step(
        self, name: str, kind: str, path: str, module: Any, tensors: list[Any], *, arguments: tuple[Any, ...] = ()
    ) -> _Step:
        call = self.calls[name]
        self.calls[name] += 1
        used = list(module.parameters()) if module is not None else [t for t in tensors if isinstance(t, nn.Parameter)]
        fresh = {id(one): one for one in used if id(one) not in self.counted}
        self.counted.update(fresh)
        details = {key: str(getattr(module, key)) for key in SHOWN if module is not None and hasattr(module, key)}
        if call and module is not None and used:
            details["weights"] = f"those of {name}"
        if taken := [self.weights[id(one)] for one in used if module is None and id(one) in self.weights]:
            details[TAKEN] = ", ".join(dict.fromkeys(taken))
        step = _Step(
            f"{name}:{call}" if call else name,
            name,
            kind,
            path,
            module,
            _line() if kind != "Input" else "",
            tensors,
            sum(one.numel() for one in fresh.values()),
            details,
            arguments,
        )
        self.steps.append(step)
        step.tensors = [(self.maker.get(id(one)), tuple(one.shape)) for one in tensors]
        self.kept += tensors
        return step

    def _close(self, step: _Step, output: Any, *, guess: bool = True) -> None:
        step.outputs = list(_each(output))
        self.kept += step.outputs
        for tensor in step.outputs:
            self.maker[id(tensor)] = step
        if not guess or not step.outputs:
            return
        came = next(((shape, maker.axes) for maker, shape in step.tensors if maker is not None), None)
        call = {"batch_first": getattr(step.module, "batch_first", False), "arguments": step.arguments}
        step.axes = axes_of_output(step.type, tuple(step.outputs[0].shape), came, call)
        if step.module is not None and step.type in RECURRENT:
            step.multiply_adds = _recurrent(step.module, step.tensors[0][1])


class _Products(TorchDispatchMode):  # type: ignore[misc]
    """Counts the products of what the open operation computes, as `torch.utils.flop_counter` does, halved."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        known = flop_registry.get(func._overloadpacket)
        output = func(*args, **kwargs)
        if known is not None and self.watch.open is not None:
            self.watch.open.multiply_adds += known(*args, **kwargs, out_val=output) // 2
        return output


def read_graph(
    net: Any,
    input_shape: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    inputs: Any = None,
) -> ModelGraph:
    """The graph of a torch module.

    Parameters
    ----------
    net : torch.nn.Module
        Neither moved nor changed; every submodule keeps its mode.
    input_shape : sizes with the batch axis, ``(1, 3, 224, 224)``
        Several for several inputs, a mapping for inputs given by name. A word stands for a size that may vary. Inputs are
        floats of the module's own type, or whole numbers where the module begins by looking up embeddings.
    inputs : tensors, in place of shapes: one, a tuple, or a mapping of keywords
        For whole numbers where they cannot be guessed, or whatever else a forward takes.

    Raises
    ------
    ModelError
        If it is no module, the shape does not fit it, or its own code fails: the line is said.
    """
    net = plain(net)
    if not isinstance(net, nn.Module):
        hint = "; that is a class: call it first" if isinstance(net, type) else ""
        raise ModelError(f"a figure needs a torch.nn.Module, and this is {getattr(net, '__name__', type(net).__name__)}{hint}.")
    words = words_of(input_shape) if inputs is None else {}
    if words:
        return read_with_words(lambda shape: read_graph(net, shape), input_shape, words)
    args, keywords = _inputs(net, input_shape, inputs)
    with evaluating(net):
        watch, output, reason = _run(net, args, keywords)
    return _graph(net, watch, output, reason)


def _run(net: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Watch, Any, str]:
    try:
        return *_watched(net, args, keywords, values=False), ""
    except Exception as error:  # noqa: BLE001 (a person's module may do anything with a tensor that has no values)
        reason = _reason(error)
    try:
        return *_watched(net, args, keywords, values=True), reason
    except Exception as error:
        shapes = ", ".join(str(tuple(one.shape)) for one in flat((args, keywords)))
        raise ModelError(f"{type(net).__name__} fails on input {shapes}: {said(error)}{_where(error)}") from error


def _watched(net: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any], *, values: bool) -> tuple[Watch, Any]:
    watch = Watch(net)
    with ExitStack() as stack:
        if not values:
            fake = stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
            args, keywords = _each_as(fake.from_tensor, args), _each_as(fake.from_tensor, keywords)
        for name, tensor in _named(net, args, keywords):
            watch.given(name, tensor)
        stack.enter_context(hooked(net, watch))
        stack.enter_context(_Products(watch))
        stack.enter_context(watch)
        output = net(*args, **keywords)
    return watch, output


@contextmanager
def hooked(net: nn.Module, watch: Watch) -> Iterator[None]:
    """Tell the watch of every module that begins and ends."""
    handles = []
    try:
        for module in dict.fromkeys(net.modules()):
            handles.append(module.register_forward_pre_hook(watch.before, with_kwargs=True))
            handles.append(module.register_forward_hook(lambda module, args, output: watch.after(module, output)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _graph(net: nn.Module, watch: Watch, output: Any, reason: str) -> ModelGraph:
    ends = [watch.maker[id(one)].id for one in _each(output) if id(one) in watch.maker]
    if not ends:
        raise ModelError(f"{type(net).__name__} returns no tensor that it computed from its input.")
    steps = _kept(watch.steps, set(ends))
    names = {step.id for step in steps}
    operations, connections = [], []
    for step in steps:
        shapes: tuple[Shape, ...] = tuple(tuple(one.shape) for one in step.outputs)
        first, (batch, features) = shapes[0], step.axes
        extent = tuple(size for axis, size in enumerate(first) if axis not in (batch, features))
        width = first[features] if features is not None else None
        operations.append(
            Operation(
                step.id,
                step.type,
                step.path,
                shapes,
                width,
                extent,
                step.parameters,
                step.multiply_adds,
                step.line,
                step.details,
                step.module is not None,
            )
        )
        seen = dict.fromkeys((maker.id, shape) for maker, shape in step.tensors if maker is not None and maker.id in names)
        connections += [Connection(source, step.id, shape) for source, shape in seen if source != step.id]
    total = sum(one.numel() for one in net.parameters())
    unused = total - sum(one.parameters for one in operations)
    notes = (f"{unused:,} parameters are used by no operation of this run",) if unused else ()
    method = "run with values" if reason else "run without values"
    return ModelGraph(
        type(net).__name__,
        tuple(operations),
        tuple(connections),
        tuple(dict.fromkeys(ends)),
        total,
        {name: type(module).__name__ for name, module in net.named_modules() if name},
        method,
        reason,
        notes,
    )


def _kept(steps: list[_Step], ends: set[str]) -> list[_Step]:
    """Without functions that lead to no output, and without constants that no input and no parameter goes into."""
    fed: set[str] = set()
    for step in steps:
        own = step.type == "Input" or step.parameters or step.module is not None
        if own or any(maker is not None and maker.id in fed for maker, _ in step.tensors):
            fed.add(step.id)
    useful = set(ends)
    for step in reversed(steps):
        if step.id in useful or step.module is not None:
            useful.update(maker.id for maker, _ in step.tensors if maker is not None)
    return [
        step for step in steps if step.outputs and step.id in fed and (step.id in useful or step.module or step.type == "Input")
    ]


def _is_layer(module: nn.Module, net: nn.Module) -> bool:
    """A module that is drawn as one: without parts, or attention, or with parametrizations alone as parts."""
    parts = [name for name, _ in module.named_children()]
    return isinstance(module, WHOLE) or not [name for name in parts if name != "parametrizations"]


def _inputs(net: nn.Module, shape: Any, inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if inputs is not None:
        if isinstance(inputs, Mapping):
            return (), dict(inputs)
        return (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs), {}
    if shape is None:
        raise ModelError("a figure needs the shape of the input: input_shape=(1, 3, 224, 224), the batch axis included.")
    if isinstance(shape, Mapping):
        made = {name: _blank(net, one) for name, one in shape.items()}
        names = inspect.signature(net.forward).parameters
        wanted = [one for one in names.values() if one.default is inspect.Parameter.empty and one.kind < 2]
        if len(wanted) == 1 and not set(made) <= set(names):
            return (made,), {}
        return (), made
    several = bool(shape) and all(isinstance(one, list | tuple) for one in shape)
    return tuple(_blank(net, one) for one in (shape if several else [shape])), {}


def _blank(net: nn.Module, shape: Any) -> Any:
    sizes = tuple(shape) if isinstance(shape, list | tuple) else None
    if sizes is None or not sizes or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sizes):
        raise ModelError(
            f"{shape!r} is no shape; give whole numbers above 0 with the batch axis first, such as (1, 3, 224, 224)."
        )
    device, kind = home(net)
    first = next((one for one in net.modules() if not list(one.children())), None)
    if isinstance(first, nn.Embedding | nn.EmbeddingBag) and len(sizes) <= 2:
        kind = torch.int64
    return torch.zeros(sizes, device=device, dtype=kind)


def _named(net: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every input tensor with the name the forward gives it."""
    names = [name for name, one in inspect.signature(net.forward).parameters.items() if one.kind < 2]
    given = [(names[i] if i < len(names) else f"input {i}", one) for i, one in enumerate(args)] + list(keywords.items())
    for name, one in given:
        if isinstance(one, Mapping):
            yield from ((str(key), tensor) for key, tensor in one.items() if isinstance(tensor, torch.Tensor))
        else:
            parts = flat(one)
            yield from ((name if len(parts) == 1 else f"{name} {i}", tensor) for i, tensor in enumerate(parts))


def _recurrent(module: Any, shape: Any) -> int:
    """Products of all gates, layers and directions over a sequence; torch's counter knows none of them."""
    ways = 2 if module.bidirectional else 1
    state = module.proj_size or module.hidden_size
    one = 0
    for layer in range(module.num_layers):
        width = module.input_size if layer == 0 else state * ways
        gates = RECURRENT[type(module).__name__] * module.hidden_size * (width + state)
        one += ways * (gates + module.hidden_size * module.proj_size)
    positions = 1
    for size in shape[:-1]:
        positions *= size
    return one * positions


def _tensors(value: Any) -> list[Any]:
    return list(_each(value))


def _each(value: Any) -> Iterator[Any]:
    """All tensors in nested containers, in order; other results with tensors in their attributes too."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _each(part)
    elif isinstance(value, list | tuple | set):
        for part in value:
            yield from _each(part)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _each(getattr(value, name))


def _each_as(change: Any, value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_as(change, part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_each_as(change, part) for part in value)
    return value


def _line() -> str:
    """Where in a person's own code the running call is written."""
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith((TORCH, "<")) and name != __file__:
            return f"{Path(name).name}:{frame.f_lineno}" if frame.f_code.co_name != "_watched" else ""
        frame = frame.f_back
    return ""


def _where(error: BaseException) -> str:
    """The line of a person's own code at which it failed."""
    found, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if not name.startswith((TORCH, "<")) and name != __file__ and Path(name).exists():
            lines = Path(name).read_text(encoding="utf-8", errors="replace").splitlines()
            if trace.tb_lineno <= len(lines):
                found = f"\n  {Path(name).name}, line {trace.tb_lineno}: {lines[trace.tb_lineno - 1].strip()}"
        trace = trace.tb_next
    return found


def _reason(error: BaseException) -> str:
    kind = type(error).__name__
    if "DataDependent" in kind or "data-dependent" in str(error) or "GuardOnDataDependent" in kind:
        return f"what it runs depends on the values of its input, so this is the path of an input of zeros{_where(error)}"
    return f"it does not run without values ({kind}){_where(error)}"
