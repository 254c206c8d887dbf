"""Does it matter for the class what some units do? They are silenced, and as many random ones beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from underglass.errors import DataError, LayerError, unknown
from underglass.models import torch as adapted
from underglass.models.inputs import Prepared
from underglass.models.outputs import probabilities, scores
from underglass.models.torch_arrays import to_array
from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_model import TorchModel, TorchPlace

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Ablation:
    """How far a class's probability falls without some units.

    Attributes
    ----------
    before : mean probability of the class over the instances, 0..1.
    after : the same with the units silenced.
    random : (draws,) float64
        The same with as many random other units of the same layers silenced.
    accurate_before, accurate_after : share of instances for which the class is the most probable.
    accurate_random : (draws,) float64
    units : how many were silenced, over all layers.
    instances : how many were run.
    p_value : share of draws, counting the units themselves, that fall as far.
    words : the result in a sentence.
    """

    before: float
    after: float
    random: Floats
    accurate_before: float
    accurate_after: float
    accurate_random: Floats
    units: int
    instances: int
    p_value: float
    words: str


def ablate(
    model: TorchModel | nn.Module,
    batches: Iterable[Any],
    target: int | ArrayLike,
    units: Mapping[str, Sequence[int]],
    *,
    draws: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> Ablation:
    """Silence units, and as many others at random several times, and compare what is left of a class's probability.

    Parameters
    ----------
    model : TorchModel or torch.nn.Module
        Run in evaluation mode and left as it was.
    batches : iterable
        What the model is called with: what ``model.prepare(raw)`` gives, or tensors.
    target : int or (instances,) int
        The class whose probability is looked at, one for all or one for each instance.
    units : mapping of layer to unit numbers
        Set to 0 at every position, in all these layers at once.
    draws : int
        How many random sets, each drawn from the other units of the same layers; where a layer has fewer others, from all its
        units.
    seed : int
        Of the draws.
    progress : callable, optional
        Called with instances done, instances known, and the stage; may raise to cancel.

    Raises
    ------
    LayerError
        If a layer does not exist or has no such unit.
    DataError
        If there is nothing to silence, no instance, or the classes are not as many as the instances.
    """
    wrapped = model if isinstance(model, TorchModel) else adapted(model)
    silenced: dict[str, Ints] = {layer: np.unique(np.asarray(some, np.int64)) for layer, some in units.items() if len(some)}
    if not silenced:
        raise DataError("there is no unit to silence.")
    sets: list[dict[str, Ints]] = []
    given = np.asarray(target)
    chance: list[list[Floats]] = []
    first: list[list[NDArray[np.bool_]]] = []
    done = 0
    for inputs in batches:
        batch = inputs if isinstance(inputs, Prepared) else _prepared(inputs)
        if not sets:
            places = {layer: _place(wrapped, batch, layer, some) for layer, some in silenced.items()}
            sets = [{}, silenced, *_random_sets(silenced, places, draws, seed)]
            chance, first = [[] for _ in sets], [[] for _ in sets]
        here = np.full(batch.count, given) if given.ndim == 0 else given[done : done + batch.count]
        if len(here) != batch.count:
            raise DataError(f"there are {len(given)} classes for more instances than that.")
        for at, some in enumerate(sets):
            shares = _run(wrapped, batch, places, some)
            if not 0 <= here.min() <= here.max() < shares.shape[1]:
                raise DataError(f"class {here.max()} is outside the {shares.shape[1]} classes of the model.")
            chance[at].append(shares[np.arange(len(here)), here])
            first[at].append(shares.argmax(1) == here)
        done += batch.count
        if progress is not None:
            progress(done, done if given.ndim == 0 else len(given), "ablation")
    if not done:
        raise DataError("ablation needs instances, and no batch came.")
    means = np.array([np.concatenate(parts).mean(dtype=np.float64) for parts in chance])
    right = np.array([np.concatenate(parts).mean() for parts in first])
    count = sum(len(some) for some in silenced.values())
    p_value = float((1 + (means[2:] <= means[1]).sum()) / (1 + draws))
    words = f"Without these {count} units the probability of the class falls from {means[0]:.1%} to {means[1]:.1%}"
    if draws:
        others = f"{means[2:].mean():.1%} (mean of {draws} draws, p = {p_value:.2g})"
        words += f"; without as many random others to {others}, on {done:,} instances"
    words += "."
    return Ablation(means[0], means[1], means[2:], right[0], right[1], right[2:], count, done, p_value, words)


def _random_sets(silenced: Mapping[str, Ints], places: Mapping[str, TorchPlace], draws: int, seed: int) -> list[dict[str, Ints]]:
    random = np.random.default_rng(seed)
    pools = {}
    for layer, some in silenced.items():
        everyone = np.arange(places[layer].layer.units)
        others = np.setdiff1d(everyone, some)
        pools[layer] = others if len(others) >= len(some) else everyone
    return [
        {layer: random.choice(pools[layer], len(some), replace=False) for layer, some in silenced.items()} for _ in range(draws)
    ]


def _run(model: TorchModel, batch: Prepared, places: Mapping[str, TorchPlace], silenced: Mapping[str, Ints]) -> Floats:
    """Probabilities (instances, classes) with some units set to 0."""
    with evaluating(model.net), _silencing(model.net, [(places[layer], some) for layer, some in silenced.items()]):
        inputs = batch.inputs
        if isinstance(inputs, Mapping):
            given = model.net(**inputs)
        else:
            given = model.net(*inputs) if isinstance(inputs, tuple) else model.net(inputs)
        return probabilities(to_array(scores(given)), model.output)


@contextmanager
def _silencing(net: Any, what: Sequence[tuple[TorchPlace, Ints]]) -> Iterator[None]:
    by_place = {(place.key.name, place.key.number): (place, units) for place, units in what}
    modules = dict(net.named_modules())
    calls: Counter[str] = Counter()
    thread = get_ident()

    def hook_for(name: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> Any:
            if get_ident() != thread:
                return None  # another thread runs the same model
            call = calls[name]
            calls[name] += 1
            if (name, call) not in by_place or not isinstance(output, Tensor):
                return None
            place, units = by_place[name, call]
            changed = output.clone()
            changed.index_fill_(place.axes.channels, torch.as_tensor(units, device=changed.device), 0)
            return changed

        return hook

    handles = []
    try:
        handles += [modules[name].register_forward_hook(hook_for(name)) for name in {place.key.name for place, _ in what}]
        yield
    finally:
        for handle in handles:
            handle.remove()


def _place(model: TorchModel, batch: Prepared, layer: str, units: Ints) -> TorchPlace:
    places = model.listing(batch).places
    if layer not in places:
        raise LayerError(unknown("layer", layer, places))
    place = places[layer]
    if place.key.path:
        raise LayerError(f"layer {layer!r} is one of several outputs of its module; silence one that is a module's only output.")
    outside = units[(units < 0) | (units >= place.layer.units)]
    if len(outside):
        raise LayerError(f"layer {layer!r} has no unit {outside[0]}; its units are 0 to {place.layer.units - 1}.")
    return place


def _prepared(inputs: Any) -> Prepared:
    whole = next(iter(inputs.values())) if isinstance(inputs, Mapping) else inputs[0] if isinstance(inputs, tuple) else inputs
    return Prepared(inputs, len(whole))
