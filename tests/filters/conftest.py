"""Which columns do the tests of filters speak of? Those of the fixtures that the browser half reads too."""

import json
from pathlib import Path
from typing import Any

import pytest

from underglass.filters import ColumnType, column_types

FIXTURES: dict[str, Any] = json.loads(Path(__file__).with_name("fixtures.json").read_text(encoding="utf-8"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``good`` or ``bad`` runs once for each of these fixtures."""
    for name in ("good", "bad"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, FIXTURES[name], ids=[case["text"][:40] or "blank" for case in FIXTURES[name]])


@pytest.fixture(scope="session")
def columns() -> dict[str, ColumnType]:
    return column_types(FIXTURES["columns"])


@pytest.fixture(scope="session")
def subsets() -> dict[str, str]:
    """Table of each subset of the fixtures."""
    return {name: f"subset_{number}" for number, name in enumerate(FIXTURES["subsets"], 1)}


@pytest.fixture(scope="session")
def numbers() -> list[tuple[float, str]]:
    return FIXTURES["numbers"]
