"""How is a torch module looked into: its layers, its outputs, its units, and whether it repeats itself?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from underglass.architecture.graph import ModelGraph, Operation
from underglass.errors import LayerError, ModelError, unknown
from underglass.models.inputs import Prepared, describe, said
from underglass.models.layer_axes import check_pooling
from underglass.models.model import Array, Fingerprint, Forward, Layer, OutOfMemory, Output, Range
from underglass.models.torch_evaluation import evaluating, plain
from underglass.models.torch_hooks import watching
from underglass.models.torch_inputs import flat, home, laid_out, prepare
from underglass.models.torch_layers import Listing, Place, list_layers
from underglass.models.torch_outputs import probabilities, scores
from underglass.models.torch_pooling import pool
from underglass.models.weights import Weight

NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory", "DefaultCPUAllocator")
REPEATABLE = 1e-4
"""How far two runs on the same input may lie apart, relative to the outputs' spread: threads add in any order."""


class TorchModel:
    """A `Model` around a ``torch.nn.Module``; made by `underglass.models.torch`.

    The module is never moved, and after every call it is as it was: modes restored, no hooks left.

    Parameters
    ----------
    net : the module.
    preprocess : one raw instance → a tensor, or a tuple or dict of tensors, without batch axis.
    collate : list of preprocessed instances → the module's input, where stacking will not do.
    channels_last : whether images are laid out so in memory.
    classes : names in the order of the outputs; empty if not known.
    output : what the module gives.
    accuracy : share right that its author states, 0 to 1.
    name : what to call it.
    """

    framework = "torch"
    no_gradients: str | None = None
    """Why it gives no gradients; None, for it gives them."""

    def __init__(
        self,
        net: Any,
        *,
        preprocess: Callable[[Any], Any] | None,
        collate: Callable[[list[Any]], Any] | None,
        channels_last: bool,
        classes: tuple[str, ...],
        output: Output,
        accuracy: float | None,
        name: str,
    ) -> None:
        self.net: Any = plain(net)
        self.preprocess, self.collate, self.channels_last = preprocess, collate, channels_last
        self.classes, self.output, self.accuracy, self.name = classes, output, accuracy, name
        self.factory: str | None = None
        self._listing: Listing | None = None

    def __repr__(self) -> str:
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return f"<{self.name}: {type(self.net).__name__}, {self.parameters:,} parameters{classes}, gives {self.output}>"

    @property
    def parameters(self) -> int:
        """Count of parameters."""
        return sum(parameter.numel() for parameter in self.net.parameters())

    @property
    def training(self) -> bool:
        """Whether any part of the module is in training mode now; it is run in evaluation mode all the same."""
        return any(module.training for module in self.net.modules())

    @property
    def threads(self) -> int:
        """Threads torch computes with; outputs may differ in their last bit with another number."""
        return int(torch.get_num_threads())

    @contextmanager
    def on_threads(self, count: int) -> Iterator[None]:
        """Compute with so many threads inside, and with as many as before after."""
        before = self.threads
        if count == before:
            yield
            return
        torch.set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    @property
    def device(self) -> str:
        """Where the module is, such as ``"cpu"`` or ``"cuda:0"``."""
        return str(home(self.net)[0])

    def layers(self, example: Sequence[Any]) -> tuple[Layer, ...]:
        """Every layer in the order of execution, found by running the first of the raw instances.

        Raises
        ------
        ModelError
            The module cannot take the instance, or shows no layer.
        """
        return self.listing(example).layers

    def listing(self, example: Sequence[Any] | Prepared) -> Listing:
        """The layers with their places, found once and kept."""
        if self._listing is None:
            if isinstance(example, Prepared):
                one, two = _repeated(example)
            else:
                if not len(example):
                    raise ModelError("layers are found by running one instance, and there is none.")
                one, two = self.prepare(example[:1]), self.prepare([example[0], example[0]])
            with evaluating(self.net):
                self._listing = list_layers(self.net, lambda count: self._call(one if count == 1 else two))
        return self._listing

    def graph(self, example: Sequence[Any]) -> ModelGraph:
        """Its operations and what goes between them, found by running the first of the raw instances.

        Raises
        ------
        ModelError
            The module cannot take the instance, or fails on it; says where.
        """
        from underglass.models.torch_graph import read_graph

        return read_graph(self.net, inputs=self.prepare(example[:1]).inputs)

    def weights_in(self, operations: Sequence[Operation]) -> list[Weight]:
        """The parameters and buffers of operations of its graph, each once, without their numbers until they are read."""
        from underglass.models.torch_weights import weights_in

        return weights_in(self.net, operations)

    def times(self, raw: Sequence[Any] | Prepared) -> tuple[dict[str, float], float]:
        """Seconds of each of the graph's operations on raw instances, by id, and of the whole pass when nothing is watched."""
        from underglass.models.torch_times import time_operations

        batch = raw if isinstance(raw, Prepared) else self.prepare(raw)
        return time_operations(self.net, lambda: self._call(batch))

    def prepare(self, raw: Sequence[Any]) -> Prepared:
        """Preprocess and collate raw instances, on the module's device."""
        batch = prepare(raw, self.preprocess, self.collate, self.net)
        return replace(batch, inputs=laid_out(batch.inputs)) if self.channels_last else batch

    def ranges(self, prepared: Prepared) -> tuple[Range, ...]:
        """Shape and spread of each tensor that `prepare` made."""
        return tuple(
            Range.of(_numpy(tensor), kind=str(tensor.dtype).removeprefix("torch."))
            for tensor in flat(prepared.inputs)
            if tensor.numel()
        )

    def forward(self, raw: Sequence[Any] | Prepared, layers: Sequence[str] = (), pooling: Sequence[str] = ()) -> Forward:
        """One pass, pooling the named layers on the way.

        Parameters
        ----------
        raw : n raw instances, or what `prepare` made of them
            At least one.
        layers : names
            As `layers` lists them.
        pooling : of ``max, mean, std, min``
            All in the same pass, inside the hooks, so that a later in-place operation changes nothing.

        Returns
        -------
        Probabilities (n, classes), logits, and (n, units) float32 for each layer and pooling.

        Raises
        ------
        LayerError
            An unknown layer or pooling.
        ModelError
            The module cannot take the input, its output is no classifier's, or is not finite.
        OutOfMemory
            The batch does not fit.
        """
        batch = raw if isinstance(raw, Prepared) else self.prepare(raw)
        wanted = check_pooling(pooling)
        places = self.places(layers, batch)
        pooled: dict[tuple[str, str], Any] = {}

        def seen(place: Place, tensor: Any) -> None:
            for name, value in pool(tensor, place.axes, wanted).items():
                pooled[place.layer.name, name] = value

        with evaluating(self.net), self._watching(places, seen):
            given = scores(self._call(batch))
            shares = probabilities(given, self.output)
        self._check_outputs(shares, batch)
        for place in places:
            if (place.layer.name, wanted[0] if wanted else "") not in pooled and wanted:
                raise ModelError(
                    f"layer {place.layer.name!r} was not computed for this batch, though it was for the first instance."
                )
        logits = _numpy(given) if self.output == "logits" else None
        return Forward(_numpy(shares), logits, {key: _numpy(value) for key, value in pooled.items()})

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
        found: list[Any] = []

        def seen(place: Place, tensor: Any) -> None:
            value, axis, channels, space = place.axes.unfolded(tensor)
            value = value.permute(axis, channels, *space)
            found.append((value if unit is None else value[:, unit : unit + 1]).float().clone())

        with evaluating(self.net), self._watching((place,), seen):
            self._call(batch)
        return _numpy(found[0].contiguous())

    def fingerprint(self, raw: Sequence[Any]) -> Fingerprint:
        """What it computes for the probe instances.

        Raises
        ------
        ModelError
            Preprocessing or module give something else the second time.
        """
        first, second = self.prepare(raw), self.prepare(raw)
        inputs = _hash(flat(first.inputs))
        if inputs != _hash(flat(second.inputs)):
            raise ModelError(
                f"preprocess gave other values for the same {len(raw)} instances the second time; "
                "turn augmentation and randomness off."
            )
        with evaluating(self.net):
            given, again = (scores(self._call(batch)) for batch in (first, second))
        spread = float(given.max() - given.min()) or 1.0
        apart = float((given - again).abs().max())
        if apart > REPEATABLE * spread:
            raise ModelError(
                f"the same {len(raw)} inputs gave outputs up to {apart:.3g} apart, in evaluation mode: "
                "something in the model is random (a functional dropout, sampling, noise)."
            )
        rows = [(one.min(), one.mean(), one.max()) for one in given]
        summary = tuple((_digits(low), _digits(mean), _digits(high)) for low, mean, high in rows)
        return Fingerprint(self.weights_hash(), inputs, _hash([given]), summary)

    def input_gradients(self, raw: Sequence[Any] | Prepared, output: int) -> dict[str, Array]:
        """Gradient of one output by each real-valued input: name → (n, …) float32; the module's own gradients stay.

        Raises
        ------
        ModelError
            There is no such output, or the module cannot take the input.
        """
        batch = raw if isinstance(raw, Prepared) else self.prepare(raw)
        parts = flat(batch.inputs)
        copies = {id(one): one.detach().clone().requires_grad_(one.is_floating_point()) for one in parts}
        with evaluating(self.net), torch.enable_grad():
            found = scores(self._call(Prepared(_each_in(batch.inputs, copies), batch.count)))
            if not 0 <= output < found.shape[1]:
                raise ModelError(f"there is no output {output}; the model gives {found.shape[1]}.")
            real = {name: one for name, one in _named(batch.inputs, copies).items() if one.requires_grad}
            slopes = torch.autograd.grad(found[:, output].sum(), list(real.values()))
        return {name: _numpy(one) for name, one in zip(real, slopes, strict=True)}

    def weights_hash(self) -> str:
        """32 hexadecimal digits over all parameters and buffers with their names."""
        state = self.net.state_dict()
        names = sorted(name for name, value in state.items() if isinstance(value, torch.Tensor))
        return _hash([state[name] for name in names], names)

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

    @contextmanager
    def _watching(self, places: Sequence[Place], seen: Callable[[Place, Any], None]) -> Iterator[None]:
        by_place = {(place.module, place.call, place.path): place for place in places}

        def tell(module: str, call: int, path: str, tensor: Any) -> None:
            place = by_place.get((module, call, path))
            if place is not None:
                seen(place, tensor)

        with watching(self.net, dict.fromkeys(place.module for place in places), tell):
            yield

    def _call(self, batch: Prepared) -> Any:
        inputs = batch.inputs
        try:
            if isinstance(inputs, dict):
                return self.net(**inputs)
            return self.net(*inputs) if isinstance(inputs, tuple) else self.net(inputs)
        except MemoryError as error:
            raise OutOfMemory(f"no memory for a batch of {batch.count}.") from error
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            if any(words in str(error) for words in NO_MEMORY):
                raise OutOfMemory(f"no memory for a batch of {batch.count}.") from error
            where = _culprit(self.net, error)
            raise ModelError(f"the model cannot take the input {describe(inputs)}{where}: {said(error)}.") from error

    def _check_outputs(self, shares: Any, batch: Prepared) -> None:
        if len(shares) != batch.count:
            raise ModelError(
                f"{batch.count} instances went in and {len(shares)} outputs came out; does preprocess add a batch axis?"
            )
        if self.classes and shares.shape[1] != len(self.classes):
            raise ModelError(f"the model gives {shares.shape[1]} values an instance, but there are {len(self.classes)} classes.")


def _each_in(inputs: Any, copies: dict[int, Any]) -> Any:
    """The same structure with other tensors."""
    if isinstance(inputs, torch.Tensor):
        return copies[id(inputs)]
    if isinstance(inputs, dict):
        return {key: _each_in(part, copies) for key, part in inputs.items()}
    return tuple(_each_in(part, copies) for part in inputs)


def _named(inputs: Any, copies: dict[int, Any], path: str = "") -> dict[str, Any]:
    """The tensors of an input by name: "input", "0", "key"."""
    if isinstance(inputs, torch.Tensor):
        return {path or "input": copies[id(inputs)]}
    pairs = inputs.items() if isinstance(inputs, dict) else enumerate(inputs)
    return {name: one for key, part in pairs for name, one in _named(part, copies, f"{path}.{key}" if path else str(key)).items()}


def _repeated(batch: Prepared) -> tuple[Prepared, Prepared]:
    """The first instance of a batch, alone and twice; needs a batch of plain tensors with the batch axis first."""

    def rows(inputs: Any, index: list[int]) -> Any:
        if isinstance(inputs, torch.Tensor):
            return inputs[index]
        if isinstance(inputs, dict):
            return {key: rows(part, index) for key, part in inputs.items()}
        return tuple(rows(part, index) for part in inputs)

    return Prepared(rows(batch.inputs, [0]), 1), Prepared(rows(batch.inputs, [0, 0]), 2)


def _culprit(net: nn.Module, error: BaseException) -> str:
    """The innermost module the error passed through, as far as the traceback tells."""
    names = {id(module): name for name, module in net.named_modules()}
    found, trace = "", error.__traceback__
    while trace is not None:
        name = names.get(id(trace.tb_frame.f_locals.get("self")))
        found = name or found
        trace = trace.tb_next
    return f", at {found!r}" if found else ""


def _numpy(tensor: Any) -> Array:
    array: Array = tensor.detach().float().cpu().numpy()
    return array


def _digits(value: Any) -> float:
    return float(f"{float(value):.4g}")


def _hash(values: Sequence[Any], names: Sequence[str] = ()) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update("\x00".join(names).encode())
    for value in values:
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
