"""What do the tests of the store start from? A small case, with and without a captured model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.building import CLASSES, INSTANCES, capture, make_case
from underglass.store import CaseFolder, Journal


@pytest.fixture
def case(tmp_path: Path) -> Iterator[CaseFolder]:
    """A case of `INSTANCES` labelled instances without media."""
    folder = make_case(tmp_path / "small.case")
    yield folder
    folder.close()


@pytest.fixture
def captured(case: CaseFolder) -> CaseFolder:
    """The case with one finished model."""
    capture(case)
    return case


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal alone, whose source says class 0 everywhere."""
    import numpy as np

    with Journal(
        tmp_path / "edits.sqlite",
        instances=INSTANCES,
        data_fingerprint="data",
        classes=CLASSES,
        source_labels=lambda: np.zeros(INSTANCES, np.int32),
        author="ann",
    ) as made:
        yield made
