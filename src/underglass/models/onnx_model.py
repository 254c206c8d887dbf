"""How is an ONNX model looked into? Tensors on the way become outputs of a copy in memory, only those that are asked for."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from underglass.errors import ModelError
from underglass.models.array_inputs import Spec
from underglass.models.array_layers import Role, Sighting
from underglass.models.array_model import ArrayModel, Reduce, Reduced
from underglass.models.array_outputs import KEYS
from underglass.models.inputs import Prepared, describe
from underglass.models.model import Array, OutOfMemory, Output
from underglass.models.onnx_axes import Axes, axes_of_input, axes_of_output
from underglass.models.onnx_constants import Analysis, analyse
from underglass.models.onnx_file import attributes, inputs_of, kind_of, read_file, serialized, shape_of, taken_by
from underglass.models.onnx_names import name_nodes

if TYPE_CHECKING:
    from underglass.architecture.graph import ModelGraph, Operation
    from underglass.models.weights import Weight

KEPT_SESSIONS = 3
NO_MEMORY = ("bad_alloc", "Failed to allocate", "out of memory", "BFCArena")
MERGING = ("Add", "Sum", "Concat", "Mul", "Max", "Mean")


class OnnxModel(ArrayModel):
    """A `Model` around an ONNX file; made by `underglass.models.onnx`.

    The file is only read. A model that was exported for one size of batch is run in pieces of that size.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto.
    output : what the model gives; None looks whether it ends in a softmax.
    providers : what onnxruntime computes on, best first.
    """

    framework = "onnx"

    def __init__(
        self,
        source: Any,
        *,
        preprocess: Callable[[Any], Any] | None,
        collate: Callable[[list[Any]], Any] | None,
        classes: tuple[str, ...],
        output: Output | None,
        accuracy: float | None,
        name: str,
        providers: Sequence[str],
    ) -> None:
        self.file = read_file(source)
        super().__init__(
            preprocess=preprocess,
            collate=collate,
            classes=classes,
            output=output or _ending(self.file),
            accuracy=accuracy,
            name=name,
        )
        self.providers = list(providers)
        self._specs = inputs_of(self.file)
        if not self._specs:
            raise ModelError(f"{name} takes no input.")
        sizes = {spec.shape[0] for spec in self._specs if spec.shape}
        fixed = next(iter(sizes)) if len(sizes) == 1 else None
        self.fixed_batch = fixed if isinstance(fixed, int) else None
        self._scores = _scores_of(self.file)
        self._threads = _processors()
        self._sessions: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._analysis: Analysis | None = None
        self._session(())

    def __repr__(self) -> str:
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return f"<{self.name}: ONNX, {self.parameters:,} parameters{classes}, gives {self.output}>"

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The inputs it asks for."""
        return self._specs

    @property
    def analysis(self) -> Analysis:
        """Its constants and shapes."""
        if self._analysis is None:
            self._analysis = analyse(self.file)
        return self._analysis

    @property
    def parameters(self) -> int:
        """Count of the numbers in its weights."""
        return sum(self.analysis.weights.values())

    @property
    def device(self) -> str:
        """What onnxruntime computes on."""
        return (
            "cpu" if self.providers[0] == "CPUExecutionProvider" else self.providers[0].removesuffix("ExecutionProvider").lower()
        )

    @property
    def threads(self) -> int:
        """Threads onnxruntime computes with; outputs may differ in their last bit with another number."""
        return self._threads

    @contextmanager
    def on_threads(self, count: int) -> Iterator[None]:
        """Compute with so many threads inside, and with as many as before after."""
        before, self._threads = self._threads, count
        try:
            yield
        finally:
            self._threads = before

    @property
    def no_gradients(self) -> str | None:
        """Always a reason: onnxruntime runs forwards only."""
        return "an ONNX file is run forwards only, so it gives no gradients; take them from the model it was exported from."

    def read_graph(self, input_shape: Mapping[str, tuple[int, ...]] | None) -> ModelGraph:
        """Its operations and the tensors between them, as `onnx_graph.read_graph`."""
        from underglass.models.onnx_graph import read_graph

        return read_graph(self.file, input_shape)

    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        """The weights of operations of its graph, each once, without their numbers until they are read."""
        from underglass.models.onnx_weights import weights_in

        return weights_in(self.file, self.analysis, operations)

    def weights(self) -> Iterator[tuple[str, Array]]:
        """Every initialiser and constant with its name."""
        for tensor in self.file.graph.initializer:
            yield tensor.name, _bits(tensor)
        for node in self.file.graph.node:
            for one in node.attribute:
                if one.type == onnx.AttributeProto.TENSOR:
                    yield f"{node.output[0]}/{one.name}", _bits(one.t)

    def _sight(self, batch: Prepared) -> list[Sighting]:
        seen: dict[str, tuple[int, ...]] = {}
        wanted = [name for node in self.analysis.nodes for name in node.output if self._may_be_real(name)]

        def look(name: Hashable, value: Array) -> Reduced:
            seen[str(name)] = value.shape
            return {}

        self._once(batch.inputs, wanted, look)
        axes = {spec.name: axes_of_input(_sizes(spec.shape), whole_numbers="int" in spec.kind) for spec in self._specs}
        shapes: dict[str, Any] = {spec.name: _sizes(spec.shape) for spec in self._specs}
        found = []
        for node, named in zip(self.analysis.nodes, name_nodes(self.analysis), strict=True):
            fed = [name for name in taken_by(node) if name in axes]
            weights = self.analysis.parameters_of(node)
            came = [(shapes[name], axes[name]) for name in fed]
            outputs = [name for name in node.output if name]
            used = [name for name in outputs if name in seen]
            for place, name in enumerate(outputs):
                shapes[name] = seen.get(name) or self.analysis.shapes.get(name, ("?",))
                where: Axes = axes_of_output(node.op_type, shapes[name], came, attributes(node), table=bool(weights))
                axes[name] = where
                if name in seen:
                    called = f"{named.name}.{place}" if len(used) > 1 else named.name
                    channels = where[1] if where[1] is not None else len(seen[name]) - 1
                    found.append(Sighting(name, called, node.op_type, seen[name], channels, _role(node, fed, weights)))
        return found

    def _may_be_real(self, name: str) -> bool:
        kind = self.analysis.kinds.get(name)
        return bool(name) and name not in self.analysis.constants and (kind is None or "float" in kind)

    def _once(self, inputs: Any, keys: Sequence[Hashable], reduce: Reduce) -> tuple[Any, dict[Hashable, Reduced]]:
        names = [str(key) for key in keys]
        session = self._session(tuple(names))
        asked = list(dict.fromkeys([self._scores, *names]))
        given = inputs if isinstance(inputs, dict) else {self._specs[0].name: inputs}
        values = dict(zip(asked, self._computed(session, asked, given), strict=True))
        return values[self._scores], {key: reduce(key, values[str(key)]) for key in keys if _real(values[str(key)])}

    def _computed(self, session: Any, names: Sequence[str], inputs: dict[str, Array]) -> list[Array]:
        try:
            values: list[Array] = session.run(list(names), inputs)
        except Exception as error:  # onnxruntime raises a class of its own for each kind of failure
            if any(words in str(error) for words in NO_MEMORY):
                raise OutOfMemory(f"no memory for a batch of {len(next(iter(inputs.values())))}.") from error
            raise ModelError(f"the model cannot take the input {describe(inputs)}: {_short(error)}.") from error
        return values

    def _session(self, names: tuple[str, ...]) -> Any:
        """A session that also gives the named tensors; the last few are kept."""
        key = (names, self._threads)
        if key in self._sessions:
            self._sessions.move_to_end(key)
            return self._sessions[key]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        # idle threads that spin take the processor from torch and numpy in the same process
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(serialized(self._with_outputs(names)), options, providers=self.providers)
        except ModelError:
            raise
        except Exception as error:  # onnxruntime raises a class of its own for each kind of failure
            raise ModelError(f"onnxruntime cannot run {self.name}: {_short(error)}") from error
        self._sessions[key] = session
        while len(self._sessions) > KEPT_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def _with_outputs(self, names: Sequence[str]) -> Any:
        have = {one.name for one in self.file.graph.output}
        fresh = [name for name in names if name not in have]
        if not fresh:
            return self.file
        copy = onnx.ModelProto()
        copy.CopyFrom(self.file)
        copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in fresh)
        return copy


def _role(node: Any, fed: Sequence[str], weights: Any) -> Role:
    if weights and node.op_type not in (
        "BatchNormalization",
        "LayerNormalization",
        "InstanceNormalization",
        "Mul",
        "Add",
        "PRelu",
    ):
        return "weighted"
    return "merge" if node.op_type in MERGING and len(set(fed)) > 1 else "other"


def _scores_of(model: Any) -> str:
    """Of several outputs the one that is named as scores are, else the first of real numbers."""
    outputs = list(model.graph.output)
    real = [one.name for one in outputs if "float" in kind_of(one.type.tensor_type.elem_type)]
    names = real or [one.name for one in outputs]
    return str(next((name for name in names if name in KEYS), names[0]))


def _ending(model: Any) -> Output:
    """Whether the scores come out of a softmax, or one alone out of a sigmoid, through nothing but what reshapes."""
    makers = {name: node for node in model.graph.node for name in node.output}
    name = _scores_of(model)
    node = makers.get(name)
    while node is not None and node.op_type in ("Reshape", "Flatten", "Squeeze", "Identity", "Cast"):
        node = makers.get(node.input[0])
    if node is None:
        return "logits"
    shape = next(shape_of(one.type.tensor_type) for one in model.graph.output if one.name == name)
    single = bool(shape) and (shape[-1] == 1 or len(shape) == 1)
    return "probabilities" if node.op_type == "Softmax" or (node.op_type == "Sigmoid" and single) else "logits"


def _real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0


def _sizes(shape: Sequence[Any]) -> tuple[int | str, ...]:
    return tuple("?" if size is None else size for size in shape)


def _bits(tensor: Any) -> Array:
    """A tensor's numbers, or its bytes for types that numpy has not."""
    try:
        np.dtype(kind_of(tensor.data_type))
        return np.asarray(numpy_helper.to_array(tensor))
    except (TypeError, KeyError, ValueError):
        return np.frombuffer(tensor.raw_data, np.uint8)


def _short(error: BaseException) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return first.split(" : ")[-1] if " : " in first else first


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
