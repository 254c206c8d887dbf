"""The fixture `install`: packages of other people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from their_packages import Install, installing


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Put packages on the path with their entry points."""
    with installing(tmp_path) as put:
        yield put
