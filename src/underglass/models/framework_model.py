"""What do the models of all frameworks share? All but how values are seen on the way, and what they are called."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Generic

import numpy as np

from underglass.errors import LayerError, ModelError, UnderglassError, unknown
from underglass.models.array_inputs import Spec, misfit, prepare
from underglass.models.inputs import Prepared, describe, said
from underglass.models.layer_axes import Axes, check_pooling
from underglass.models.layers import Key, Listing, Place, Sighting, list_layers
from underglass.models.model import Array, Fingerprint, Forward, Layer, Model, OutOfMemory, Output, Range
from underglass.models.nested import flat, rows
from underglass.models.outputs import probabilities, scores
from underglass.models.settings import Settings

if TYPE_CHECKING:
    from underglass.architecture.graph import ModelGraph, Operation
    from underglass.models.weights import Weight

REPEATABLE = 1e-4
"""How far two runs on the same input may lie apart, relative to the outputs' spread: threads add in any order."""

Pooled = dict[tuple[str, str], Array]


class FrameworkModel(Model, Generic[Key]):
    """A `Model` of some framework: it says how a pass is watched, and in what its numbers differ from numpy's.

    Parameters
    ----------
    settings : as they were said.
    name, output : where the settings say none.
    """

    specs: tuple[Spec, ...] = ()
    """The inputs it asks for; none if it does not say."""
    fixed_batch: int | None = None
    """The only size of batch it takes; None if it takes any."""
    no_layer = "{} lets no layer be seen: nothing in it computes numbers with units from its input."

    def __init__(self, settings: Settings, *, name: str, output: Output) -> None:
        self.preprocess, self.collate = settings.get("preprocess"), settings.get("collate")
        self.classes = tuple(str(one) for one in settings.get("classes") or ())
        self.output: Output = settings.get("output") or output
        self.accuracy, self.name = settings.get("accuracy"), settings.get("name") or name
        self.factory: str | None = None
        self._listing: Listing[Key] | None = None

    # what a framework does ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def title(self) -> str:
        """What kind of model it is, in a word or three."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Count of parameters."""

    @abstractmethod
    def graph(self, example: Sequence[Any]) -> ModelGraph:
        """Its operations and what goes between them, on inputs such as the first of the raw instances gives.

        Raises
        ------
        ModelError
            The model cannot take the instance.
        """

    @abstractmethod
    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        """The weights of operations of its graph, each once, without their numbers until they are read."""

    @abstractmethod
    def weights(self) -> Mapping[str, Any]:
        """Every weight by its name, as the framework keeps it."""

    @abstractmethod
    def _watch(self, batch: Prepared, keys: Sequence[Key] | None, look: Callable[[Key, Any], None]) -> Any:
        """One pass over a batch of a size that it takes: its outputs; ``look`` is told of the values asked for, or of all."""

    @abstractmethod
    def _sightings(self, seen: Sequence[tuple[Key, tuple[int, ...]]]) -> list[Sighting[Key]]:
        """What was seen in a pass, in order of execution, with names, types and roles."""

    @abstractmethod
    def _pool(self, value: Any, axes: Axes, pooling: Sequence[str]) -> Mapping[str, Any]:
        """A value as one number a unit."""

    @abstractmethod
    def _maps(self, value: Any, axes: Axes, unit: int | None) -> Any:
        """A copy of a value or of one of its units, instances first and units second."""

    def _array(self, value: Any) -> Array:
        """A value of the framework as an array."""
        return np.asarray(value)

    def _bits(self, value: Any) -> tuple[str, Array]:
        """Type and shape of a value in a word, and its bytes."""
        array = np.ascontiguousarray(value)
        return f"{array.dtype}{array.shape}", array.reshape(-1).view(np.uint8)

    def _failure(self, error: BaseException) -> str:
        """What went wrong in a pass, in one line."""
        return f": {said(error)}"

    def _gradients(self, batch: Prepared, output: int) -> dict[str, Array]:
        """As `input_gradients`, for a framework that has gradients."""
        raise ModelError(f"{self.title} gives no gradients.")

    # the same for all --------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return f"<{self.name}: {self.title}, {self.parameters:,} parameters{classes}, gives {self.output}>"

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def training(self) -> bool:
        return False

    @property
    def no_gradients(self) -> str | None:
        return None

    def on_threads(self, count: int) -> AbstractContextManager[None]:
        return nullcontext()

    def layers(self, example: Sequence[Any]) -> tuple[Layer, ...]:
        return self.listing(example).layers

    def listing(self, example: Sequence[Any] | Prepared) -> Listing[Key]:
        """The layers with their places, found once and kept."""
        if self._listing is None:
            if not isinstance(example, Prepared) and not len(example):
                raise ModelError("layers are found by running one instance, and there is none.")

            def sight(count: int) -> list[tuple[Key, tuple[int, ...]]]:
                alike = (
                    Prepared(rows(example.inputs, [0] * count), count)
                    if isinstance(example, Prepared)
                    else self.prepare([example[0]] * count)
                )
                seen: list[tuple[Key, tuple[int, ...]]] = []
                self._watch(alike, None, lambda key, value: seen.append((key, tuple(value.shape))))
                return seen

            fixed = self.fixed_batch
            alone = self._sightings(sight(fixed or 1))
            twice = {} if fixed is not None else dict(sight(2))
            self._listing = list_layers(alone, twice, fixed=fixed, hint=self.no_layer.format(self.name))
        return self._listing

    def places(self, layers: Sequence[str], batch: Prepared) -> tuple[Place[Key], ...]:
        """Where the named layers are.

        Raises
        ------
        LayerError
            One that does not exist, with the nearest that does.
        """
        if not layers:
            return ()
        listing = self.listing(batch)
        for name in layers:
            if name not in listing.places:
                reason = dict(listing.left_out).get(name)
                if reason is not None:
                    raise LayerError(f"layer {name!r} cannot be captured: {reason}.")
                raise LayerError(unknown("layer", name, listing.places))
        return tuple(listing.places[name] for name in dict.fromkeys(layers))

    def prepare(self, raw: Sequence[Any]) -> Prepared:
        return prepare(raw, self.preprocess, self.collate, self.specs)

    def ranges(self, prepared: Prepared) -> tuple[Range, ...]:
        arrays = [(self._array(one), str(one.dtype).removeprefix("torch.")) for one in flat(prepared.inputs)]
        return tuple(Range.of(array, kind=kind) for array, kind in arrays if array.size)

    def forward(self, raw: Sequence[Any] | Prepared, layers: Sequence[str] = (), pooling: Sequence[str] = ()) -> Forward:
        batch = self._batch(raw)
        wanted = check_pooling(pooling)
        places = self.places(layers, batch)
        given, pooled = self._pass(batch, places if wanted else (), wanted)
        shares = probabilities(given, self.output)
        if len(shares) != batch.count:
            raise ModelError(
                f"{batch.count} instances went in and {len(shares)} outputs came out; does preprocess add a batch axis?"
            )
        if self.classes and shares.shape[1] != len(self.classes):
            raise ModelError(f"the model gives {shares.shape[1]} values an instance, but there are {len(self.classes)} classes.")
        return Forward(shares, given if self.output == "logits" else None, pooled)

    def maps(self, raw: Sequence[Any] | Prepared, layer: str, unit: int | None = None) -> Array:
        batch = self._batch(raw)
        (place,) = self.places([layer], batch)
        if unit is not None and not 0 <= unit < place.layer.units:
            raise LayerError(f"layer {layer!r} has no unit {unit}; its units are 0 to {place.layer.units - 1}.")
        parts = []
        for piece, valid in self._pieces(batch):
            _, found = self._looked(piece, (place,), lambda place, value: self._maps(value, place.axes, unit))
            parts.append(self._array(found[place.key])[:valid])
        return _joined(parts)

    def fingerprint(self, raw: Sequence[Any]) -> Fingerprint:
        first, second = self.prepare(raw), self.prepare(raw)
        inputs = self._hash(flat(first.inputs))
        if inputs != self._hash(flat(second.inputs)):
            raise ModelError(
                f"preprocess gave other values for the same {len(raw)} instances the second time; "
                "turn augmentation and randomness off."
            )
        given, again = (self._pass(batch, (), ())[0] for batch in (first, second))
        spread = float(given.max() - given.min()) or 1.0
        apart = float(np.abs(given - again).max())
        if apart > REPEATABLE * spread:
            raise ModelError(
                f"the same {len(raw)} inputs gave outputs up to {apart:.3g} apart, in evaluation mode: "
                "something in the model is random (a functional dropout, sampling, noise)."
            )
        summary = tuple((_digits(one.min()), _digits(one.mean()), _digits(one.max())) for one in given)
        return Fingerprint(self.weights_hash(), inputs, self._hash([given]), summary)

    def weights_hash(self) -> str:
        """32 hexadecimal digits over all weights with their names."""
        weights = self.weights()
        names = sorted(weights)
        return self._hash([weights[name] for name in names], names)

    def input_gradients(self, raw: Sequence[Any] | Prepared, output: int) -> dict[str, Array]:
        """Gradient of one output by each real-valued input: name → (n, …) float32; gradients of weights stay as they were.

        Raises
        ------
        ModelError
            It gives none, there is no such output, or the model cannot take the input.
        """
        if self.no_gradients is not None:
            raise ModelError(self.no_gradients)
        return self._gradients(self._batch(raw), output)

    def _shapes(self, example: Sequence[Any]) -> Mapping[str, tuple[int, ...]] | None:
        """Of the inputs that the first of the raw instances gives, by name; None where the model's own must do."""
        if self.fixed_batch not in (None, 1) or not self.specs:
            return None
        inputs = self.prepare(example[:1]).inputs
        named = inputs if isinstance(inputs, Mapping) else {self.specs[0].name: inputs}
        return {name: tuple(array.shape) for name, array in named.items()}

    def _batch(self, raw: Sequence[Any] | Prepared) -> Prepared:
        return raw if isinstance(raw, Prepared) else self.prepare(raw)

    def _pieces(self, batch: Prepared) -> Iterator[tuple[Prepared, int | None]]:
        """The batch, or pieces of the one size that the model takes, the last filled up; how many count, None for all."""
        wrong = misfit(batch.inputs, self.specs)
        if wrong is not None:
            raise ModelError(f"the model cannot take the input {describe(batch)}: {wrong}.")
        size, count = self.fixed_batch, len(flat(batch.inputs)[0])
        if size is None or size == count:
            yield batch, None
            return
        for start in range(0, count, size):
            index = [min(start + i, count - 1) for i in range(size)]
            yield Prepared(rows(batch.inputs, index), size), min(size, count - start)

    def _pass(self, batch: Prepared, places: Sequence[Place[Key]], pooling: Sequence[str]) -> tuple[Array, Pooled]:
        """Scores (n, classes) of a batch, and the places pooled."""
        given: list[Array] = []
        pooled: dict[tuple[str, str], list[Array]] = {}
        for piece, valid in self._pieces(batch):
            outputs, found = self._looked(piece, places, lambda place, value: self._pool(value, place.axes, pooling))
            given.append(self._array(scores(outputs))[:valid].astype(np.float32, copy=False))
            for place in places:
                for name, value in found[place.key].items():
                    pooled.setdefault((place.layer.name, name), []).append(self._array(value)[:valid])
        return _joined(given), {key: _joined(parts) for key, parts in pooled.items()}

    def _looked(
        self, batch: Prepared, places: Sequence[Place[Key]], keep: Callable[[Place[Key], Any], Any]
    ) -> tuple[Any, dict[Key, Any]]:
        """One pass: its outputs, and what was kept of each place."""
        by_key = {place.key: place for place in places}
        found: dict[Key, Any] = {}

        def look(key: Key, value: Any) -> None:
            if key in by_key:
                found[key] = keep(by_key[key], value)

        outputs = self._watch(batch, list(by_key), look)
        for place in places:
            if place.key not in found:
                raise LayerError(
                    f"layer {place.layer.name!r} was not computed for this batch, though it was for the first instance."
                )
        return outputs, found

    @contextmanager
    def _taking(self, batch: Prepared) -> Iterator[None]:
        """Say what a framework says of a batch that it cannot take."""
        try:
            yield
        except UnderglassError:
            raise
        except Exception as error:  # each framework, and a person's own network, has errors of its own
            if OutOfMemory.is_meant_by(error):
                raise OutOfMemory(f"no memory for a batch of {batch.count}.") from error
            raise ModelError(f"the model cannot take the input {describe(batch)}{self._failure(error)}.") from error

    def _hash(self, values: Sequence[Any], names: Sequence[str] = ()) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update("\x00".join(names).encode())
        for value in values:
            kind, content = self._bits(value)
            digest.update(kind.encode())
            digest.update(content.data)
        return digest.hexdigest()


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _digits(value: Any) -> float:
    return float(f"{float(value):.4g}")


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
