"""How is a picture written so that an ascent moves in all frequencies and colours alike? In Fourier space, decorrelated."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from underglass.probes.picture_space import PictureSpace

START = 0.01
"""Deviation of the spectrum an ascent starts from."""


@dataclass(frozen=True)
class Spectrum:
    """Pictures (n, colours, height, width), 0..1, as a function of their spectra.

    Source: Olah, Mordvintsev, Schubert 2017, "Feature Visualization", section "preconditioning and parameterization".
    """

    scale: Tensor
    colours: Tensor
    ground: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, space: PictureSpace, shape: tuple[int, int], *, decay: float, device: Any) -> Spectrum:
        """For pictures of a shape; each frequency f is weighted 1 / f^decay, as natural pictures are."""
        height, width = shape
        rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
        frequency = np.maximum(np.sqrt(rows**2 + columns**2), 1 / max(shape))
        scale = np.sqrt(height * width) / frequency**decay / 4
        ground = np.clip(space.mean, 0.02, 0.98)
        return cls(
            torch.tensor(scale, dtype=torch.float32, device=device),
            torch.tensor(space.decorrelation, device=device),
            torch.tensor(np.log(ground / (1 - ground)), dtype=torch.float32, device=device)[:, None, None],
            shape,
        )

    def start(self, generators: list[torch.Generator]) -> Tensor:
        """A faint random spectrum for each generator: (n, colours, height, width // 2 + 1, 2)."""
        size = (len(self.colours), *self.scale.shape, 2)
        drawn = [torch.randn(size, generator=one) * START for one in generators]
        return torch.stack(drawn).to(self.scale.device)

    def pictures(self, spectrum: Tensor) -> Tensor:
        """Pictures of spectra, squeezed into 0..1 around the mean colour."""
        waves = torch.fft.irfft2(torch.view_as_complex(spectrum) * self.scale, s=self.shape)
        mixed = torch.einsum("ck,nkhw->nchw", self.colours, waves) if len(self.colours) > 1 else waves
        return torch.sigmoid(mixed + self.ground)


@dataclass(frozen=True)
class Movements:
    """Small random movements of pictures, the same for a picture whatever else is in its batch.

    Parameters
    ----------
    matrices : (steps, n, 2, 3) float32
        What `affine_grid` takes.
    """

    matrices: Tensor

    @classmethod
    def draw(
        cls, generators: list[torch.Generator], steps: int, *, jitter: float, turn: float, zoom: float, device: Any
    ) -> Movements:
        """Up to `jitter` of an edge sideways, `turn` degrees, and `zoom` larger or smaller, drawn evenly for each step."""
        drawn = torch.stack([torch.rand((steps, 4), generator=one) * 2 - 1 for one in generators], 1)
        angle, size = drawn[..., 0] * turn * pi / 180, 1 + drawn[..., 1] * zoom
        cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
        aside, down = drawn[..., 2] * 2 * jitter, drawn[..., 3] * 2 * jitter
        rows = torch.stack([torch.stack([cosine, -sine, aside], -1), torch.stack([sine, cosine, down], -1)], -2)
        return cls(rows.to(device))

    def moved(self, pictures: Tensor, step: int) -> Tensor:
        """The pictures of one step, mirrored at their edges."""
        grid = functional.affine_grid(self.matrices[step], list(pictures.shape), align_corners=False)
        return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
