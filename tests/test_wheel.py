"""What is given to people: a source archive that builds without Node, and a wheel that runs whole where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import underglass as ug

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300
"""Seconds."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive of this checkout, and the wheel that is built from it with no program on the path, so no Node."""
    place = tmp_path_factory.mktemp("built")
    _python("-m", "hatchling", "build", "-t", "sdist", "-d", str(place), cwd=ROOT, path=os.environ["PATH"])
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(place / "sources", filter="data")
    (sources,) = (place / "sources").iterdir()
    _python("-m", "hatchling", "build", "-t", "wheel", "-d", str(place), cwd=sources, path=_nothing(place))
    (wheel,) = place.glob("*.whl")
    return archive, wheel


def _nothing(place: Path) -> str:
    empty = place / "empty"
    empty.mkdir(exist_ok=True)
    return str(empty)


def _python(*arguments: str, cwd: Path, path: str, **environment: str) -> str:
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**clean, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_source_archive_holds_sources_and_the_built_half_and_no_packages_of_others(built: tuple[Path, Path]):
    with tarfile.open(built[0]) as packed:
        names = {name.split("/", 1)[1] for name in packed.getnames()}

    assert {"pyproject.toml", "LICENSE", "README.md", "web/package-lock.json", "web/src/hosts/static.ts"} <= names
    assert "src/underglass/static/app.js" in names
    assert not [name for name in names if "node_modules" in name or name.endswith(".case") or name.startswith((".venv", ".git/"))]


def test_the_wheel_holds_the_whole_browser_half_and_nothing_but_the_package(built: tuple[Path, Path]):
    with zipfile.ZipFile(built[1]) as packed:
        names = set(packed.namelist())
        parts = json.loads(packed.read("underglass/static/page/parts.json"))
        app = packed.read("underglass/static/index.html").decode()

    static = {name.removeprefix("underglass/static/") for name in names if name.startswith("underglass/static/")}
    assert {"app.js", "index.html", "learn.html", "notebook/notebook.js", "page/start.js", "page/static.css"} <= static
    assert {"single/learn.js", "single/duckdb.js", "single/duckdb-eh.wasm.gz", "single/duckdb-browser-eh.worker.js.gz"} <= static
    assert {f"page/{name}" for name in parts["imports"]} <= static
    assert "app.js" in app
    assert "underglass/py.typed" in names
    assert {name.split("/", 1)[0] for name in names} == {"underglass", f"underglass-{ug.__version__}.dist-info"}
    assert f"underglass-{ug.__version__}.dist-info/entry_points.txt" in names


def test_the_installed_wheel_audits_and_exports_where_there_is_no_node(built: tuple[Path, Path], tmp_path: Path):
    place, nothing = tmp_path / "installed", _nothing(tmp_path)
    _python(
        "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--target", str(place), str(built[1]), cwd=tmp_path, path=nothing
    )
    rows = [f"{i % 2},{(i * 7 % 10) / 10},{'north' if i % 3 else 'south'}" for i in range(60)]
    (tmp_path / "scores.csv").write_text("y,p,site\n" + "\n".join(rows) + "\n")

    def run(*arguments: str) -> str:
        home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
        return _python("-m", "underglass", *arguments, cwd=tmp_path, path=nothing, PYTHONPATH=str(place), **home)

    whence = _python("-c", "import underglass; print(underglass.__file__)", cwd=tmp_path, path=nothing, PYTHONPATH=str(place))
    assert whence.startswith(str(place))
    assert ug.__version__ in run("--version")
    run("audit", "scores.csv", "--label", "y", "--score", "p", "--by", "site", "--out", "scores.case", "--no-serve")
    run("export", "scores.case", "page.html")

    page = (tmp_path / "page.html").read_text()
    assert 'id="ug-program"' in page
    assert "60" in run("info", "scores.case")
