"""What is a model to the rest of the house, whatever framework it was made in?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np

from underglass.errors import ModelError

Array = np.ndarray[Any, Any]
Output = Literal["logits", "probabilities"]
POOLINGS = ("max", "mean", "std", "min")
TOLERANCE = 1e-2
"""How far a probe's logits may lie apart, relative to their spread, and still be the same model on another machine."""


NO_MEMORY = (
    *("not enough memory", "can't allocate memory", "out of memory", "DefaultCPUAllocator"),
    *("RESOURCE_EXHAUSTED", "bad_alloc", "Failed to allocate", "BFCArena"),
)
"""Words by which torch, the backends of Keras and onnxruntime say that memory has run out."""


class OutOfMemory(ModelError):
    """The batch does not fit; a smaller one may."""

    @staticmethod
    def is_meant_by(error: BaseException) -> bool:
        """Whether a framework's own error says that memory has run out."""
        return isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY)


@dataclass(frozen=True)
class Layer:
    """One value that a model computes for an instance.

    Parameters
    ----------
    name : the module's dotted name; ``name:1`` for the second call of a module that is called more than once,
        ``name.0`` or ``name.key`` for one part of a tuple or mapping.
    type : the module's class.
    units : length of the channel axis.
    shape : of one instance's value, without the batch axis, in the model's own order of axes.
    suggested : whether it is a good place to look first.
    """

    name: str
    type: str
    units: int
    shape: tuple[int, ...]
    suggested: bool


@dataclass(frozen=True)
class Range:
    """Shape, type and spread of some numbers.

    Parameters
    ----------
    shape : without the batch axis; None where instances differ.
    kind : type of the numbers.
    low, high, mean, spread : of all of them.
    """

    shape: tuple[int, ...] | None
    kind: str
    low: float
    high: float
    mean: float
    spread: float

    @classmethod
    def of(cls, values: Array, *, shape: tuple[int, ...] | None = None, kind: str | None = None) -> Range:
        """The range of an array, (n, …); its shape is taken without the first axis unless given."""
        single = np.asarray(values, np.float64)
        shape = tuple(values.shape[1:]) if shape is None and values.ndim > 1 else shape
        low, high, mean, spread = (float(x) for x in (single.min(), single.max(), single.mean(), single.std()))
        return cls(shape, kind or str(values.dtype), low, high, mean, spread)

    def __str__(self) -> str:
        shape = " × ".join(map(str, self.shape)) if self.shape is not None else "of several sizes"
        numbers = f"{self.low:.4g} to {self.high:.4g}, mean {self.mean:.3g}, deviation {self.spread:.3g}"
        return f"{shape or 'one number'} {self.kind}, {numbers}".replace("-", "−")


@dataclass(frozen=True)
class Forward:
    """What one pass over a batch has given.

    Parameters
    ----------
    probabilities : (n, classes) float32, rows sum to 1.
    logits : (n, classes) float32, or None if the model gives probabilities.
    pooled : (layer, pooling) → (n, units) float32.
    """

    probabilities: Array
    logits: Array | None
    pooled: Mapping[tuple[str, str], Array]


@dataclass(frozen=True)
class Fingerprint:
    """What a model computes, in a few words that can be compared: names and versions play no part.

    Parameters
    ----------
    weights : hash over all parameters and buffers by name.
    preprocessed : hash over the inputs that ``preprocess`` makes of the probe instances.
    logits : hash over the outputs for the probe instances, to the last bit.
    summary : least, mean and greatest output of each probe instance, four digits; another machine or number of threads
        changes bits of the logits but not these.
    """

    weights: str
    preprocessed: str
    logits: str
    summary: tuple[tuple[float, float, float], ...] = ()

    def text(self) -> str:
        """As one line of JSON, to be kept with a case."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Fingerprint:
        """The inverse of `text`.

        Raises
        ------
        ModelError
            The text is no fingerprint.
        """
        try:
            parts = json.loads(text)
            return cls(parts["weights"], parts["preprocessed"], parts["logits"], tuple(tuple(row) for row in parts["summary"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"not a fingerprint: {text[:60]!r}.") from error

    def differences(self, other: Fingerprint) -> list[str]:
        """What of ``other`` is not as here, in words; an empty list if it is the same model on the same data.

        Examples
        --------
        >>> Fingerprint("a", "b", "c").differences(Fingerprint("a", "x", "c"))
        ['preprocessing gives other inputs']
        """
        said = []
        if self.weights != other.weights:
            said.append("the weights are others")
        if self.preprocessed != other.preprocessed:
            said.append("preprocessing gives other inputs")
        if self.logits != other.logits and not said and not self._near(other):
            said.append("the outputs are others, though weights and inputs agree: the code of the model has changed")
        return said

    def _near(self, other: Fingerprint) -> bool:
        mine, theirs = np.asarray(self.summary), np.asarray(other.summary)
        if mine.shape != theirs.shape or mine.size == 0:
            return False
        spread = float(np.ptp(mine)) or 1.0
        return bool(np.abs(mine - theirs).max() <= TOLERANCE * spread)


class Model(Protocol):
    """What capture, probes and the case ask of a model; `FrameworkModel` answers most of it for every framework."""

    name: str
    classes: tuple[str, ...]
    output: Output
    accuracy: float | None

    @property
    def framework(self) -> str:
        """``"torch"``, ``"keras"`` or ``"onnx"``: some probes take torch modules only."""

    @property
    def no_gradients(self) -> str | None:
        """Why it gives no gradients, in a sentence; None if it gives them."""

    @property
    def device(self) -> str:
        """Where it is, such as ``"cpu"`` or ``"cuda:0"``; it is never moved."""

    @property
    def training(self) -> bool:
        """Whether it was handed over in training mode; it is run in evaluation mode all the same."""

    @property
    def threads(self) -> int:
        """Threads it computes with; outputs may differ in their last bit with another number."""

    def on_threads(self, count: int) -> AbstractContextManager[None]:
        """Compute with so many threads inside, and with as many as before after; frameworks that let nobody choose ignore it."""

    def layers(self, example: Sequence[Any]) -> tuple[Layer, ...]:
        """Every layer in the order of execution, found by running the first of the raw instances.

        Raises
        ------
        ModelError
            The model cannot take the instance, or shows no layer.
        """

    def prepare(self, raw: Sequence[Any]) -> Any:
        """Preprocess and collate raw instances, on the device of the model; `forward` and `maps` take the result in their place.

        Raises
        ------
        ModelError
            ``preprocess`` or ``collate`` fails, or gives what cannot be stacked.
        """

    def ranges(self, prepared: Any) -> tuple[Range, ...]:
        """Shape and spread of each tensor that `prepare` made."""

    def forward(self, raw: Any, layers: Sequence[str] = (), pooling: Sequence[str] = ()) -> Forward:
        """One pass, pooling the named layers on the way: at the moment they are computed, so that nothing can change them after.

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

    def maps(self, raw: Any, layer: str, unit: int | None = None) -> Array:
        """A layer's whole output, channels moved to the second axis; computed, never stored.

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

    def fingerprint(self, raw: Sequence[Any]) -> Fingerprint:
        """What it computes for the probe instances, computed twice.

        Raises
        ------
        ModelError
            Preprocessing or model give something else the second time.
        """
