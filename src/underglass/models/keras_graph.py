"""Which operations does a Keras model run, on which shapes?

A functional or sequential model holds its graph; models inside it are walked into. A subclassed model is called once on
Keras' own tensors without values, which writes its graph down; if its code needs values it is run on zeros and its layers
are watched, and the reason is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from underglass.architecture.graph import Connection, ModelGraph, Operation, Shape
from underglass.errors import ModelError
from underglass.models.inputs import place_of, said
from underglass.models.keras_counts import multiply_adds
from underglass.models.keras_layers import channels_of, name_operations, order_of, parts_of
from underglass.models.keras_model import SEQUENCES, specs_of
from underglass.models.name_scopes import scoped

SHOWN = (
    *("kernel_size", "strides", "padding", "dilation_rate", "groups", "units", "filters", "rate", "pool_size", "axis", "size"),
    *("num_heads", "key_dim", "epsilon", "data_format", "return_sequences", "target_shape", "dims", "negative_slope"),
)
Made = tuple[str, Shape]
"""Id of the operation that made a tensor, and the tensor's shape."""


class _Reading:
    """The graph while it is read."""

    def __init__(self, net: Any) -> None:
        self.order = order_of(net)
        self.names = {id(one): name for name, one in name_operations(net).items()}
        tops = [name for name in self.names.values() if "." not in name]
        self.paths = scoped(tops)
        self.operations: list[Operation] = []
        self.connections: list[Connection] = []
        self.axes: dict[str, int | None] = {}
        self.calls: Counter[str] = Counter()
        self.counted: set[int] = set()
        self.unknown: set[str] = set()

    def given(self, name: str, shape: Shape, kind: str) -> Made:
        """An input."""
        tokens = "int" in kind and len(shape) <= 2 and kind != "uint8"
        features = (
            None if tokens or len(shape) < 2 else (1 if self.order == "channels_first" and len(shape) > 2 else len(shape) - 1)
        )
        self.axes[name] = features
        self.operations.append(Operation(name, "Input", "", (shape,), *_parted(shape, features)))
        return name, shape

    def made(self, operation: Any, taken: Sequence[Made], shapes: Sequence[Shape], path: str = "") -> str:
        """One call of an operation; its id."""
        path = path or self.names.get(id(operation), operation.name)
        call = self.calls[path]
        self.calls[path] += 1
        name = f"{path}:{call}" if call else path
        features = self._features(operation, taken, shapes[0])
        self.axes[name] = features
        held: list[Any] = list(getattr(operation, "weights", None) or [])
        weights = [one for one in held if id(one) not in self.counted]
        self.counted.update(id(one) for one in weights)
        details = _details(operation)
        if call and held:
            details["weights"] = f"those of {path}"
        if _composite(operation):
            self.unknown.add(type(operation).__name__)
        self.operations.append(
            Operation(
                name,
                type(operation).__name__,
                self.paths.get(path, path),
                tuple(shapes),
                *_parted(shapes[0], features),
                sum(int(np.prod(one.shape)) for one in weights),
                multiply_adds(operation, [shape for _, shape in taken], shapes[0]),
                "",
                details,
                isinstance(operation, keras.layers.Layer),
            )
        )
        self.connections += [Connection(source, name, shape) for source, shape in dict.fromkeys(taken) if source != name]
        return name

    def _features(self, operation: Any, taken: Sequence[Made], shape: Shape) -> int | None:
        n = len(shape)
        if n < 2:
            return None
        kind = type(operation).__name__
        if kind == "Permute" and taken and self.axes.get(taken[0][0]) is not None:
            return [0, *operation.dims].index(self.axes[taken[0][0]])
        if n == 2 or (n == 3 and any(word in kind for word in SEQUENCES)):
            return n - 1
        if getattr(operation, "data_format", None):
            return channels_of(operation, n, self.order)
        for source, before in taken:
            if len(before) == n and self.axes.get(source) is not None:
                return self.axes[source]
        return channels_of(operation, n, self.order)


def read_graph(net: Any, input_shape: Sequence[Any] | Mapping[str, Any] | None = None) -> ModelGraph:
    """The graph of a Keras model.

    Parameters
    ----------
    net : keras.Model, or another layer that is built
        Stays as it is.
    input_shape : sizes with the batch axis, in place of those of the model's own inputs
        Several for several inputs, a mapping by name. Without, sizes that may vary are written N (the batch) and ?.

    Raises
    ------
    ModelError
        It is no Keras model, has no weights yet, does not say its inputs, or the shape does not fit it.
    """
    if isinstance(net, type) or not isinstance(net, keras.layers.Layer):
        hint = "; that is a class: call it first" if isinstance(net, type) else ""
        raise ModelError(f"a figure needs a keras.Model, and this is {getattr(net, '__name__', type(net).__name__)}{hint}.")
    if not net.built:
        raise ModelError(f"{net.name} has no weights yet; call it once, or net.build(input_shape).")
    reading = _Reading(net)
    asked = _asked(net, input_shape)
    taken = [reading.given(name, shape, kind) for name, shape, kind in asked]
    function = _function_of(net)
    reason = ""
    if function is not None:
        outputs = _walk(reading, function, taken)
        method = "read from the model"
    else:
        try:
            outputs, method = _called_on_symbols(reading, net, asked, taken), "called on tensors without values"
        except Exception as error:  # noqa: BLE001 (a person's own call may do anything with tensors that have no values)
            reason = f"its call does not run on tensors without values ({type(error).__name__}){place_of(error)}"
            reading = _Reading(net)
            taken = [reading.given(name, shape, kind) for name, shape, kind in asked]
            outputs, method = _watched(reading, net, asked, taken), "its layers, watched on zeros"
            reason += "; so its layers are drawn in the order they ran, and what is computed between them is not seen"
    return _graph(net, reading, outputs, method, reason)


def _graph(net: Any, reading: _Reading, outputs: Sequence[Made], method: str, reason: str) -> ModelGraph:
    total = int(net.count_params())
    unused = total - sum(one.parameters for one in reading.operations)
    notes = [f"{unused:,} parameters are used by no operation"] if unused else []
    if any(isinstance(size, str) for one in reading.operations for shape in one.shapes for size in shape):
        notes.append("sizes that may vary count as 1 in multiply-adds")
    if reading.unknown:
        notes.append(f"multiply-adds inside {', '.join(sorted(reading.unknown))} are not known")
    classes = {name: type(one).__name__ for name, one in name_operations(net).items()}
    modules: dict[str, str] = {}
    for name, kind in classes.items():
        path = reading.paths.get(name, name)
        parts = path.split(".")
        for i in range(1, len(parts)):
            modules.setdefault(".".join(parts[:i]), "Block")
        modules[path] = kind
    return ModelGraph(
        net.name,
        tuple(reading.operations),
        tuple(reading.connections),
        tuple(dict.fromkeys(name for name, _ in outputs)),
        total,
        modules,
        method,
        reason,
        tuple(notes),
    )


def _walk(reading: _Reading, function: Any, taken: Sequence[Made], before: str = "") -> list[Made]:
    """Every operation of a functional graph, those of models inside it in their place."""
    made: dict[int, Made] = {id(one): source for one, source in zip(function.inputs, taken, strict=True)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in function._nodes_by_depth[depth]:
            operation = node.operation
            if not operation or node.is_input or any(id(one) not in made for one in node.input_tensors):
                continue
            sources = [made[id(one)] for one in node.input_tensors]
            inner = _function_of(operation)
            if inner is not None and len(inner.inputs) == len(sources):
                results = _walk(reading, inner, sources)
            else:
                shapes = _shapes_of(node, [shape for _, shape in sources])
                name = reading.made(operation, sources, shapes)
                results = [(name, shape) for shape in shapes]
            made |= {id(one): result for one, result in zip(node.outputs, results, strict=True)}
    return [made[id(one)] for one in function.outputs]


def _function_of(operation: Any) -> Any:
    """The graph that a functional or sequential model holds; None for everything else."""
    if isinstance(operation, keras.Function):
        return operation
    return getattr(operation, "_functional", None) if isinstance(operation, keras.Sequential) else None


def _shapes_of(node: Any, taken: Sequence[Shape]) -> list[Shape]:
    """What a call gives: as the model has noted it, or computed anew for inputs of other sizes."""
    noted = [_words(one.shape) for one in node.input_tensors]
    if [tuple(one) for one in taken] == noted:
        return [_words(one.shape) for one in node.outputs]
    symbols = {
        id(one): keras.KerasTensor(_plain(shape), dtype=one.dtype) for one, shape in zip(node.input_tensors, taken, strict=True)
    }
    args, kwargs = node.arguments.fill_in(symbols)
    try:
        outputs = node.operation.compute_output_spec(*args, **kwargs)
    except Exception as error:
        shapes = ", ".join(str(tuple(one)) for one in taken)
        raise ModelError(f"{node.operation.name!r} cannot take {shapes}: {said(error)}.") from error
    return [_words(one.shape) for one in keras.tree.flatten(outputs)]


def _called_on_symbols(reading: _Reading, net: Any, asked: Any, taken: Sequence[Made]) -> list[Made]:
    symbols = [keras.KerasTensor(_plain(shape), dtype=kind) for _, shape, kind in asked]
    with _unmarked(net):
        outputs = net.call(_structured(net, asked, symbols))
        function = keras.Function(symbols, outputs)
        return _walk(reading, function, taken)


@contextmanager
def _unmarked(net: Any) -> Iterator[None]:
    """Take back what a call on symbols writes into the layers."""
    layers = [net, *name_operations(net).values()]
    for one in list(layers):
        layers += [part for part in parts_of(one) if part not in layers]
    lengths = [(one, len(one._inbound_nodes), len(one._outbound_nodes)) for one in layers]
    try:
        yield
    finally:
        for one, inbound, outbound in lengths:
            del one._inbound_nodes[inbound:]
            del one._outbound_nodes[outbound:]


def _watched(reading: _Reading, net: Any, asked: Any, taken: Sequence[Made]) -> list[Made]:
    """Run on zeros; layers follow each other by the tensors they pass on, or else by the order in which they ran."""
    values = [keras.ops.zeros([size if isinstance(size, int) else 1 for size in shape], dtype=kind) for _, shape, kind in asked]
    maker: dict[int, Made] = {id(value): made for value, made in zip(values, taken, strict=True)}
    kept: list[Any] = list(values)
    leaves = {name: one for name, one in name_operations(net).items() if not parts_of(one)}
    last: list[Made] = list(taken)
    replaced = []

    def watched(operation: Any, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            output = function(*args, **kwargs)
            operands = [one for one in keras.tree.flatten((args, kwargs)) if keras.ops.is_tensor(one)]
            given = [one for one in keras.tree.flatten(output) if keras.ops.is_tensor(one)]
            kept.extend((*operands, *given))
            sources = [maker[id(one)] for one in operands if id(one) in maker] or list(last)
            shapes: list[Shape] = [tuple(int(n) for n in one.shape) for one in given]
            if shapes:
                name = reading.made(operation, sources, shapes)
                for one, shape in zip(given, shapes, strict=True):
                    maker[id(one)] = name, shape
                last[:] = [(name, shapes[0])]
            return output

        return call

    try:
        for one in leaves.values():
            one.__dict__["call"] = watched(one, one.call)
            replaced.append(one)
        try:
            outputs = net(_structured(net, asked, values), training=False)
        except Exception as error:
            shapes = ", ".join(str(shape) for _, shape, _ in asked)
            raise ModelError(f"{type(net).__name__} fails on input {shapes}: {said(error)}{place_of(error)}") from error
    finally:
        for one in replaced:
            del one.__dict__["call"]
    ends = [maker[id(one)] for one in keras.tree.flatten(outputs) if id(one) in maker]
    return ends or list(last)


def _asked(net: Any, input_shape: Any) -> list[tuple[str, Shape, str]]:
    """Name, shape and type of numbers of each input."""
    specs = specs_of(net)
    if input_shape is None:
        if not specs:
            raise ModelError(f"{net.name} does not say what it takes: input_shape=(1, 224, 224, 3), the batch axis included.")
        return [(one.name, _words(one.shape), one.kind) for one in specs]
    if isinstance(input_shape, Mapping):
        given = dict(input_shape)
    else:
        several = bool(input_shape) and all(isinstance(one, list | tuple) for one in input_shape)
        shapes = list(input_shape) if several else [input_shape]
        names = [one.name for one in specs] or [f"input {i}" if len(shapes) > 1 else "input" for i in range(len(shapes))]
        if len(names) != len(shapes):
            raise ModelError(f"{len(shapes)} shapes for {len(names)} inputs: {', '.join(str(one) for one in specs)}.")
        given = dict(zip(names, shapes, strict=True))
    known = {one.name: one for one in specs}
    if specs and set(given) != set(known):
        raise ModelError(f"shapes are given for {', '.join(given)}; the model's inputs are {', '.join(known)}.")
    found = []
    for name in known or given:
        shape = given[name]
        if not isinstance(shape, list | tuple) or not all(
            (isinstance(n, int) and not isinstance(n, bool) and n > 0) or isinstance(n, str) for n in shape
        ):
            raise ModelError(f"{shape!r} is no shape; give whole numbers above 0 with the batch axis first: (1, 224, 224, 3).")
        if name in known:
            own = known[name].shape
            if len(own) != len(shape) or any(
                isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(own, shape, strict=True)
            ):
                raise ModelError(f"the model does not fit an input of {tuple(shape)}: it takes {known[name]}.")
        found.append((name, tuple(shape), known[name].kind if name in known else keras.config.floatx()))
    return found


def _structured(net: Any, asked: Any, values: Sequence[Any]) -> Any:
    """One value as it is; several as the model was made to take them, by name where it was by name."""
    names = [name for name, _, _ in asked]
    if isinstance(getattr(net, "_inputs_struct", None), dict) or (len(values) > 1 and not names[0].startswith("input ")):
        return dict(zip(names, values, strict=True))
    return values[0] if len(values) == 1 else list(values)


def _parted(shape: Shape, features: int | None) -> tuple[int | str | None, Shape]:
    """Features and extent of a tensor whose batch axis is the first."""
    extent = tuple(size for axis, size in enumerate(shape) if axis not in (0, features))
    return (shape[features] if features is not None else None), extent


def _words(shape: Sequence[Any]) -> Shape:
    return tuple((size if size is not None else "N" if axis == 0 else "?") for axis, size in enumerate(shape))


def _plain(shape: Shape) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) else None for size in shape)


def _composite(operation: Any) -> bool:
    """A layer with weighted parts of which Keras' own formulas say nothing."""
    own = type(operation).__module__.startswith("keras.")
    return not own and any(getattr(one, "weights", ()) for one in parts_of(operation))


def _details(operation: Any) -> dict[str, str]:
    details = {name: str(getattr(operation, name)) for name in SHOWN if _telling(getattr(operation, name, None))}
    activation = getattr(operation, "activation", None)
    if callable(activation) and getattr(activation, "__name__", "linear") != "linear":
        details["activation"] = activation.__name__
    return details


def _telling(value: Any) -> bool:
    return isinstance(value, int | float | str | list | tuple) and not callable(value)
