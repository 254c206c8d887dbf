"""What do the tests of hosts share? A case over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hosts.serving_case import browser, make_app, make_case
from underglass.case import Case


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """A case of forty images."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    with make_case(tmp_path / "small.case") as made:
        yield made


@pytest.fixture(scope="module")
def kept_case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A case that no test of the module changes."""
    with make_case(tmp_path_factory.mktemp("kept") / "small.case") as made:
        yield made


@pytest.fixture(scope="module")
def kept(kept_case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A browser at that case, with the owner's token."""
    with browser(make_app(kept_case, tmp_path_factory.mktemp("pages"))) as opened:
        yield opened


@pytest.fixture
def client(case: Case, tmp_path: Path) -> Iterator[TestClient]:
    """A browser at the case, with the owner's token."""
    with browser(make_app(case, tmp_path)) as opened:
        yield opened
