"""Is a change by hand seen?"""

from __future__ import annotations

from pathlib import Path

import pytest

from underglass.store.sealed import open_sealed, read_sealed, sealed_line, write_sealed


def test_fields_come_back(tmp_path: Path) -> None:
    write_sealed(tmp_path / "a.json", {"name": "Mañana", "n": [1, None, 0.1]})

    assert read_sealed(tmp_path / "a.json") == {"name": "Mañana", "n": [1, None, 0.1]}
    assert open_sealed(sealed_line({"n": 1})) == ({"n": 1}, True)


def test_a_changed_value_breaks_the_seal(tmp_path: Path) -> None:
    write_sealed(tmp_path / "a.json", {"accuracy": 0.5})
    text = (tmp_path / "a.json").read_text()
    (tmp_path / "a.json").write_text(text.replace("0.5", "0.9"))

    with pytest.raises(ValueError, match="its content was changed after it was written"):
        read_sealed(tmp_path / "a.json")
    assert open_sealed((tmp_path / "a.json").read_bytes()) == ({"accuracy": 0.9}, False)


def test_a_reformatted_file_keeps_its_seal() -> None:
    line = sealed_line({"b": 1, "a": 2}).decode()

    assert open_sealed(line.replace(" ", "").encode())[1]


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        open_sealed(data)


def test_nan_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_sealed(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())
