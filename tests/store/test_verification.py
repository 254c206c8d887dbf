"""Is every changed, cut or missing file of a case named, and no other?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from store.building import files_of
from underglass.errors import CaseError
from underglass.store import CaseFolder


@pytest.fixture
def full(captured: CaseFolder) -> CaseFolder:
    captured.media.put_array(np.zeros((37, 4, 4), np.uint8))
    captured.media.put(1, b"text", "text/plain")
    captured.results.put("patterns", "k", {"labels": np.arange(5)}, {"n": 1}, {})
    captured.journal.append("label", rows=[1, 2], new=1)
    captured.journal.append("note", rows=[1], new="why?")
    captured.close()
    return captured


def test_an_untouched_case_is_whole(full: CaseFolder) -> None:
    assert full.verify() == []


def flip(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 0x01
    return bytes(changed)


def test_every_file_is_named_when_one_bit_of_it_is_flipped(full: CaseFolder) -> None:
    for name, data in files_of(full.path).items():
        (full.path / name).write_bytes(flip(data))
        try:
            found = full.verify()
        except CaseError as error:
            found = [name] if name == "case.json" and "case.json is damaged" in str(error) else []
        (full.path / name).write_bytes(data)

        assert name in found, name
    assert full.verify() == []


def test_every_file_is_named_when_it_is_cut_short(full: CaseFolder) -> None:
    for name, data in files_of(full.path).items():
        if name == "case.json" or len(data) < 2:
            continue
        (full.path / name).write_bytes(data[: len(data) - len(data) // 3 - 1])
        assert name in full.verify(), name
        (full.path / name).write_bytes(data)


def test_every_file_is_named_when_it_is_missing(full: CaseFolder) -> None:
    for name, data in files_of(full.path).items():
        if name in ("case.json", "results/patterns/k/result.json"):
            continue
        (full.path / name).unlink()
        assert name in full.verify(), name
        (full.path / name).write_bytes(data)


def test_only_the_changed_file_is_named(full: CaseFolder) -> None:
    for name in ("models/cnn/layers/conv1/max/shard-00001.npy", "instances.parquet", "media/stack-00000.npy"):
        path = full.path / name
        data = path.read_bytes()
        path.write_bytes(flip(data))
        assert full.verify() == [name]
        path.write_bytes(data)


def test_two_shards_swapped_are_seen(full: CaseFolder) -> None:
    first, second = (full.path / f"models/cnn/layers/conv1/max/shard-0000{i}.npy" for i in (0, 1))
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)

    assert len(full.verify()) == 2


def test_an_accuracy_polished_by_hand_is_seen(full: CaseFolder) -> None:
    path: Path = full.path / "models" / "cnn" / "model.json"
    path.write_text(path.read_text().replace('"accuracy_captured": 0.5', '"accuracy_captured": 0.99'))

    assert full.verify() == ["models/cnn/model.json"]
