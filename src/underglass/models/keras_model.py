"""How is a Keras model looked into, on whatever backend it runs?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from underglass.errors import ModelError
from underglass.models.array_inputs import Spec
from underglass.models.array_layers import Role, Sighting
from underglass.models.array_model import ArrayModel, Reduce, Reduced
from underglass.models.inputs import Prepared, describe, said
from underglass.models.keras_layers import channels_of, name_operations, order_of, watching
from underglass.models.model import Array, OutOfMemory, Output
from underglass.models.weights import Weight, base_of

if TYPE_CHECKING:
    from underglass.architecture.graph import ModelGraph, Operation

NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory", "DefaultCPUAllocator", "RESOURCE_EXHAUSTED")
MERGING = ("Add", "Concatenate", "Multiply", "Average", "Maximum")
SEQUENCES = ("LSTM", "GRU", "RNN", "Attention", "Embedding", "LayerNormalization")


class KerasModel(ArrayModel):
    """A `Model` around a Keras model; made by `underglass.models.keras`.

    Functional, sequential, nested and subclassed; it is called with ``training=False`` and stays as it is.

    Parameters
    ----------
    net : keras.Model
        Built: it has its weights.
    output : what the model gives; None looks whether it ends in a softmax.
    """

    framework = "keras"

    def __init__(
        self,
        net: Any,
        *,
        preprocess: Callable[[Any], Any] | None,
        collate: Callable[[list[Any]], Any] | None,
        classes: tuple[str, ...],
        output: Output | None,
        accuracy: float | None,
        name: str,
    ) -> None:
        super().__init__(
            preprocess=preprocess,
            collate=collate,
            classes=classes,
            output=output or _ending(net),
            accuracy=accuracy,
            name=name,
        )
        self.net = net
        self.operations = name_operations(net)
        self._order = order_of(net)
        self._specs = specs_of(net)
        sizes = {spec.shape[0] for spec in self._specs if spec.shape}
        fixed = next(iter(sizes)) if len(sizes) == 1 else None
        self.fixed_batch = fixed if isinstance(fixed, int) else None

    def __repr__(self) -> str:
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return f"<{self.name}: Keras on {keras.backend.backend()}, {self.parameters:,} parameters{classes}, gives {self.output}>"

    @property
    def specs(self) -> tuple[Spec, ...]:
        """The inputs it asks for; none if a subclassed model does not say."""
        return self._specs

    @property
    def parameters(self) -> int:
        """Count of parameters, as Keras counts them: moving averages included."""
        return int(self.net.count_params())

    @property
    def threads(self) -> int:
        """Threads its backend computes with, as far as it tells."""
        return _torch().get_num_threads() if _on_torch() else len(os.sched_getaffinity(0))

    @contextmanager
    def on_threads(self, count: int) -> Iterator[None]:
        """Compute with so many threads inside, on the torch backend; others choose for themselves."""
        before = self.threads
        if not _on_torch() or count == before:
            yield
            return
        _torch().set_num_threads(count)
        try:
            yield
        finally:
            _torch().set_num_threads(before)

    @property
    def device(self) -> str:
        """Where its weights are."""
        weights = self.net.weights
        return str(weights[0].value.device) if _on_torch() and weights else "cpu"

    @property
    def no_gradients(self) -> str | None:
        """None on the torch backend; a reason on others."""
        if _on_torch():
            return None
        backend = keras.backend.backend()
        return f"gradients of Keras models are taken on its torch backend, and this one runs on {backend}: KERAS_BACKEND=torch."

    def read_graph(self, input_shape: Mapping[str, tuple[int, ...]] | None) -> ModelGraph:
        """Its operations and the tensors between them, as `keras_graph.read_graph`."""
        from underglass.models.keras_graph import read_graph

        return read_graph(self.net, input_shape)

    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        """The weights of operations of its graph, each once, without their numbers until they are read."""
        found: dict[int, Weight] = {}
        for one in operations:
            layer = self.operations.get(base_of(one.id), self.net if one.id == self.net.name else None)
            for weight in getattr(layer, "weights", None) or ():
                found.setdefault(id(weight), _weight(weight, layer, one.id))
        return list(found.values())

    def weights(self) -> Iterator[tuple[str, Array]]:
        """Every weight by its number: Keras counts names up in each process."""
        for number, weight in enumerate(self.net.weights):
            yield f"{number:06d}", to_array(weight.value)

    def input_gradients(self, raw: Sequence[Any] | Prepared, output: int) -> Mapping[str, Array]:
        """Gradient of one output by each real-valued input: name → (n, …) float32.

        Raises
        ------
        ModelError
            The backend is another than torch, or there is no such output.
        """
        if self.no_gradients is not None:
            raise ModelError(self.no_gradients)
        from underglass.models.torch_outputs import scores

        torch = _torch()
        batch = raw if isinstance(raw, Prepared) else self.prepare(raw)
        named = (
            batch.inputs if isinstance(batch.inputs, dict) else {self._specs[0].name if self._specs else "input": batch.inputs}
        )
        given = {name: keras.ops.convert_to_tensor(value) for name, value in named.items()}
        real = {name: one.requires_grad_() for name, one in given.items() if one.is_floating_point()}
        with torch.enable_grad():
            found = scores(self._called(given if isinstance(batch.inputs, dict) else next(iter(given.values()))))
            if not 0 <= output < found.shape[1]:
                raise ModelError(f"there is no output {output}; the model gives {found.shape[1]}.")
            slopes = torch.autograd.grad(found[:, output].sum(), list(real.values()))
        return {name: to_array(one) for name, one in zip(real, slopes, strict=True)}

    def _sight(self, batch: Prepared) -> list[Sighting]:
        seen: list[tuple[str, int, str, tuple[int, ...]]] = []
        watched = self.operations or {"": self.net}

        def look(name: str, call: int, path: str, tensor: Any) -> None:
            seen.append((name, call, path, tuple(tensor.shape)))

        with _without_gradients(), watching(watched, look):
            self._called(batch.inputs)
        calls = Counter((name, path) for name, _, path, _ in seen)
        found = []
        for name, call, path, shape in seen:
            operation = watched[name]
            called = name or "output"
            called = f"{called}:{call}" if calls[name, path] > 1 else called
            called = f"{called}.{path}" if path else called
            found.append(
                Sighting(
                    (name, call, path),
                    called,
                    type(operation).__name__,
                    shape,
                    self._channels(operation, shape),
                    _role(operation),
                )
            )
        return found

    def _channels(self, operation: Any, shape: tuple[int, ...]) -> int:
        if any(word in type(operation).__name__ for word in SEQUENCES) and len(shape) == 3:
            return 2
        return channels_of(operation, len(shape), self._order)

    def _once(self, inputs: Any, keys: Sequence[Hashable], reduce: Reduce) -> tuple[Any, dict[Hashable, Reduced]]:
        wanted: set[Any] = set(keys)
        found: dict[Hashable, Reduced] = {}

        def look(name: str, call: int, path: str, tensor: Any) -> None:
            if (name, call, path) in wanted:
                found[name, call, path] = reduce((name, call, path), to_array(tensor))

        all_of_them = self.operations or {"": self.net}
        watched = {name: all_of_them[name] for name in {key[0] for key in wanted}}
        with _without_gradients(), watching(watched, look):
            outputs = self._called(inputs)
        return _arrays(outputs), found

    def _called(self, inputs: Any) -> Any:
        count = len(
            next(iter(inputs.values())) if isinstance(inputs, dict) else inputs[0] if isinstance(inputs, tuple) else inputs
        )
        try:
            return self.net(_as_asked(self.net, inputs), training=False)
        except MemoryError as error:
            raise OutOfMemory(f"no memory for a batch of {count}.") from error
        except Exception as error:  # a backend, a layer or a person's own call may raise anything
            if any(words in str(error) for words in NO_MEMORY):
                raise OutOfMemory(f"no memory for a batch of {count}.") from error
            raise ModelError(f"the model cannot take the input {describe(inputs)}: {said(error)}.") from error


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


def _arrays(outputs: Any) -> Any:
    if isinstance(outputs, Mapping):
        return {str(key): to_array(one) for key, one in outputs.items()}
    return [to_array(one) for one in outputs] if isinstance(outputs, list | tuple) else to_array(outputs)


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


def _torch() -> Any:
    import torch

    return torch


def _without_gradients() -> AbstractContextManager[Any]:
    return _torch().no_grad() if _on_torch() else nullcontext()
