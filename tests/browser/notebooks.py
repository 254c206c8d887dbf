"""Real notebooks for tests: a JupyterLab 4, a Notebook 7 and a marimo of their own, here, with nothing of the person's."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Page

from browser.describing import until

TOKEN = "lab-token"
STARTS_WITHIN = 120
CELL_WITHIN = 120


@contextmanager
def kept_port() -> Iterator[int]:
    """A port at which a server of ours may listen, now or again later, and that nobody else is given meanwhile."""
    with socket.socket() as keeping:
        keeping.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # beside it, servers that say the same may listen
        keeping.bind(("127.0.0.1", 0))
        yield int(keeping.getsockname()[1])


def _environment(home: Path) -> dict[str, str]:
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR")
    own = {name: str(home / name.lower()) for name in folders}
    xdg = {name: str(home / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(home / "workspaces")
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, **own, **xdg, "PYTHONPATH": paths, "JUPYTER_NO_CONFIG": "", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


@contextmanager
def _process(command: Sequence[str], address: str, home: Path) -> Iterator[None]:
    """A server as a process of its own, once it answers."""
    log = home / f"{Path(command[2] if command[1] == '-m' else command[0]).name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=home, env=_environment(home), stdout=out, stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + STARTS_WITHIN
            while True:
                try:
                    with urllib.request.urlopen(address, timeout=5):
                        break
                except OSError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.2)
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:  # it waits for kernels on a busy machine
                process.kill()
                process.wait(30)


@contextmanager
def jupyter(home: Path, kind: str = "jupyterlab") -> Iterator[str]:
    """A JupyterLab, or a Jupyter ``"notebook"``, whose notebooks lie in ``home / "books"``; gives its address."""
    books = home / "books"
    books.mkdir(parents=True, exist_ok=True)
    settings = home / "jupyterlab_settings_dir" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    app = "LabApp" if kind == "jupyterlab" else "JupyterNotebookApp"
    command = [
        *(sys.executable, "-m", kind, "--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"),
        *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={books}", "--ServerApp.allow_root=True"),
        *(f"--{app}.expose_app_in_browser=True", "--LabApp.extension_manager=readonly", "--ServerApp.log_level=WARN"),
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
    ]
    with kept_port() as port:
        address = f"http://127.0.0.1:{port}"
        with _process([*command, f"--ServerApp.port={port}"], f"{address}/api?token={TOKEN}", home):
            yield address


@contextmanager
def marimo(home: Path, cells: Sequence[str]) -> Iterator[str]:
    """A marimo notebook of these cells, run as an app; gives its address."""
    home.mkdir(parents=True, exist_ok=True)
    book = home / "book.py"
    bodies = ["\n".join(f"    {line}" for line in cell.splitlines()) for cell in cells]
    text = "import marimo\n\napp = marimo.App()\n"
    names = ["case"]
    for i, body in enumerate(bodies):
        text += f"\n\n@app.cell\ndef cell_{i}({'' if i == 0 else ', '.join(names)}):\n{body}\n"
        text += "    return (case,)\n" if i == 0 else "    return\n"
    book.write_text(text + '\n\nif __name__ == "__main__":\n    app.run()\n')
    command = [sys.executable, "-m", "marimo", "-q", "run", str(book), "--headless", "--host", "127.0.0.1", "--no-token"]
    with kept_port() as port:
        address = f"http://127.0.0.1:{port}"
        with _process([*command, "--port", str(port)], address, home):
            yield address


def write_book(home: Path, name: str, cells: Sequence[str], **metadata: Any) -> Path:
    """A notebook of these cells, not run yet."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    book.metadata.update(kernelspec={"name": "python3", "display_name": "Python 3", "language": "python"}, **metadata)
    path = home / "books" / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


class Lab:
    """A notebook opened in JupyterLab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        until(page, "window.jupyterapp?.shell?.currentWidget?.content?.model?.cells?.length > 0", STARTS_WITHIN)
        page.evaluate("window.jupyterapp.shell.currentWidget.context.ready")

    def command(self, name: str, arguments: Any = None) -> Any:
        """Run one of Lab's commands."""
        return self.page.evaluate(
            "([name, given]) => { window.jupyterapp.commands.execute(name, given ?? {}) }", [name, arguments]
        )

    def run(self, cell: int, *, wait: bool = True) -> None:
        """Run a cell by its place."""
        self.page.evaluate(
            """(cell) => {
              const book = window.jupyterapp.shell.currentWidget.content;
              book.activeCellIndex = cell;
              book.deselectAll();
              book.scrollToItem?.(cell);
              window.jupyterapp.commands.execute("notebook:run-cell");
            }""",
            cell,
        )
        if wait:
            self.ended(cell)

    def ended(self, cell: int) -> None:
        """Wait until a cell has ended, well."""
        state = f"window.jupyterapp.shell.currentWidget.content.model.cells.get({cell})"
        until(self.page, f"{state}.executionCount !== null && {state}.executionState === 'idle'", CELL_WITHIN)
        outputs = self.outputs(cell)
        assert not [one for one in outputs if one["output_type"] == "error"], outputs

    def run_all(self, last: int | None = None) -> None:
        """Run all cells, or those before `last`, one after the other."""
        cells = self.page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.length")
        for cell in range(cells if last is None else last + 1):
            self.run(cell)

    def outputs(self, cell: int) -> list[dict[str, Any]]:
        """What a cell has put out."""
        return self.page.evaluate(
            f"window.jupyterapp.shell.currentWidget.content.model.cells.get({cell}).outputs?.toJSON() ?? []"
        )

    def text(self, cell: int) -> str:
        """What a cell has printed, or its result as text."""
        return "".join(str(one.get("text") or one.get("data", {}).get("text/plain", "")) for one in self.outputs(cell)).strip()

    def ready(self) -> None:
        """Wait until there is a kernel."""
        until(self.page, "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", STARTS_WITHIN)

    def save(self) -> None:
        """Save the notebook."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")
