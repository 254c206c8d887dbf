"""How is a Keras model looked into, on whatever backend it runs?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from underglass.models import array_pooling
from underglass.models.array_inputs import Spec, fixed_batch
from underglass.models.framework_model import FrameworkModel, processors
from underglass.models.inputs import Prepared
from underglass.models.keras_layers import channels_of, name_operations, order_of, watching
from underglass.models.layer_axes import Axes
from underglass.models.layers import Call, Role, Sighting
from underglass.models.model import Array, Output
from underglass.models.nested import mapped
from underglass.models.settings import Settings
from underglass.models.weights import Weight, base_of

if TYPE_CHECKING:
    from underglass.architecture.graph import ModelGraph, Operation

MERGING = ("Add", "Concatenate", "Multiply", "Average", "Maximum")
SEQUENCES = ("LSTM", "GRU", "RNN", "Attention", "Embedding", "LayerNormalization")


class KerasModel(FrameworkModel[Call]):
    """A `Model` around a Keras model; made by `underglass.models.keras`.

    Functional, sequential, nested and subclassed; it is called with ``training=False`` and stays as it is.

    Parameters
    ----------
    net : keras.Model
        Built: it has its weights.
    settings : see `Settings`.
    """

    framework = "keras"

    def __init__(self, net: Any, settings: Settings) -> None:
        super().__init__(settings, name=net.name, output=_ending(net))
        self.net = net
        self.operations = name_operations(net)
        self.specs = specs_of(net)
        self.fixed_batch = fixed_batch(self.specs)
        self._order = order_of(net)

    @property
    def title(self) -> str:
        return f"Keras on {keras.backend.backend()}"

    @property
    def parameters(self) -> int:
        """Count of parameters, as Keras counts them: moving averages included."""
        return int(self.net.count_params())

    @property
    def threads(self) -> int:
        """Threads its backend computes with, as far as it tells."""
        return _torch_threads().threads() if _on_torch() else processors()

    def on_threads(self, count: int) -> AbstractContextManager[None]:
        """Compute with so many threads inside, on the torch backend; others choose for themselves."""
        return _torch_threads().on_threads(count) if _on_torch() else nullcontext()

    @property
    def device(self) -> str:
        weights = self.net.weights
        return str(weights[0].value.device) if _on_torch() and weights else "cpu"

    @property
    def no_gradients(self) -> str | None:
        """None on the torch backend; a reason on others."""
        if _on_torch():
            return None
        backend = keras.backend.backend()
        return f"gradients of Keras models are taken on its torch backend, and this one runs on {backend}: KERAS_BACKEND=torch."

    def graph(self, example: Sequence[Any]) -> ModelGraph:
        from underglass.models.keras_graph import read_graph

        return read_graph(self.net, self._shapes(example))

    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        found: dict[int, Weight] = {}
        for one in operations:
            layer = self.operations.get(base_of(one.id), self.net if one.id == self.net.name else None)
            for weight in getattr(layer, "weights", None) or ():
                found.setdefault(id(weight), _weight(weight, layer, one.id))
        return list(found.values())

    def weights(self) -> Mapping[str, Any]:
        """Every weight by its number: Keras counts names up in each process."""
        return {f"{number:06d}": weight.value for number, weight in enumerate(self.net.weights)}

    def _watch(self, batch: Prepared, keys: Sequence[Call] | None, look: Callable[[Call, Any], None]) -> Any:
        every = self.operations or {"": self.net}
        watched = every if keys is None else {name: every[name] for name in {key.name for key in keys}}
        with _without_gradients(), watching(watched, look):
            return self._called(batch)

    def _sightings(self, seen: Sequence[tuple[Call, tuple[int, ...]]]) -> list[Sighting[Call]]:
        calls = Counter((call.name, call.path) for call, _ in seen)
        found = []
        for call, shape in seen:
            operation = self.operations.get(call.name, self.net)
            name = call.name or "output"
            name = f"{name}:{call.number}" if calls[call.name, call.path] > 1 else name
            name = f"{name}.{call.path}" if call.path else name
            channels = self._channels(operation, shape)
            found.append(Sighting(call, name, type(operation).__name__, shape, channels, _role(operation)))
        return found

    def _channels(self, operation: Any, shape: tuple[int, ...]) -> int:
        if any(word in type(operation).__name__ for word in SEQUENCES) and len(shape) == 3:
            return -1
        return 0 if channels_of(operation, len(shape), self._order) == 1 and len(shape) > 2 else -1

    def _pool(self, value: Any, axes: Axes, pooling: Sequence[str]) -> Mapping[str, Any]:
        if _on_torch():
            from underglass.models import torch_pooling

            return torch_pooling.pool(value, axes, pooling)
        return array_pooling.pool(to_array(value), axes, pooling)

    def _maps(self, value: Any, axes: Axes, unit: int | None) -> Any:
        return array_pooling.maps(to_array(value), axes, unit)

    def _array(self, value: Any) -> Array:
        return to_array(value) if keras.ops.is_tensor(value) else np.asarray(value)

    def _bits(self, value: Any) -> tuple[str, Array]:
        return super()._bits(self._array(value))

    def _gradients(self, batch: Prepared, output: int) -> dict[str, Array]:
        from underglass.models.torch_gradients import input_gradients

        given = mapped(batch.inputs, keras.ops.convert_to_tensor)
        found = input_gradients(lambda inputs: self._called(replace(batch, inputs=inputs)), given, output)
        alone = self.specs[0].name if len(self.specs) == 1 else "input"
        return {alone if name == "input" else name: slopes for name, slopes in found.items()}

    def _called(self, batch: Prepared) -> Any:
        with self._taking(batch):
            outputs = self.net(_as_asked(self.net, batch.inputs), training=False)
        # a model's only output may have any name
        return next(iter(outputs.values())) if isinstance(outputs, Mapping) and len(outputs) == 1 else outputs


def _weight(weight: Any, layer: Any, operation: str) -> Weight:
    kind = str(keras.backend.standardize_dtype(weight.dtype))
    name = str(weight.path).rpartition(f"{layer.name}/")[2] or str(weight.name)
    return Weight(name, operation, tuple(weight.shape), kind, bool(weight.trainable), lambda: to_array(weight.value))


def specs_of(net: Any) -> tuple[Spec, ...]:
    """The inputs a model asks for; none if a subclassed one does not say."""
    try:
        given = net.inputs
    except (AttributeError, ValueError):
        return ()
    return tuple(Spec(input_name(one), tuple(one.shape), keras.backend.standardize_dtype(one.dtype)) for one in given or ())


def input_name(tensor: Any) -> str:
    """What an input is called: its layer's name, for Keras numbers its tensors on their own."""
    history = getattr(tensor, "_keras_history", None)
    return str(history.operation.name if history is not None and history.operation is not None else tensor.name)


def to_array(tensor: Any) -> Array:
    """A backend's tensor as an array, halves as float32."""
    if "float16" in keras.backend.standardize_dtype(tensor.dtype):
        tensor = keras.ops.cast(tensor, "float32")
    if hasattr(tensor, "detach"):  # of torch; Keras' own way warns with newer numpy
        return np.asarray(tensor.detach().cpu().numpy())
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def _as_asked(net: Any, inputs: Any) -> Any:
    """In the structure that the model was made with: alone, a list, or a mapping."""
    if not isinstance(inputs, dict):
        return inputs
    asked = getattr(net, "_inputs_struct", None)
    if isinstance(asked, dict):
        return {key: inputs[input_name(one)] for key, one in asked.items()}
    if isinstance(asked, list | tuple):
        return [inputs[input_name(one)] for one in asked]
    return inputs


def _role(operation: Any) -> Role:
    name = type(operation).__name__
    if name in MERGING:
        return "merge"
    return "weighted" if getattr(operation, "weights", None) and "Normalization" not in name else "other"


def _ending(net: Any) -> Output:
    """Whether the last layer is a softmax, or a sigmoid of one unit."""
    last = net.layers[-1] if getattr(net, "layers", None) else net
    while getattr(last, "layers", None):
        last = last.layers[-1]
    called = getattr(getattr(last, "activation", None), "__name__", type(last).__name__.lower())
    if called == "softmax":
        return "probabilities"
    return "probabilities" if called == "sigmoid" and getattr(last, "units", 0) == 1 else "logits"


def _on_torch() -> bool:
    return bool(keras.backend.backend() == "torch")


def _torch_threads() -> Any:
    from underglass.models import torch_threads

    return torch_threads


def _without_gradients() -> AbstractContextManager[Any]:
    if not _on_torch():
        return nullcontext()
    import torch

    quiet: AbstractContextManager[Any] = torch.no_grad()
    return quiet
