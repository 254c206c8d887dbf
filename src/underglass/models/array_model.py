"""What do the models of all frameworks but torch share: arrays in, arrays out, layers seen on the way?"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import LayerError, ModelError, unknown
from underglass.models.array_inputs import Spec, flat, misfit, prepare, rows
from underglass.models.array_layers import Listing, Place, Sighting, list_layers
from underglass.models.array_outputs import probabilities, scores
from underglass.models.array_pooling import maps, pool
from underglass.models.inputs import Prepared, describe
from underglass.models.layer_axes import check_pooling
from underglass.models.model import Array, Fingerprint, Forward, Layer, Output, Range

if TYPE_CHECKING:
    from underglass.architecture.graph import ModelGraph

REPEATABLE = 1e-4
"""How far two runs on the same input may lie apart, relative to the outputs' spread: threads add in any order."""

Reduced = dict[str, Array]
Reduce = Callable[[Hashable, Array], Reduced]


class ArrayModel(ABC):
    """A `Model` whose framework is asked for arrays; see `OnnxModel` and `KerasModel` for what is their own.

    Parameters
    ----------
    preprocess : one raw instance → an array, or a tuple or dict of arrays, without batch axis.
    collate : list of preprocessed instances → the model's input, where stacking will not do.
    classes : names in the order of the outputs; empty if not known.
    output : what the model gives.
    accuracy : share right that its author states, 0 to 1.
    name : what to call it.
    """

    framework: str
    training: bool = False
    fixed_batch: int | None = None
    """The only size of batch it takes; None if it takes any."""

    def __init__(
        self,
        *,
        preprocess: Callable[[Any], Any] | None,
        collate: Callable[[list[Any]], Any] | None,
        classes: tuple[str, ...],
        output: Output,
        accuracy: float | None,
        name: str,
    ) -> None:
        self.preprocess, self.collate = preprocess, collate
        self.classes, self.output, self.accuracy, self.name = classes, output, accuracy, name
        self.factory: str | None = None
        self._listing: Listing | None = None

    # what a framework does ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def specs(self) -> tuple[Spec, ...]:
        """The inputs it asks for."""

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Count of parameters."""

    @property
    @abstractmethod
    def threads(self) -> int:
        """Threads it computes with; outputs may differ in their last bit with another number."""

    @abstractmethod
    def read_graph(self, input_shape: Mapping[str, tuple[int, ...]] | None) -> ModelGraph:
        """Its operations and the tensors between them, for inputs of these shapes or of the model's own."""

    @abstractmethod
    def weights(self) -> Iterator[tuple[str, Array]]:
        """Every weight with its name."""

    @abstractmethod
    def _sight(self, batch: Prepared) -> list[Sighting]:
        """Every real-valued array it computes for a batch, in the order of execution."""

    @abstractmethod
    def _once(self, inputs: Any, keys: Sequence[Hashable], reduce: Reduce) -> tuple[Any, dict[Hashable, Reduced]]:
        """One pass over a batch of the right size: its outputs, and what ``reduce`` makes of the arrays asked for."""

    @contextmanager
    def on_threads(self, count: int) -> Iterator[None]:
        """Compute with so many threads inside; here nothing can be chosen."""
        yield

    @property
    def device(self) -> str:
        """Where it computes."""
        return "cpu"

    @property
    def no_gradients(self) -> str | None:
        """Why it gives no gradients, in a sentence; None if it gives them."""
        return f"a model of {self.framework} gives no gradients."

    def input_gradients(self, raw: Sequence[Any] | Prepared, output: int) -> Mapping[str, Array]:
        """Gradient of one output by each real-valued input, where the framework has gradients.

        Raises
        ------
        ModelError
            It has none, or there is no such output.
        """
        raise ModelError(str(self.no_gradients))

    # the same for all --------------------------------------------------------------------------------------------

    def layers(self, example: Sequence[Any]) -> tuple[Layer, ...]:
        """Every layer in the order of execution, found by running the first of the raw instances.

        Raises
        ------
        ModelError
            The model cannot take the instance, or shows no layer.
        """
        return self.listing(example).layers

    def listing(self, example: Sequence[Any] | Prepared) -> Listing:
        """The layers with their places, found once and kept."""
        if self._listing is None:
            if not isinstance(example, Prepared) and not len(example):
                raise ModelError("layers are found by running one instance, and there is none.")

            def several(count: int) -> Prepared:
                if isinstance(example, Prepared):
                    return Prepared(rows(example.inputs, [0] * count), count)
                return self.prepare([example[0]] * count)

            fixed = self.fixed_batch
            twice = None if fixed is not None else self._sight(several(2))
            self._listing = list_layers(self._sight(several(fixed or 1)), twice, fixed=fixed, called=self.name)
        return self._listing

    def graph(self, example: Sequence[Any]) -> ModelGraph:
        """Its operations and what goes between them, on shapes such as the first of the raw instances has.

        Raises
        ------
        ModelError
            The model cannot take the instance.
        """
        if self.fixed_batch not in (None, 1) or not self.specs:
            return self.read_graph(None)
        inputs = self.prepare(example[:1]).inputs
        named = inputs if isinstance(inputs, Mapping) else {self.specs[0].name: inputs}
        return self.read_graph({name: tuple(array.shape) for name, array in named.items()})

    def prepare(self, raw: Sequence[Any]) -> Prepared:
        """Preprocess and collate raw instances."""
        return prepare(raw, self.preprocess, self.collate, self.specs)

    def ranges(self, prepared: Prepared) -> tuple[Range, ...]:
        """Shape and spread of each array that `prepare` made."""
        return tuple(Range.of(array) for array in flat(prepared.inputs) if array.size)

    def forward(self, raw: Sequence[Any] | Prepared, layers: Sequence[str] = (), pooling: Sequence[str] = ()) -> Forward:
        """One pass, pooling the named layers on the way.

        Parameters
        ----------
        raw : n raw instances, or what `prepare` made of them
            At least one.
        layers : names
            As `layers` lists them.
        pooling : of ``max, mean, std, min``
            All in the same pass.

        Returns
        -------
        Probabilities (n, classes), logits, and (n, units) float32 for each layer and pooling.

        Raises
        ------
        LayerError
            An unknown layer or pooling.
        ModelError
            The model cannot take the input, its output is no classifier's, or is not finite.
        OutOfMemory
            The batch does not fit.
        """
        batch = raw if isinstance(raw, Prepared) else self.prepare(raw)
        wanted = check_pooling(pooling)
        places = {place.key: place for place in self.places(layers, batch)}
        given, seen = self._run(batch, list(places) if wanted else [], lambda key, value: pool(value, places[key].axes, wanted))
        shares = probabilities(given, self.output)
        self._check_outputs(shares, batch)
        pooled = {(places[key].layer.name, name): value for key, found in seen.items() for name, value in found.items()}
        logits = given if self.output == "logits" else None
        return Forward(shares, logits, pooled)

    def maps(self, raw: Sequence[Any] | Prepared, layer: str, unit: int | None = None) -> Array:
        """A layer's whole output, channels moved to the second axis.

        Parameters
        ----------
        raw : n raw instances, or what `prepare` made of them
            At least one.
        layer : name
            As `layers` lists it.
        unit : index
            Only this unit; all of them without.

        Returns
        -------
        (n, units, …space) float32, or (n, 1, …space).

        Raises
        ------
        LayerError
            An unknown layer, or a unit it does not have.
        """
        batch = raw if isinstance(raw, Prepared) else self.prepare(raw)
        (place,) = self.places([layer], batch)
        if unit is not None and not 0 <= unit < place.layer.units:
            raise LayerError(f"layer {layer!r} has no unit {unit}; its units are 0 to {place.layer.units - 1}.")
        _, seen = self._run(batch, [place.key], lambda _, value: {"maps": maps(value, place.axes, unit)})
        return seen[place.key]["maps"]

    def fingerprint(self, raw: Sequence[Any]) -> Fingerprint:
        """What it computes for the probe instances.

        Raises
        ------
        ModelError
            Preprocessing or model give something else the second time.
        """
        first, second = self.prepare(raw), self.prepare(raw)
        inputs = _hash((str(i), one) for i, one in enumerate(flat(first.inputs)))
        if inputs != _hash((str(i), one) for i, one in enumerate(flat(second.inputs))):
            raise ModelError(
                f"preprocess gave other values for the same {len(raw)} instances the second time; "
                "turn augmentation and randomness off."
            )
        given, again = (self._run(batch, (), _nothing)[0] for batch in (first, second))
        spread = float(given.max() - given.min()) or 1.0
        apart = float(np.abs(given - again).max())
        if apart > REPEATABLE * spread:
            raise ModelError(
                f"the same {len(raw)} inputs gave outputs up to {apart:.3g} apart, in evaluation mode: "
                "something in the model is random (a functional dropout, sampling, noise)."
            )
        summary = tuple((_digits(one.min()), _digits(one.mean()), _digits(one.max())) for one in given)
        return Fingerprint(self.weights_hash(), inputs, _hash([("output", given)]), summary)

    def weights_hash(self) -> str:
        """32 hexadecimal digits over all weights with their names."""
        return _hash(sorted(self.weights(), key=lambda pair: pair[0]))

    def places(self, layers: Sequence[str], batch: Prepared) -> tuple[Place, ...]:
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

    def _run(self, batch: Prepared, keys: Sequence[Hashable], reduce: Reduce) -> tuple[Array, dict[Hashable, Reduced]]:
        """Scores (n, classes) of a batch, in pieces if the model takes batches of one size only, and what was asked for."""
        wrong = misfit(batch.inputs, self.specs)
        if wrong is not None:
            raise ModelError(f"the model cannot take the input {describe(batch)}: {wrong}.")
        count, size = len(flat(batch.inputs)[0]), self.fixed_batch
        if size is None or size == count:
            outputs, seen = self._once(batch.inputs, keys, reduce)
            return scores(outputs), self._complete(seen, keys)
        given: list[Array] = []
        pieces: dict[Hashable, dict[str, list[Array]]] = {}
        for start in range(0, count, size):
            index = [min(start + i, count - 1) for i in range(size)]
            valid = min(size, count - start)
            outputs, seen = self._once(rows(batch.inputs, index), keys, reduce)
            given.append(scores(outputs)[:valid])
            for key, found in self._complete(seen, keys).items():
                for name, value in found.items():
                    pieces.setdefault(key, {}).setdefault(name, []).append(value[:valid])
        return np.concatenate(given), {
            key: {name: np.concatenate(parts) for name, parts in found.items()} for key, found in pieces.items()
        }

    def _complete(self, seen: dict[Hashable, Reduced], keys: Sequence[Hashable]) -> dict[Hashable, Reduced]:
        for key in keys:
            if key not in seen:
                name = (
                    next((one.layer.name for one in self._listing.places.values() if one.key == key), "") if self._listing else ""
                )
                raise LayerError(f"layer {name!r} was not computed for this batch, though it was for the first instance.")
        return seen

    def _check_outputs(self, shares: Array, batch: Prepared) -> None:
        if len(shares) != batch.count:
            raise ModelError(
                f"{batch.count} instances went in and {len(shares)} outputs came out; does preprocess add a batch axis?"
            )
        if self.classes and shares.shape[1] != len(self.classes):
            raise ModelError(f"the model gives {shares.shape[1]} values an instance, but there are {len(self.classes)} classes.")


def _nothing(_key: Hashable, _value: Array) -> Reduced:
    return {}


def _digits(value: Any) -> float:
    return float(f"{float(value):.4g}")


def _hash(named: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, value in named:
        array = np.ascontiguousarray(value)
        digest.update(f"{name}\x00{array.dtype}{array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
