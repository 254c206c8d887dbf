"""What would a picture look like that excites a unit most? Found by gradient ascent, several units at once.

A picture is written as its spectrum in decorrelated colours, moved a little at every step so that only what survives small
shifts, turns and zooms is drawn, and never leaves the colours that a real picture has: what is shown is what the network saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from underglass.errors import DataError, LayerError, unknown
from underglass.models.inputs import Prepared
from underglass.models.model import OutOfMemory
from underglass.models.torch_evaluation import evaluating
from underglass.models.torch_inputs import home
from underglass.models.torch_model import TorchModel
from underglass.probes.picture_parameters import Movements, Spectrum
from underglass.probes.picture_space import PictureSpace, picture_space
from underglass.probes.relu_rules import ReluRule
from underglass.probes.up_to_layer import UpToLayer, check_units, quicker, up_to

Array = NDArray[Any]
Progress = Callable[[int, int, str], None]

BATCH = 16
EXAMPLES = 32
"""So many instances say which colours and which activations are usual."""
SMALLEST, LARGEST = 8, 1024
FEW_PIXELS = 1 << 16
"""With fewer in a batch one thread is faster than several."""


@dataclass(frozen=True)
class Settings:
    """How pictures are looked for.

    Parameters
    ----------
    steps : of gradient ascent (Adam).
    rate : of the ascent.
    samples : pictures a unit; several are kept unlike each other.
    diversity : weight of that, in deviations of the unit's activation on real instances.
    goal : "channel" for the mean over all positions, "neuron" for the one in the middle.
    size : height and width of the picture; 0 takes the model's own.
    decay : a frequency f starts with weight 1 / f^decay.
    jitter : how far a picture is moved at each step, in shares of its edge.
    turn : how far it is turned, in degrees.
    zoom : how far it is enlarged or reduced, as a share.
    seed : of starts and movements.
    """

    steps: int = 256
    rate: float = 0.05
    samples: int = 1
    diversity: float = 1.0
    goal: Literal["channel", "neuron"] = "channel"
    size: int = 0
    decay: float = 1.0
    jitter: float = 0.06
    turn: float = 5.0
    zoom: float = 0.05
    seed: int = 0

    @classmethod
    def read(cls, values: Mapping[str, Any] | None) -> Settings:
        """Settings from plain JSON.

        Raises
        ------
        DataError
            If a setting is unknown, of the wrong type or out of range.
        """
        known = {field.name: field.default for field in fields(cls)}
        for name, value in (values or {}).items():
            if name not in known:
                raise DataError(unknown("setting", name, known))
            kinds = (int, float) if isinstance(known[name], float) else (type(known[name]),)
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise DataError(f"setting {name!r} cannot be {value!r}.")
        found = cls(**(values or {}))
        if found.goal not in ("channel", "neuron"):
            raise DataError(unknown("goal", found.goal, ["channel", "neuron"]))
        for name, low, high in (("steps", 1, 4096), ("samples", 1, 8), ("rate", 1e-4, 1.0), ("jitter", 0, 0.5), ("zoom", 0, 0.9)):
            if not low <= getattr(found, name) <= high:
                raise DataError(f"{name} must lie between {low:g} and {high:g}; got {getattr(found, name):g}.")
        if found.size and not SMALLEST <= found.size <= LARGEST:
            raise DataError(f"size must be 0 (the model's own) or between {SMALLEST} and {LARGEST} pixels; got {found.size}.")
        return found


@dataclass(frozen=True)
class FeatureImages:
    """Pictures that excite units.

    Attributes
    ----------
    units : (units,) int64
        As they were asked.
    images : (units, samples, height, width, colours) uint8
        What to show; colours is 1 for grey. Exactly what the network was given at the end.
    activation : (units, samples) float32
        Mean over positions that the picture, as shown, reaches.
    peak : (units, samples) float32
        Its highest position.
    best : (units,) float32
        The highest such mean (channel) or peak (neuron) among the examples, to compare with.
    space : PictureSpace
        How pictures became inputs.
    """

    units: Array
    images: Array
    activation: Array
    peak: Array
    best: Array
    space: PictureSpace


def visualize_units(
    model: TorchModel,
    examples: Sequence[Any],
    layer: str,
    units: Sequence[int],
    *,
    settings: Settings | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> FeatureImages:
    """Find pictures that excite units of a layer, many in one batch.

    A unit's pictures do not depend on which other units are in its batch: starts and movements are drawn for each alone.

    Parameters
    ----------
    model : TorchModel
        From `underglass.models.torch`; run in evaluation mode and left as it was, gradients of its weights untouched.
    examples : raw instances
        A few (up to 32 are looked at): they say what the preprocessing does, which colours are usual and how much is much.
    layer : name
        As the model lists it.
    units : unit numbers
        As many as wanted; `batch` pictures are worked on at a time.
    settings : Settings, optional
    batch : int
        Pictures at a time; halved when memory runs out.
    progress : callable (done, total, stage)
        Called with the steps done of all, now and then; may raise `JobCancelled`.

    Raises
    ------
    LayerError
        An unknown layer or unit, or a model that does not take one picture.
    ModelError
        The model cannot take pictures of the size asked.

    Source: Olah, Mordvintsev, Schubert 2017, "Feature Visualization"; silent rectifiers as in Lucid.
    """
    asked = settings or Settings()
    given = list(examples)[:EXAMPLES]
    space = picture_space(model, given)
    prepared = model.prepare(given)
    shape = (asked.size, asked.size) if asked.size else space.shape
    threads = 1 if batch * shape[0] * shape[1] <= FEW_PIXELS else model.threads
    with model.on_threads(threads), up_to(model, prepared, layer) as run:
        wanted = check_units(units, run.place.layer.units, layer)
        with torch.no_grad():
            usual = run(prepared.inputs)
        work = _Work(run, quicker(run, prepared.inputs, usual), space, asked, shape=shape, usual=usual)
        per_batch = max(1, batch // asked.samples)
        found: list[tuple[Array, Array, Array]] = []
        total = asked.steps * -(-len(wanted) // per_batch)
        at = done = 0
        while at < len(wanted):
            some = wanted[at : at + per_batch]
            try:
                found.append(work.climb(some, _from(progress, done, total, layer)))
            except (RuntimeError, MemoryError) as error:
                if per_batch == 1 or not OutOfMemory.is_meant_by(error):
                    raise
                per_batch //= 2
                total = done + asked.steps * -(-(len(wanted) - at) // per_batch)
                continue
            at += len(some)
            done += asked.steps
        usual_goal = _goal(usual, asked.goal, run.place.layer.shape)
    images, activation, peak = (
        (np.concatenate(parts) for parts in zip(*found, strict=True))
        if found
        else (np.zeros((0, asked.samples, *shape, space.colours), np.uint8), *(np.zeros((0, asked.samples), np.float32),) * 2)
    )
    best = usual_goal.amax(0).cpu().numpy()[wanted].astype(np.float32)
    return FeatureImages(np.array(wanted, np.int64), images, activation, peak, best, space)


class _Work:
    """What all batches of one call share."""

    def __init__(
        self,
        exact: UpToLayer,
        quick: UpToLayer,
        space: PictureSpace,
        settings: Settings,
        *,
        shape: tuple[int, int],
        usual: Tensor,
    ) -> None:
        """``exact`` is the model itself, and says what a picture reaches; ``quick`` gives the same up to rounding."""
        self.model, self.exact, self.quick, self.space, self.settings = exact.model, exact, quick, space, settings
        self.device, self.kind = home(exact.model.net)
        self.spectrum = Spectrum.of(space, shape, decay=settings.decay, device=self.device)
        goals = _goal(usual, settings.goal, exact.place.layer.shape)
        spread = goals.std(0, unbiased=False)
        self.usual = torch.where(spread > 0, spread, torch.ones_like(spread))

    def climb(self, units: Sequence[int], tell: Callable[[int], None]) -> tuple[Array, Array, Array]:
        """Pictures (units, samples, height, width, colours), and the activation and peak that each reaches."""
        asked = self.settings
        generators = [_generator(asked.seed, unit, sample) for unit in units for sample in range(asked.samples)]
        index = torch.tensor([unit for unit in units for _ in range(asked.samples)], device=self.device)
        spectrum = self.spectrum.start(generators).requires_grad_(True)
        moves = Movements.draw(generators, asked.steps, jitter=asked.jitter, turn=asked.turn, zoom=asked.zoom, device=self.device)
        ascent = torch.optim.Adam([spectrum], lr=asked.rate)
        silent = False
        for step in range(asked.steps):
            with ReluRule("redirect") if silent else nullcontext():
                gradient = self._gradient(spectrum, moves, step, index)
            silent = bool((gradient.flatten(1).abs().amax(1) == 0).any())
            spectrum.grad = gradient
            ascent.step()
            tell(step + 1)
        with torch.no_grad():
            pictures = (self.spectrum.pictures(spectrum) * 255).round() / 255
            given = self._run(self.exact, pictures)
            own = given[torch.arange(len(index)), index]
        shape = (len(units), asked.samples)
        shown = (pictures * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        return (
            shown.reshape(*shape, *shown.shape[1:]),
            own.mean(1).cpu().numpy().astype(np.float32).reshape(shape),
            own.amax(1).cpu().numpy().astype(np.float32).reshape(shape),
        )

    def _run(self, run: UpToLayer, pictures: Tensor) -> Tensor:
        return run(self.space.to_input(pictures).to(self.kind)).float()

    def _gradient(self, spectrum: Tensor, moves: Movements, step: int, index: Tensor) -> Tensor:
        given = self._run(self.quick, moves.moved(self.spectrum.pictures(spectrum), step))
        own = given[torch.arange(len(index), device=index.device), index]
        goal = own.mean(1) if self.settings.goal == "channel" else own[:, own.shape[1] // 2]
        loss = -(goal / self.usual[index]).sum()
        if self.settings.samples > 1 and self.settings.diversity:
            loss = loss + self.settings.diversity * _likeness(given, self.settings.samples)
        (gradient,) = torch.autograd.grad(loss, [spectrum], allow_unused=True)
        return torch.zeros_like(spectrum) if gradient is None else torch.nan_to_num(gradient)


def _goal(given: Tensor, goal: str, shape: tuple[int, ...]) -> Tensor:
    """(instances, units) of a layer's output (instances, units, positions)."""
    if given.shape[2] == 0:
        raise LayerError(f"the layer's output has no positions: {shape}.")
    return given.mean(2) if goal == "channel" else given[:, :, given.shape[2] // 2]


def _likeness(given: Tensor, samples: int) -> Tensor:
    """Sum over units of how alike the samples' Gram matrices are, cosines over pairs (Olah et al. 2017, "Diversity")."""
    grams = torch.einsum("nup,nvp->nuv", given, given).flatten(1)
    grams = grams / (grams.norm(dim=1, keepdim=True) + 1e-12)
    groups = grams.reshape(-1, samples, grams.shape[1])
    pairs = torch.einsum("gsf,gtf->gst", groups, groups)
    return (pairs.sum() - pairs.diagonal(dim1=1, dim2=2).sum()) / (samples - 1)


def _generator(seed: int, unit: int, sample: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 1_000_003 + unit) * 101 + sample)


def _from(progress: Progress | None, before: int, total: int, layer: str) -> Callable[[int], None]:
    """Tells every eighth step, counted on from what was done before."""

    def tell(step: int) -> None:
        done = before + step
        if progress is not None and (done % 8 == 0 or done == total):
            progress(done, total, f"pictures for units of {layer}")

    return tell


def reached(model: TorchModel, pictures: Array, space: PictureSpace, layer: str) -> Array:
    """What a layer gives for pictures as shown, (n, units, positions) float32: a check by hand.

    Parameters
    ----------
    model : TorchModel
    pictures : (n, height, width, colours) uint8
    space : PictureSpace
        That they were made for.
    layer : name
    """
    values = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    device, kind = home(model.net)
    inputs = space.to_input(values.to(device)).to(kind)
    with evaluating(model.net), up_to(model, Prepared(inputs, len(inputs)), layer) as run, torch.no_grad():
        found: Array = run(inputs).float().cpu().numpy()
    return found
