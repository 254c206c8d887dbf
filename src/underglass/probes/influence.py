"""Which units of one layer feed which units of the next, over the instances of each subset? Measured on whole maps, streamed.

For an instance, unit i of a layer influences unit j of the next by the largest contribution it makes to j anywhere in space:
kernel slice times input, padding and stride included, batch normalisation folded in, before the bias and the activation
function. For each j the strongest sources count one each, and their contributions are summed: counts saturate where several
sources are always among the strongest, sums do not.

Maps are never stored: each operation is measured at the moment the pass reaches it. Estimating this from pooled activations is
wrong but for 1×1 convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse
from torch import nn

from underglass.errors import DataError, LayerError, unknown
from underglass.models import torch as adapted
from underglass.models.inputs import Prepared
from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_model import TorchModel, TorchPlace
from underglass.probes.influence_hops import Hop, Influence
from underglass.probes.influence_plan import Plan, plan
from underglass.probes.influence_run import Run, arguments
from underglass.probes.traced_module import Traced, trace

Ints = NDArray[np.integer[Any]]
Progress = Callable[[int, int, str], None]

__all__ = ["Hop", "Influence", "influence"]

ESTIMATED_UNITS = 64


def influence(
    model: TorchModel | nn.Module,
    batches: Iterable[Any],
    membership: ArrayLike,
    layers: Sequence[str],
    *,
    top: int = 5,
    estimated_units: int = ESTIMATED_UNITS,
    progress: Progress | None = None,
) -> Influence:
    """Measure the influence between layers in one streamed pass.

    Parameters
    ----------
    model : TorchModel or torch.nn.Module
        Run in evaluation mode and left as it was.
    batches : iterable
        What the model is called with, batch by batch, in the order of `membership`: what ``model.prepare(raw)`` gives, or
        tensors. A batch without any instance of a subset is drawn and not run.
    membership : (instances, subsets) bool, or (instances,) subset numbers, −1 = none
        Dense, or a ``scipy.sparse`` array.
    layers : names
        As the model lists them; at least two.
    top : int
        Sources that count for each unit and instance [5, as Summit].
    estimated_units : int
        For a layer that must be estimated, how many of its most active units; each costs a backward pass.
    progress : callable, optional
        Called with instances done, instances, and the stage; may raise to cancel.

    Raises
    ------
    LayerError
        If a layer does not exist, two names are one tensor, or there are fewer than two.
    DataError
        If there are more or fewer instances than the membership has.

    Source: Hohman et al. 2019, "Summit", section 6.2; at the layer's own stride and not a coarser one.
    """
    wrapped = model if isinstance(model, TorchModel) else adapted(model)
    pointers, subsets, count = _sparse(membership)
    stream = iter(batches)
    first = next(stream, None)
    if first is None:
        raise DataError("influence needs instances, and no batch came.")
    first = _prepared(first)
    places = wrapped.listing(first).places
    names = _ordered(layers, places)
    with evaluating(wrapped.net):
        traced = trace(wrapped.net, arguments(first.inputs))
        followed, notes = _follow(traced, names, places)
        whole = traced if isinstance(traced, Traced) else None
        run = Run(wrapped, whole, followed, places, subsets=count, top=top, estimated_units=estimated_units)
        done = used = 0
        batch: Prepared | None = first
        while batch is not None:
            if done + batch.count > len(pointers) - 1:
                raise DataError(f"more instances came than the membership has: {done + batch.count} for {len(pointers) - 1}.")
            here = pointers[done : done + batch.count + 1]
            if here[-1] > here[0]:
                run.measure(batch, here, subsets)
                used += int((np.diff(here) > 0).sum())
            done += batch.count
            if progress is not None:
                progress(done, len(pointers) - 1, "influence")
            following = next(stream, None)
            batch = None if following is None else _prepared(following)
    if done != len(pointers) - 1:
        raise DataError(f"fewer instances came than the membership has: {done} for {len(pointers) - 1}.")
    return Influence(names, run.hops(), top, used, tuple(notes))


def _follow(traced: Traced | str, names: tuple[str, ...], places: Mapping[str, TorchPlace]) -> tuple[Plan, list[str]]:
    """What to measure and what to estimate, and what to say about the latter."""
    before = dict(zip(names[1:], names[:-1], strict=True))
    if isinstance(traced, str):
        followed = Plan(
            (), {layer: ((source,), f"the model cannot be followed: {traced}") for layer, source in before.items()}, {}
        )
    else:
        reasons = {name: reason for name in names if (reason := _unusable(traced, name, places[name])) is not None}
        usable = [name for name in names if name not in reasons]
        _distinct(traced, usable)
        followed = plan(traced, usable)
        followed.estimated.update({name: ((before[name],), reason) for name, reason in reasons.items() if name in before})
    notes = [
        f"{layer!r} is estimated by gradient × activation from {', '.join(map(repr, sources))}, "
        f"for its most active units: {reason}."
        for layer, (sources, reason) in followed.estimated.items()
    ]
    return followed, notes


def _unusable(traced: Traced, name: str, place: TorchPlace) -> str | None:
    if name not in traced.named:
        return "it is computed inside an operation that cannot be opened, or is one of several outputs"
    axes = place.axes
    if (axes.batch, axes.channels, axes.fold) != (0, 1, 1) or traced.channels(traced.named[name]) != place.layer.units:
        return "its units are not on the second axis"
    return None


def _distinct(traced: Traced, names: Sequence[str]) -> None:
    seen: dict[Any, str] = {}
    for name in names:
        node = traced.node(name)
        if node in seen:
            raise LayerError(f"layers {seen[node]!r} and {name!r} are the same tensor; name one of them.")
        seen[node] = name


def _ordered(layers: Sequence[str], places: Mapping[str, TorchPlace]) -> tuple[str, ...]:
    for layer in layers:
        if layer not in places:
            raise LayerError(unknown("layer", layer, places))
    wanted = set(layers)
    if len(wanted) < 2:
        raise LayerError("influence is between layers: name at least two.")
    return tuple(name for name in places if name in wanted)


def _prepared(inputs: Any) -> Prepared:
    if isinstance(inputs, Prepared):
        return inputs
    return Prepared(inputs, len(arguments(inputs)[0]))


def _sparse(membership: ArrayLike) -> tuple[Ints, Ints, int]:
    """Pointers (instances + 1,), the subsets they point at, and how many subsets there are."""
    if not issparse(membership):
        values = np.asarray(membership)
        if values.ndim == 1 and values.dtype.kind in "iu":
            inside = values >= 0
            pointers = np.concatenate([[0], inside.cumsum()]).astype(np.int64)
            return pointers, values[inside].astype(np.int64), int(values.max(initial=-1)) + 1
        if values.dtype.kind != "b" or values.ndim not in {1, 2}:
            form = f"{values.dtype} {values.shape}"
            raise DataError(f"a membership holds booleans (instances, subsets) or a subset number each, not {form}.")
        membership = csr_array(values if values.ndim == 2 else values[:, None])
    rows = csr_array(membership)
    return rows.indptr.astype(np.int64), rows.indices.astype(np.int64), int(rows.shape[1])
