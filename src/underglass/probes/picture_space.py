"""How does a picture that a person can look at become a network's input? Measured on the preprocessing as it is.

Preprocessing is a function that nobody can differentiate. But most of it does one thing to colours: a linear one. That is
found by letting it prepare pictures of one colour: what comes out says matrix and offset exactly. Where it does something else
(a standardisation per picture, a palette), the range of a few prepared instances is taken in its place, and said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from underglass.errors import LayerError
from underglass.models.inputs import describe
from underglass.models.nested import flat
from underglass.models.torch_model import TorchModel

Array = NDArray[Any]

EXACT = 2e-3
"""How far a prepared colour may lie from the line, in shares of the distance from black to white."""
GREYS = (85, 170)


@dataclass(frozen=True)
class PictureSpace:
    """The way from a picture, 0 to 1, to a network's input.

    Attributes
    ----------
    matrix : (channels, colours) float32
    offset : (channels,) float32
        input = matrix · picture + offset.
    shape : (height, width)
        Of the input.
    channels_at : int
        Axis of the channels in the input with its batch axis, 1 or 3; 0 if there is none.
    measured : bool
        Whether the preprocessing was found to be this, or the range of prepared instances stands in for it.
    mean : (colours,) float32, 0..1
        Of some instances as the network sees them.
    decorrelation : (colours, colours) float32
        Square root of the covariance of their colours, its longest column of length 1.
    """

    matrix: Array
    offset: Array
    shape: tuple[int, int]
    channels_at: int
    measured: bool
    mean: Array
    decorrelation: Array

    @property
    def colours(self) -> int:
        """Colours of a picture: 1 or 3, or as many as the input has channels."""
        return int(self.matrix.shape[1])

    @property
    def words(self) -> str:
        """What is known of the way, in a sentence."""
        if self.measured:
            return "Colours as the network sees them: the preprocessing was measured on pictures of one colour."
        return "The preprocessing is not linear in the colours: pictures stay in the range of prepared instances."

    def to_input(self, pictures: Tensor) -> Tensor:
        """Pictures (n, colours, height, width), 0..1, as the network takes them; differentiable."""
        matrix = torch.from_numpy(self.matrix).to(pictures)
        offset = torch.from_numpy(self.offset).to(pictures)
        if self.colours == 1 and len(matrix) == 1:
            given = pictures * matrix[0, 0] + offset[0]
        else:
            given = torch.einsum("ck,nkhw->nchw", matrix, pictures) + offset[:, None, None]
        if self.channels_at == 0:
            return given[:, 0]
        return given if self.channels_at == 1 else given.permute(0, 2, 3, 1)

    def to_pictures(self, inputs: Tensor) -> Array:
        """Prepared instances as pictures (n, height, width, colours) uint8; the nearest where a channel was lost."""
        given = channels_first(inputs.detach().float().cpu(), self.channels_at).numpy()
        inverse = np.linalg.pinv(self.matrix)
        pictures = np.einsum("kc,nchw->nhwk", inverse, given - self.offset[:, None, None])
        shown: Array = np.clip(np.rint(pictures * 255), 0, 255).astype(np.uint8)
        return shown


def picture_space(model: TorchModel, examples: Sequence[Any]) -> PictureSpace:
    """Find out how pictures become a model's input.

    Parameters
    ----------
    model : TorchModel
        With its preprocessing.
    examples : raw instances
        A few; their colours are what pictures start from.

    Raises
    ------
    LayerError
        If the model does not take one picture.
    """
    if not len(examples):
        raise LayerError("a picture needs at least one instance to start from, and there is none.")
    prepared = model.prepare(list(examples)).inputs
    tensors = flat(prepared)
    if len(tensors) != 1 or not tensors[0].is_floating_point() or tensors[0].ndim not in (3, 4):
        raise LayerError(
            f"pictures can be made for a model that takes one picture; this one takes {describe(prepared)}. "
            "Its strongest instances show what its units look for."
        )
    given = tensors[0].detach().float().cpu()
    axis = _channel_axis(tuple(given.shape))
    given = channels_first(given, axis)
    if min(given.shape[2:]) < 2:
        raise LayerError(f"pictures need an input with a height and a width; this model takes {describe(prepared)}.")
    found = _measured(model, examples[0], axis)
    matrix, offset = found if found is not None else _range(given)
    inverse = np.linalg.pinv(matrix)
    colours = np.einsum("kc,nchw->nkhw", inverse, given.numpy() - offset[:, None, None])
    pixels = np.clip(colours, 0, 1).transpose(1, 0, 2, 3).reshape(matrix.shape[1], -1)
    return PictureSpace(
        matrix=matrix,
        offset=offset,
        shape=(int(given.shape[2]), int(given.shape[3])),
        channels_at=axis,
        measured=found is not None,
        mean=pixels.mean(1).astype(np.float32),
        decorrelation=_decorrelation(pixels),
    )


def _channel_axis(shape: tuple[int, ...]) -> int:
    if len(shape) == 3:
        return 0
    return 3 if shape[1] not in (1, 3, 4) and shape[3] in (1, 3, 4) else 1


def channels_first(given: Tensor, axis: int) -> Tensor:
    """An input (n, …) as (n, channels, height, width)."""
    if axis == 0:
        return given[:, None]
    return given if axis == 1 else given.permute(0, 3, 1, 2)


def _measured(model: TorchModel, example: Any, axis: int) -> tuple[Array, Array] | None:
    """Matrix and offset from pictures of one colour, None if preprocessing does something else."""
    if not (isinstance(example, np.ndarray) and example.dtype == np.uint8 and example.ndim in (2, 3)):
        return None
    bands = 1 if example.ndim == 2 else example.shape[2]
    if bands not in (1, 3):
        return None

    def plain(colour: Sequence[int]) -> Array:
        return np.broadcast_to(np.array(colour if example.ndim == 3 else colour[0], np.uint8), example.shape).copy()

    pure = [[255 if band == one else 0 for band in range(bands)] for one in range(bands)]
    colours = [[0] * bands, *pure, *([grey] * bands for grey in GREYS)]
    out = channels_first(model.prepare([plain(colour) for colour in colours]).inputs.detach().float().cpu(), axis).numpy()
    flattened = out.reshape(len(colours), out.shape[1], -1)
    values = flattened[:, :, 0]
    spread = float(np.abs(values[1 : 1 + bands].sum(0) - bands * values[0]).max())
    if not np.isfinite(out).all() or spread == 0 or float(np.ptp(flattened, axis=2).max()) > EXACT * spread:
        return None
    offset = values[0]
    matrix = (values[1 : 1 + bands] - offset).T
    for at, grey in enumerate(GREYS):
        line = offset + matrix.sum(1) * grey / 255
        if float(np.abs(values[1 + bands + at] - line).max()) > EXACT * spread:
            return None
    return matrix.astype(np.float32), offset.astype(np.float32)


def _range(given: Tensor) -> tuple[Array, Array]:
    """Each channel from the lowest to the highest of the prepared instances, without the outermost half percent."""
    channels = given.numpy().transpose(1, 0, 2, 3).reshape(given.shape[1], -1)
    low, high = np.quantile(channels, [0.005, 0.995], axis=1)
    width = np.where(high > low, high - low, 1)
    return np.diag(width).astype(np.float32), low.astype(np.float32)


def _decorrelation(pixels: Array) -> Array:
    """Square root of the colours' covariance, in the manner of Olah et al. 2017; the identity if nothing varies."""
    covariance = np.atleast_2d(np.cov(pixels.astype(np.float64))) if pixels.shape[1] > 1 else np.eye(len(pixels))
    vectors, values, _ = np.linalg.svd(covariance + 1e-6 * np.eye(len(covariance)))
    root = vectors * np.sqrt(values)
    longest: Array = (root / np.linalg.norm(root, axis=0).max()).astype(np.float32)
    return longest
