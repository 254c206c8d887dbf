"""Which cases lie below a log directory? Found without keeping TensorBoard waiting, opened when they are asked for."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from underglass.audits import case_of_runs
from underglass.case import Case
from underglass.errors import DataError, UnderglassError
from underglass.hosts.answering import NotFound
from underglass.store import CaseFolder
from underglass.store.manifest import FILE as MANIFEST

DEEPEST = 5
"""Folders below the log directory; deeper cases are not looked for."""
MOST_FOLDERS = 20_000
LOOK_EVERY = 5.0
"""Seconds between two looks."""
FIRST_PATIENCE = 2.0
"""Seconds that the first look may take before it goes on in the background: TensorBoard's page asks once which tabs there are."""
PATIENCE = 0.03
"""The same of later looks: TensorBoard asks often, for every tab."""
RUNS = "npmi"
"""Name of the case that is made of runs of the former nPMI plug-in."""


class Logs:
    """The cases of one TensorBoard.

    Parameters
    ----------
    roots
        Its log directories; those that are not on this machine are left aside.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root for root in roots if root.is_dir()]
        self._guard = threading.Lock()
        self._found: dict[str, Path] = {}
        self._looked = 0.0
        self._look: threading.Thread | None = None
        self._open: dict[str, Case] = {}
        self._made: tempfile.TemporaryDirectory[str] | None = None
        self._first_until = time.monotonic() + FIRST_PATIENCE
        self._look_again(0)

    @property
    def any(self) -> bool:
        """Whether a case was found; a look that takes longer than its patience goes on in the background."""
        rest = 0.0 if self._looked else self._first_until - time.monotonic()
        self._look_again(max(PATIENCE, rest))
        return bool(self._found)

    def cases(self) -> list[dict[str, object]]:
        """What the tab lists: id, name and size of each case, and of the former plug-in's runs; a damaged one says so."""
        self._look_again(None)
        listed: list[dict[str, object]] = []
        for key, path in sorted(self._found.items(), key=lambda item: str(item[1])):
            one: dict[str, object] = {"id": key, "name": path.name.removesuffix(".case"), "instances": None, "wrong": None}
            try:
                with closing(CaseFolder.open(path)) as folder:
                    one |= {"name": folder.manifest.name, "instances": folder.manifest.instances}
            except UnderglassError as error:
                one["wrong"] = str(error).replace(str(path), path.name)
            listed.append(one)
        if self._runs_root() is not None:
            listed.append({"id": RUNS, "name": "Label associations of the nPMI plug-in", "instances": None, "wrong": None})
        return listed

    def case(self, key: str) -> Case:
        """A case by its id; it stays open.

        Raises
        ------
        NotFound
            If there is none.
        """
        with self._guard:
            if key in self._open:
                return self._open[key]
        opened = self._case(key)
        with self._guard:
            known = self._open.setdefault(key, opened)
        if known is not opened:
            opened.close()
        return known

    def close(self) -> None:
        """Close the cases."""
        with self._guard:
            cases, self._open = list(self._open.values()), {}
        for case in cases:
            case.close()
        if self._made is not None:
            self._made.cleanup()

    def _case(self, key: str) -> Case:
        if key == RUNS and (root := self._runs_root()) is not None:
            with self._guard:
                self._made = self._made or tempfile.TemporaryDirectory(prefix="underglass-npmi-")
            return case_of_runs(Path(tempfile.mkdtemp(dir=self._made.name)) / f"{root.resolve().name or RUNS}.case", root)
        if key not in self._found:
            self._look_again(None)
        if key not in self._found:
            raise NotFound("this case is not in the log directory (any more): go back to the list")
        return Case.open(self._found[key])

    def _runs_root(self) -> Path | None:
        """The first log directory that holds runs of the former plug-in."""
        from underglass.datasets.npmi_runs import read_npmi

        for root in self._roots:
            try:
                if read_npmi(root):
                    return root
            except DataError:
                continue
        return None

    def _look_again(self, patience: float | None) -> None:
        with self._guard:
            if self._look is None or not self._look.is_alive():
                if time.monotonic() - self._looked < LOOK_EVERY and patience is not None:
                    return
                self._look = threading.Thread(target=self._look_through, name="underglass looks for cases", daemon=True)
                self._look.start()
            look = self._look
        look.join(patience)

    def _look_through(self) -> None:
        self._found = {_key(path): path for root in self._roots for path in _cases_below(root)}
        self._looked = time.monotonic()


def roots_of(logdir: str | None, logdir_spec: str | None) -> list[Path]:
    """The folders of TensorBoard's ``--logdir`` and ``--logdir_spec``.

    Examples
    --------
    >>> [str(path) for path in roots_of("", "a:/runs/one,/runs/two")]
    ['/runs/one', '/runs/two']
    """
    if logdir:
        return [Path(logdir).expanduser()]
    specs = [spec for spec in (logdir_spec or "").split(",") if spec]
    return [Path(spec.split(":", 1)[1] if ":" in spec and not Path(spec).exists() else spec).expanduser() for spec in specs]


def _key(path: Path) -> str:
    """An id that says nothing about this machine's folders."""
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]


def _cases_below(root: Path) -> Iterator[Path]:
    """Folders that are a case; nothing inside one is looked at, links are not followed."""
    waiting, looked = [(root, 0)], 0
    while waiting and looked < MOST_FOLDERS:
        folder, depth = waiting.pop()
        looked += 1
        if (folder / MANIFEST).is_file():
            yield folder
            continue
        if depth == DEEPEST:
            continue
        try:
            with os.scandir(folder) as entries:
                waiting += [(Path(one.path), depth + 1) for one in entries if one.is_dir(follow_symlinks=False)]
        except OSError:
            continue
