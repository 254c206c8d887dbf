"""How do own points reach GAN Lab? Scaled into its square and packed into the words of an address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import DataError

MOST_POINTS = 600
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def packed(points: Any, name: str = "the points") -> str:
    """Points as the address of a page carries them: scaled into the square from −1 to 1, two letters a number.

    Parameters
    ----------
    points
        (n, 2 or more) finite numbers, of which the first two columns count. Above 600 points, evenly spaced ones are kept.
    name
        What messages call them.

    Raises
    ------
    DataError
        If they are not at least three different finite points.
    """
    try:
        found = np.asarray(points, float)
    except (TypeError, ValueError):
        raise DataError(f"{name} holds no table of numbers") from None
    if found.ndim != 2 or found.shape[1] < 2 or len(found) < 3 or not np.isfinite(found[:, :2]).all():
        raise DataError(f"{name} should hold at least three points, two finite numbers each")
    xy = found[:, :2]
    low, high = xy.min(axis=0), xy.max(axis=0)
    if (low == high).all():
        raise DataError(f"all {len(xy)} points of {name} are the same: a generator would have nothing to learn")
    if np.abs(xy).max() > 0.95:
        xy = (xy - (low + high) / 2) * (1.6 / (high - low).max())
    if len(xy) > MOST_POINTS:
        xy = xy[np.linspace(0, len(xy) - 1, MOST_POINTS).astype(int)]
    whole = np.clip(np.round((xy + 1) / 2 * 4095), 0, 4095).astype(int).ravel()
    return "".join(LETTERS[one >> 6] + LETTERS[one & 63] for one in whole)


def packed_file(file: Path) -> str:
    """Points of a file, packed.

    Parameters
    ----------
    file
        Text with two numbers a line, or an .npy of shape (n, 2).

    Raises
    ------
    DataError
        If there is no such file, or it does not hold at least three different finite points.
    """
    try:
        if file.suffix == ".npy":
            found = np.load(file, allow_pickle=False)
        else:
            found = np.array([row for line in file.read_text(encoding="utf-8").splitlines() if len(row := _numbers(line)) >= 2])
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise DataError(f"{file} holds no table of numbers") from None
    return packed(found, str(file))


def _numbers(line: str) -> list[float]:
    """The first two numbers of a line, or fewer if it does not begin with two."""
    cells = line.replace(",", " ").replace(";", " ").split()[:2]
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return []
