"""How is an ONNX model looked into? Tensors on the way become outputs of a copy in memory, only those that are asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from underglass.errors import ModelError
from underglass.models import array_pooling
from underglass.models.array_inputs import fixed_batch
from underglass.models.framework_model import FrameworkModel, processors
from underglass.models.inputs import Prepared
from underglass.models.layer_axes import Axes
from underglass.models.layers import Role, Sighting
from underglass.models.model import Array, Output
from underglass.models.onnx_axes import axes_of_input, axes_of_output
from underglass.models.onnx_constants import Analysis, analyse
from underglass.models.onnx_file import attributes, inputs_of, kind_of, read_file, serialized, shape_of, taken_by
from underglass.models.onnx_names import name_nodes
from underglass.models.outputs import KEYS
from underglass.models.settings import Settings

if TYPE_CHECKING:
    from underglass.architecture.graph import ModelGraph, Operation
    from underglass.models.weights import Weight

KEPT_SESSIONS = 3
MERGING = ("Add", "Sum", "Concat", "Mul", "Max", "Mean")


class OnnxModel(FrameworkModel[str]):
    """A `Model` around an ONNX file; made by `underglass.models.onnx`.

    The file is only read. A model that was exported for one size of batch is run in pieces of that size.

    Parameters
    ----------
    source : path, bytes or onnx.ModelProto.
    settings : see `Settings`.
    providers : what onnxruntime computes on, best first.
    """

    framework = "onnx"

    def __init__(self, source: Any, settings: Settings, *, providers: Sequence[str]) -> None:
        self.file = read_file(source)
        super().__init__(settings, name=_called(source), output=_ending(self.file))
        self.providers = list(providers)
        self.specs = inputs_of(self.file)
        if not self.specs:
            raise ModelError(f"{self.name} takes no input.")
        self.fixed_batch = fixed_batch(self.specs)
        self._scores = _scores_of(self.file)
        self._threads = processors()
        self._sessions: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._analysis: Analysis | None = None
        self._session(())

    @property
    def title(self) -> str:
        return "ONNX"

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
        return (
            "cpu" if self.providers[0] == "CPUExecutionProvider" else self.providers[0].removesuffix("ExecutionProvider").lower()
        )

    @property
    def threads(self) -> int:
        return self._threads

    @contextmanager
    def on_threads(self, count: int) -> Iterator[None]:
        before, self._threads = self._threads, count
        try:
            yield
        finally:
            self._threads = before

    @property
    def no_gradients(self) -> str | None:
        """Always a reason: onnxruntime runs forwards only."""
        return "an ONNX file is run forwards only, so it gives no gradients; take them from the model it was exported from."

    def graph(self, example: Sequence[Any]) -> ModelGraph:
        from underglass.models.onnx_graph import read_graph

        return read_graph(self.file, self._shapes(example))

    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        from underglass.models.onnx_weights import weights_in

        return weights_in(self.file, self.analysis, operations)

    def weights(self) -> Mapping[str, Any]:
        """Every initialiser and constant."""
        found = {tensor.name: tensor for tensor in self.file.graph.initializer}
        for node in self.file.graph.node:
            for one in node.attribute:
                if one.type == onnx.AttributeProto.TENSOR:
                    found[f"{node.output[0]}/{one.name}"] = one.t
        return found

    def _watch(self, batch: Prepared, keys: Sequence[str] | None, look: Callable[[str, Any], None]) -> Any:
        asked = keys
        if asked is None:
            asked = [name for node in self.analysis.nodes for name in node.output if self._may_be_real(name)]
        session = self._session(tuple(asked))
        given = batch.inputs if isinstance(batch.inputs, dict) else {self.specs[0].name: batch.inputs}
        names = list(dict.fromkeys([self._scores, *asked]))
        with self._taking(batch):
            values = dict(zip(names, session.run(names, given), strict=True))
        outputs = values[self._scores]
        for name in asked:
            value = values.pop(name)  # a map is let go as soon as it is looked at
            if _real(value):
                look(name, value)
        return outputs

    def _sightings(self, seen: Sequence[tuple[str, tuple[int, ...]]]) -> list[Sighting[str]]:
        sizes = dict(seen)
        axes = {spec.name: axes_of_input(_sizes(spec.shape), whole_numbers="int" in spec.kind) for spec in self.specs}
        shapes: dict[str, Any] = {spec.name: _sizes(spec.shape) for spec in self.specs}
        found = []
        for node, named in zip(self.analysis.nodes, name_nodes(self.analysis), strict=True):
            fed = [name for name in taken_by(node) if name in axes]
            weights = self.analysis.parameters_of(node)
            came = [(shapes[name], axes[name]) for name in fed]
            outputs = [name for name in node.output if name]
            used = [name for name in outputs if name in sizes]
            for place, name in enumerate(outputs):
                shapes[name] = sizes.get(name) or self.analysis.shapes.get(name, ("?",))
                where = axes_of_output(node.op_type, shapes[name], came, attributes(node), table=bool(weights))
                axes[name] = where
                if name in sizes:
                    called = f"{named.name}.{place}" if len(used) > 1 else named.name
                    found.append(Sighting(name, called, node.op_type, sizes[name], _units(where), _role(node, fed, weights)))
        return found

    def _pool(self, value: Any, axes: Axes, pooling: Sequence[str]) -> Mapping[str, Any]:
        return array_pooling.pool(value, axes, pooling)

    def _maps(self, value: Any, axes: Axes, unit: int | None) -> Any:
        return array_pooling.maps(value, axes, unit)

    def _bits(self, value: Any) -> tuple[str, Array]:
        return super()._bits(_numbers(value) if isinstance(value, onnx.TensorProto) else value)

    def _failure(self, error: BaseException) -> str:
        return f": {_short(error)}"

    def _may_be_real(self, name: str) -> bool:
        kind = self.analysis.kinds.get(name)
        return bool(name) and name not in self.analysis.constants and (kind is None or "float" in kind)

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


def _numbers(tensor: Any) -> Array:
    """A tensor's numbers, or its bytes for types that numpy has not."""
    try:
        np.dtype(kind_of(tensor.data_type))
        return np.asarray(numpy_helper.to_array(tensor))
    except (TypeError, KeyError, ValueError):
        return np.frombuffer(tensor.raw_data, np.uint8)


def _short(error: BaseException) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return first.split(" : ")[-1] if " : " in first else first


def _called(source: Any) -> str:
    """The file's name, or what the graph is called."""
    if isinstance(source, str | Path):
        return Path(source).stem
    return getattr(getattr(source, "graph", None), "name", "") or "model"


def _units(axes: tuple[int, int | None]) -> int:
    """The axis of one instance that holds the features."""
    batch, features = axes
    return -1 if features is None else features - (features > batch)
