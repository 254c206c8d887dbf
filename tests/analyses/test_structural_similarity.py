"""Is the likeness of pictures the one that scikit-image computes?"""

from __future__ import annotations

import numpy as np
import pytest

from underglass.analyses.structural_similarity import structural_similarity
from underglass.errors import DataError

metrics = pytest.importorskip("skimage.metrics", reason='needs scikit-image: pip install "underglass[vision]"')


@pytest.mark.parametrize("side", [7, 8, 28])
def test_it_is_that_of_scikit_image(side):
    random = np.random.default_rng(side)
    one = random.integers(0, 256, (5, side, side)).astype(np.uint8)
    other = np.clip(one.astype(int) + random.integers(-40, 40, one.shape), 0, 255).astype(np.uint8)

    found = structural_similarity(one, other)

    theirs = [metrics.structural_similarity(a, b, win_size=7, data_range=255) for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(found, theirs, atol=1e-9)


def test_a_picture_is_like_itself_and_not_like_its_negative():
    picture = np.random.default_rng(0).integers(0, 256, (1, 12, 12))

    assert structural_similarity(picture, picture) == pytest.approx(1)
    assert structural_similarity(picture, 255 - picture) < 0


def test_small_pictures_take_a_smaller_window():
    assert structural_similarity(np.zeros((2, 4, 5)), np.zeros((2, 4, 5))).tolist() == [1.0, 1.0]


def test_pictures_of_other_shapes_are_refused():
    with pytest.raises(DataError, match="must be"):
        structural_similarity(np.zeros((2, 8, 8)), np.zeros((2, 8, 9)))
