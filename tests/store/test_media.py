"""Are images and texts shown as they were put, and is what cannot be shown said with its reason?"""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from store.building import INSTANCES, make_case, start
from underglass.errors import CaseError, DataError
from underglass.store import CaseFolder, MediaStore


def pictures(n: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (5, 9, 3), (4, 4, 4)])
def test_a_stack_of_images_comes_back_pixel_for_pixel(case: CaseFolder, shape: tuple[int, ...]) -> None:
    images = pictures(INSTANCES, *shape)

    case.media.put_array(images)

    np.testing.assert_array_equal(case.media.stack([30, 2, 2]), images[[30, 2, 2]])
    np.testing.assert_array_equal(np.asarray(case.media.image(7)).reshape(shape), images[7])
    assert case.media.missing(7) is None
    assert case.media.kind(7) == "image"


def test_a_stack_can_be_put_in_parts_and_for_some_rows(case: CaseFolder) -> None:
    images = pictures(10, 6, 6)

    with case.media.writing() as writer:
        writer.put_array(images[:4], rows=[20, 3, 5, 1])
        writer.put_array(images[4:], rows=range(6, 12))

    assert [path.name for path in sorted((case.path / "media").glob("stack*"))] == ["stack-00000.npy"]
    np.testing.assert_array_equal(np.load(case.path / "media" / "stack-00000.npy"), images)
    np.testing.assert_array_equal(case.media.stack([3, 6]), images[[1, 4]])
    assert case.media.missing(0) == "nothing was stored for this instance"
    assert case.media.stack([3, 0]) is None


def test_images_of_many_sizes_texts_and_missing_ones_stand_side_by_side(case: CaseFolder) -> None:
    wide, tall = pictures(1, 3, 20, 3)[0], pictures(1, 20, 3)[0]
    with case.media.writing() as writer:
        writer.put(0, encoded(wide), "image/png")
        writer.put(1, encoded(tall), "image/png")
        writer.put_text(2, "grüß dich 🙂")
        writer.put_missing(3, "photo.jpg is cut short")
        writer.put_text(4, "")

    media = case.media
    np.testing.assert_array_equal(np.asarray(media.image(0)), wide)
    np.testing.assert_array_equal(np.asarray(media.image(1)), tall)
    assert (media.text(2), media.text(4), media.text(0), media.image(2)) == ("grüß dich 🙂", "", None, None)
    assert (media.missing(2), media.missing(3)) == (None, "photo.jpg is cut short")
    assert [media.kind(row) for row in range(6)] == ["image", "image", "text", "missing", "text", None]
    assert media.encoded(0) == (encoded(wide), "image/png")
    assert media.encoded(3) is None


def test_an_image_of_a_stack_is_encoded_without_loss(case: CaseFolder) -> None:
    images = pictures(INSTANCES, 8, 8, 3)
    case.media.put_array(images)

    found = case.media.encoded(5)

    assert found is not None
    assert found[1] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(found[0]))), images[5])


def test_a_later_session_replaces_what_it_puts_and_leaves_the_rest(case: CaseFolder) -> None:
    images = pictures(INSTANCES, 8, 8)
    case.media.put_array(images)
    for text in ("one", "two", "three"):
        case.media.put(4, text.encode(), "text/plain")

    assert case.media.text(4) == "three"
    assert case.media.kind(4) == "text"
    np.testing.assert_array_equal(case.media.stack([3, 5]), images[[3, 5]])
    assert case.verify() == []


def test_another_process_sees_new_media(case: CaseFolder) -> None:
    other = CaseFolder.open(case.path)
    assert other.media.image(0) is None

    case.media.put_array(pictures(INSTANCES, 8, 8))

    assert other.media.image(0) is not None


def test_a_session_that_fails_leaves_nothing(case: CaseFolder) -> None:
    case.media.put_array(pictures(INSTANCES, 8, 8))
    before = sorted(os.listdir(case.path / "media"))

    def half() -> None:
        with case.media.writing() as writer:
            writer.put_text(0, "half")
            writer.put_array(pictures(2, 3, 3))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()

    assert sorted(os.listdir(case.path / "media")) == before
    assert case.media.kind(0) == "image"


def test_a_session_that_is_killed_leaves_the_media_before_it(case: CaseFolder) -> None:
    case.media.put_array(pictures(INSTANCES, 8, 8))
    process = start(
        """
from underglass.store import CaseFolder
with CaseFolder.open(sys.argv[1]).media.writing() as writer:
    writer.put_text(0, "half")
    print("writing", flush=True)
    sys.stdin.read()
""",
        case.path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()

    assert case.media.kind(0) == "image"
    assert case.verify() == []
    case.media.put(1, b"after", "text/plain")
    assert (case.media.kind(0), case.media.text(1)) == ("image", "after")
    assert case.verify() == []


def test_tiles_keep_proportions_on_transparent_ground(case: CaseFolder) -> None:
    with case.media.writing() as writer:
        writer.put(0, encoded(np.full((10, 20, 3), 200, np.uint8)), "image/png")
        writer.put_missing(1, "gone")

    tiles, shown = case.media.tiles([1, 0], 40)

    assert tiles.shape == (2, 40, 40, 4)
    assert shown.tolist() == [False, True]
    assert (tiles[0] == 0).all()
    assert (tiles[1, 10:30] == [200, 200, 200, 255]).all()
    assert (tiles[1, :10, :, 3] == 0).all()
    assert (tiles[1, 30:, :, 3] == 0).all()


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3), (8, 8, 4)])
def test_tiles_of_a_stack_are_whole_pixels_enlarged(case: CaseFolder, shape: tuple[int, ...]) -> None:
    images = pictures(INSTANCES, *shape)
    case.media.put_array(images)

    tiles, shown = case.media.tiles([9, 4], 24)

    oracle = [np.asarray(case.media.image(row).convert("RGBA").resize((24, 24), Image.Resampling.NEAREST)) for row in (9, 4)]
    np.testing.assert_array_equal(tiles, oracle)
    assert shown.all()


def test_tiles_may_mix_stacks_and_files_and_any_size(case: CaseFolder) -> None:
    case.media.put_array(pictures(INSTANCES, 8, 8))
    case.media.put(1, encoded(pictures(1, 50, 30, 3)[0], "JPEG"), "image/jpeg")

    tiles, shown = case.media.tiles([0, 1], 13)

    assert shown.all()
    assert (tiles[0, ..., 3] == 255).all()
    assert (tiles[1, :, 6, 3] == 255).all()
    assert (tiles[1, :, 0, 3] == 0).all()


def test_links_show_the_source_while_it_is_there(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    pixels = pictures(1, 5, 5)[0]
    (photos / "a b.png").write_bytes(encoded(pixels))
    (photos / "cut.png").write_bytes(encoded(pixels)[:30])
    case = make_case(tmp_path / "linked.case", source={"root": str(photos)})
    with case.media.writing() as writer:
        writer.link(0, "a b.png")
        writer.link(1, "cut.png")
        writer.link(2, "gone.png")

    np.testing.assert_array_equal(np.asarray(case.media.image(0)), pixels)
    assert "cut.png cannot be read as an image" in str(case.media.missing(1))
    assert case.media.missing(2) == f"gone.png is no longer in {photos}"
    assert case.media.kind(0) == "link"


def test_a_link_cannot_lead_out_of_the_data_folder(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (tmp_path / "secret.png").write_bytes(encoded(pictures(1, 5, 5)[0]))
    (photos / "sly.png").symlink_to(tmp_path / "secret.png")
    case = make_case(tmp_path / "linked.case", source={"root": str(photos)})
    with case.media.writing() as writer:
        writer.link(0, "sly.png")
        for path in ("../secret.png", str(tmp_path / "secret.png")):
            with pytest.raises(DataError, match="a link must lie inside the data's folder"):
                writer.link(1, path)

    assert case.media.image(0) is None
    assert case.media.missing(0) == "sly.png leads out of the data's folder"


def test_a_link_without_a_folder_says_so(case: CaseFolder) -> None:
    with case.media.writing() as writer:
        writer.link(0, "a.png")

    assert case.media.missing(0) == "a.png is outside the case, and the case does not know its folder"


def test_bytes_that_are_no_image_are_missing_with_the_reason(case: CaseFolder) -> None:
    with case.media.writing() as writer:
        writer.put(0, b"not a png", "image/png")
        writer.put(1, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "image/eps")

    assert str(case.media.missing(0)).startswith("the stored image cannot be read as an image")
    assert str(case.media.missing(1)).startswith("the stored image cannot be read as an image")


@pytest.mark.filterwarnings("ignore:Image size")
def test_an_image_of_too_many_pixels_is_not_decoded(case: CaseFolder) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 6_000)).save(out, "PNG")
    case.media.put(0, out.getvalue(), "image/png")

    assert case.media.missing(0) == "the stored image has 20000 × 6000 pixels, too many to show"


def test_an_image_of_sixteen_bits_is_stretched_to_grey(case: CaseFolder) -> None:
    out = io.BytesIO()
    Image.fromarray(np.array([[1000, 2000], [3000, 2000]], np.uint16)).save(out, "PNG")
    case.media.put(0, out.getvalue(), "image/png")

    assert np.asarray(case.media.image(0)).tolist() == [[0, 127], [255, 127]]


@pytest.mark.parametrize("row", [-1, INSTANCES])
def test_a_row_that_is_not_there_is_named(case: CaseFolder, row: int) -> None:
    message = f"there is no instance {row}: rows are 0 to 36"
    with pytest.raises(DataError, match=message):
        case.media.image(row)
    with pytest.raises(DataError, match=message):
        case.media.put(row, b"", "text/plain")
    with pytest.raises(DataError, match=message):
        case.media.put_array(pictures(1, 2, 2), rows=[row])


def test_what_is_no_stack_of_images_is_refused(case: CaseFolder) -> None:
    with pytest.raises(DataError, match=r"not \(2, 4, 4, 2\) uint8"):
        case.media.put_array(pictures(2, 4, 4, 2))
    with pytest.raises(DataError, match=r"not \(2, 4, 4\) float64"):
        case.media.put_array(np.zeros((2, 4, 4)))
    with pytest.raises(DataError, match="2 images but 3 rows"):
        case.media.put_array(pictures(2, 4, 4), rows=[1, 2, 3])
    with pytest.raises(DataError, match="media are images, texts, sounds or films, not 'application/pdf'"):
        case.media.put(0, b"", "application/pdf")


def test_a_damaged_pack_or_index_is_named(case: CaseFolder) -> None:
    case.media.put(0, b"some text", "text/plain")
    pack = case.path / "media" / "pack-00000.bin"
    pack.write_bytes(b"some")
    assert case.verify() == ["media/pack-00000.bin"]
    with pytest.raises(CaseError, match=r"pack-00000\.bin is damaged: it is cut short"):
        CaseFolder.open(case.path).media.text(0)

    pack.unlink()
    with pytest.raises(CaseError, match=r"pack-00000\.bin is damaged or missing"):
        CaseFolder.open(case.path).media.text(0)

    table = case.path / "media" / "media.json"
    table.write_text(table.read_text().replace("pack-00000.bin", "../../secret.txt"))
    with pytest.raises(CaseError, match=r"media\.json is damaged"):
        CaseFolder.open(case.path).media.text(0)
    assert "media/media.json" in case.verify()


def test_a_hostile_index_reads_nothing_outside(tmp_path: Path) -> None:
    from underglass.store import npy
    from underglass.store.sealed import read_sealed, write_sealed

    case = make_case(tmp_path / "a.case")
    case.media.put(0, b"some text", "text/plain")
    folder = case.path / "media"
    fields = read_sealed(folder / "media.json")
    index = np.load(folder / fields["index"])
    for column, value in ((2, 7), (2, -1), (1, 3), (0, 9), (3, -5), (4, -1)):
        spoiled = index.copy()
        spoiled[0, column] = value
        (folder / fields["index"]).unlink()
        (folder / fields["index"]).write_bytes(b"".join(npy.pieces(spoiled)))
        with pytest.raises(CaseError, match="the index speaks of a"):
            MediaStore(folder, INSTANCES).text(0)
    write_sealed(folder / "media.json", fields | {"files": ["../case.json"]})
    with pytest.raises(CaseError, match="a file lies outside the folder"):
        MediaStore(folder, INSTANCES).text(0)


def test_a_pack_that_is_a_link_is_not_followed(case: CaseFolder, tmp_path: Path) -> None:
    case.media.put(0, b"some text", "text/plain")
    (tmp_path / "secret").write_bytes(b"my secret")
    pack = case.path / "media" / "pack-00000.bin"
    pack.unlink()
    pack.symlink_to(tmp_path / "secret")

    with pytest.raises(CaseError, match=r"pack-00000\.bin is damaged or missing"):
        CaseFolder.open(case.path).media.text(0)


def test_threads_see_media_while_others_are_added(case: CaseFolder) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as threads:
        reads = [threads.submit(lambda row: case.media.text(row), i % 10) for i in range(200)]
        for row in range(10):
            case.media.put(row, str(row).encode(), "text/plain")
        found = {read.result() for read in reads}

    assert found <= {None, *map(str, range(10))}
    assert [case.media.text(row) for row in range(10)] == [str(row) for row in range(10)]
