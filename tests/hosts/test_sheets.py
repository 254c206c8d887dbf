"""Are the pictures in a sheet those of the instances, whatever their size and kind?"""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from underglass.errors import DataError
from underglass.hosts.sheets import contact_sheet, picture, png, resized
from underglass.store.media import MediaStore


def _opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_holds_the_very_pixels(channels):
    pixels = np.random.default_rng(0).integers(0, 255, (13, 29, channels), np.uint8)

    assert np.array_equal(_opened(png(pixels)).reshape(pixels.shape), pixels)


@pytest.mark.parametrize(("edge", "size"), [(28, 28), (28, 56), (28, 84), (32, 56), (96, 56), (64, 32), (50, 56)])
def test_a_tile_of_a_sheet_is_the_image_alone_at_that_size(edge, size):
    """Resized together or one by one: no tile runs into its neighbour."""
    images = np.random.default_rng(1).integers(0, 255, (3, edge, edge, 3), np.uint8)
    sheet = np.concatenate(list(images), axis=1)

    together = resized(sheet, edge, size)

    for i, image in enumerate(images):
        assert np.array_equal(together[:, i * size : (i + 1) * size], resized(image, edge, size))


@pytest.mark.parametrize(("edge", "size"), [(28, 56), (28, 84), (96, 56), (64, 32)])
def test_an_image_is_resized_as_pillow_does_it(edge, size):
    image = np.random.default_rng(1).integers(0, 255, (edge, edge, 3), np.uint8)
    how = Image.Resampling.NEAREST if size > edge else Image.Resampling.BOX

    assert np.array_equal(resized(image, edge, size), np.asarray(Image.fromarray(image).resize((size, size), how)))


@pytest.fixture
def media(tmp_path):
    """Forty instances: colour images in a stack, then one of each other kind."""
    store = MediaStore(tmp_path / "media", 40)
    store.put_array(np.random.default_rng(2).integers(0, 255, (30, 32, 32, 3), np.uint8))
    wide = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(wide, "JPEG")
    store.put(30, wide.getvalue(), "image/jpeg")
    store.put(31, b"some words", "text/plain")
    tiff = io.BytesIO()
    Image.new("I;16", (4, 4), 999).save(tiff, "TIFF")
    store.put(32, tiff.getvalue(), "image/tiff")
    with store.writing() as writer:
        writer.put_missing(33, "it was corrupt")
    return store


def test_a_sheet_of_a_stack_is_32_across(media):
    sheet = _opened(contact_sheet(media, [*range(30), 0, 1, 2, 3], 32))

    assert sheet.shape == (64, 32 * 32, 3)
    stack = media.stack(range(30))
    assert np.array_equal(sheet[:32, 32:64], stack[1])
    assert np.array_equal(sheet[32:, :64], np.concatenate([stack[2], stack[3]], axis=1))


def test_what_has_no_image_is_transparent(media):
    sheet = _opened(contact_sheet(media, [0, 30, 31, 33, 35], 56))

    assert sheet.shape == (56, 5 * 56, 4)
    opaque = [bool((sheet[:, i * 56 : (i + 1) * 56, 3] > 0).any()) for i in range(5)]
    assert opaque == [True, True, False, False, False]
    wide = sheet[:, 56:112]
    assert (wide[:14, :, 3] == 0).all()
    assert (wide[14:42, :, 3] == 255).all()


@pytest.mark.parametrize(("rows", "size"), [([], 56), ([1] * 1025, 56), ([1], 4), ([1], 1000), ([1] * 1024, 512)])
def test_a_sheet_has_its_limits(media, rows, size):
    with pytest.raises(DataError, match=r"a (sheet holds|tile of a sheet is)"):
        contact_sheet(media, rows, size)


def test_a_picture_is_sent_as_it_is_only_if_browsers_show_it(media):
    assert picture(media, 30)[1] == "image/jpeg"
    data, kind = picture(media, 32)
    assert kind == "image/png"
    assert _opened(data).shape[:2] == (4, 4)
    assert picture(media, 31) is None
    assert picture(media, 33) is None
    assert picture(media, 39) is None
