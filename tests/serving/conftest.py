"""What do the tests of serving share? A served study without edits, and one with a journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.building import journal, serve
from underglass.serving import Serving
from underglass.store import Journal


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    """A served study that no test of the module changes."""
    made = serve()
    yield made
    made.close()


@pytest.fixture
def edits(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    with journal(tmp_path) as made:
        yield made


@pytest.fixture
def edited(edits: Journal) -> Iterator[Serving]:
    """A served study over that journal."""
    made = serve(edits)
    yield made
    made.close()
