"""Which part of a picture excites a unit, and by what? The unit's peak, projected back to the pixels.

Zeiler and Fergus go down the network as it went up: through transposed filters, back to where each maximum stood, and through
a rectifier that lets only what is positive pass. That is the gradient with another rule at the rectifiers, and computed so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from underglass.errors import DataError, unknown
from underglass.models.nested import flat
from underglass.models.torch_model import TorchModel
from underglass.probes.picture_space import PictureSpace, channels_first, picture_space
from underglass.probes.relu_rules import ReluRule
from underglass.probes.up_to_layer import check_units, up_to

Array = NDArray[Any]
Ints = NDArray[np.integer[Any]]

RULES = ("deconvolution", "guided", "gradient")


@dataclass(frozen=True)
class Projection:
    """A unit's peak in some pictures, projected back.

    Attributes
    ----------
    values : (n, colours, height, width) float32
        How much a pixel adds to the peak, in activation per full step of brightness (0 to 1).
    pictures : (n, height, width, colours) uint8
        The pictures as the network saw them.
    peak : (n,) float32
        Activation at the peak.
    position : (n,) int64
        Where it is among the positions of the unit's map; the first of equal ones.
    others : tuple of str
        Activation functions for which no rule exists: their plain gradient was used.
    """

    values: Array
    pictures: Array
    peak: Array
    position: Ints
    others: tuple[str, ...]

    def images(self) -> Array:
        """The projections to look at, (n, height, width, colours) uint8: mid-grey is nothing, each scaled to its strongest."""
        strongest = np.abs(self.values).max(axis=(1, 2, 3), keepdims=True)
        shares = self.values / np.where(strongest > 0, strongest, 1)
        shown: Array = np.rint(127.5 + 127.5 * shares).astype(np.uint8).transpose(0, 2, 3, 1)
        return shown


def project_unit(
    model: TorchModel,
    raw: Sequence[Any],
    layer: str,
    unit: int,
    *,
    rule: Literal["deconvolution", "guided", "gradient"] = "deconvolution",
    space: PictureSpace | None = None,
) -> Projection:
    """Project the peak of a unit back to the pixels of each picture.

    Parameters
    ----------
    model : TorchModel
        Run in evaluation mode and left as it was.
    raw : raw instances
        Pictures, as `prepare` takes them.
    layer : name
    unit : int
    rule : "deconvolution", "guided" or "gradient"
        See `relu_rules`; "gradient" is plain backpropagation.
    space : PictureSpace, optional
        If it is known already.

    Raises
    ------
    LayerError
        An unknown layer or unit, or a model that does not take one picture.

    Source: Zeiler, Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 2.1; guided:
    Springenberg et al. 2015.
    """
    if rule not in RULES:
        raise DataError(unknown("rule", rule, RULES))
    way = space or picture_space(model, raw)
    prepared = model.prepare(list(raw))
    inputs = flat(prepared.inputs)[0].detach().clone().requires_grad_(True)
    with up_to(model, prepared, layer) as run:
        check_units([unit], run.place.layer.units, layer)
        others: tuple[str, ...] = ()
        if rule == "gradient":
            own = run(inputs)[:, unit]
        else:
            with ReluRule("deconvolution" if rule == "deconvolution" else "guided") as changed:
                own = run(inputs)[:, unit]
            others = tuple(sorted(changed.others))
        position = own.detach().argmax(1)
        peak = own.gather(1, position[:, None])[:, 0]
        (gradient,) = torch.autograd.grad(peak.sum(), [inputs])
    channels = channels_first(gradient.float().cpu(), way.channels_at).numpy()
    values = np.einsum("ck,nchw->nkhw", way.matrix, channels).astype(np.float32)
    return Projection(
        values, way.to_pictures(inputs), peak.detach().float().cpu().numpy(), position.cpu().numpy().astype(np.int64), others
    )


def peak_boxes(
    model: TorchModel, raw: Sequence[Any], layer: str, unit: int, *, space: PictureSpace | None = None, share: float = 0.95
) -> tuple[Ints, Array]:
    """Where in each picture a unit's peak looks.

    Parameters
    ----------
    model, raw, layer, unit, space
        As for `project_unit`.
    share : float
        Of the weight that the peak's receptive field must hold, along each axis: a deep unit's field is the whole picture in
        theory and a part of it in effect.

    Returns
    -------
    boxes : (n, 4) int64
        Top, left, bottom, right in pixels of `pictures`, ends excluded; the whole picture for a layer without positions.
    pictures : (n, height, width, colours) uint8
        As the network saw them.
    """
    way = space or picture_space(model, raw)
    prepared = model.prepare(list(raw))
    inputs = flat(prepared.inputs)[0].detach().clone().requires_grad_(True)
    height, width = channels_first(inputs, way.channels_at).shape[2:]
    whole = np.tile(np.array([0, 0, height, width], np.int64), (len(raw), 1))
    with up_to(model, prepared, layer) as run:
        check_units([unit], run.place.layer.units, layer)
        with torch.no_grad():
            own = run(inputs)[:, unit]
        if own.shape[1] == 1:
            return whole, way.to_pictures(inputs)
        position = own.argmax(1)
        with ReluRule("linear"):
            reach = run(inputs)[:, unit].gather(1, position[:, None])
        (gradient,) = torch.autograd.grad(reach.sum(), [inputs])
    weight = channels_first(gradient.abs().float().cpu(), way.channels_at).sum(1).numpy()
    boxes = whole.copy()
    for at, one in enumerate(weight):
        if one.sum() > 0:
            boxes[at, 0], boxes[at, 2] = _span(one.sum(1), share)
            boxes[at, 1], boxes[at, 3] = _span(one.sum(0), share)
    return boxes, way.to_pictures(inputs)


def _span(weights: Array, share: float) -> tuple[int, int]:
    """The middle part of a line that holds a share of its weight: start, and end excluded."""
    along = np.cumsum(weights, dtype=np.float64) / weights.sum(dtype=np.float64)
    cut = (1 - share) / 2
    return int(np.searchsorted(along, cut, side="right")), int(np.searchsorted(along, 1 - cut)) + 1
