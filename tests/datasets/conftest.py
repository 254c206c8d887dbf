"""Which pictures do the readers' tests read?"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def save() -> Callable[..., np.ndarray]:
    """Write a random picture of (height, width) and return its pixels."""

    def save(path: Path, seed: int, size: tuple[int, int] = (12, 10)) -> np.ndarray:
        pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        return pixels

    return save


@pytest.fixture
def folder(tmp_path: Path, save: Callable[..., np.ndarray]) -> Path:
    """Two classes of two whole pictures each."""
    for seed, name in enumerate(["cat/a.png", "cat/b.png", "dog/a.png", "dog/b.png"]):
        save(tmp_path / name, seed)
    return tmp_path
