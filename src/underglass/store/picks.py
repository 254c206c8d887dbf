"""Which rows does a pick in an address stand for, after the case was closed and opened again?

A pick is a list of rows a person marked by hand (a lasso, single images); its name stands for them in filters and addresses.
The last ones are kept, one file each, so that a link still means the same tomorrow. What should last longer is a subset.

::

    picks/pick_<number>.npy         (rows,) int32, ascending
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import CaseError
from underglass.store import npy

MOST = 64
NAME = re.compile(r"pick_([0-9]{1,9})")


class Picks:
    """The kept picks of a case; `path` is its ``picks`` folder, made when first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def numbers(self) -> list[int]:
        """The numbers of the kept picks, ascending."""
        try:
            names = os.listdir(self.path)
        except OSError:
            return []
        return sorted(int(found[1]) for name in names if name.endswith(".npy") and (found := NAME.fullmatch(name[:-4])))

    def load(self) -> dict[str, np.ndarray[Any, Any]]:
        """The rows of each kept pick by name, the oldest first; a damaged file is passed over."""
        kept = {}
        for number in self.numbers():
            try:
                rows = npy.open_array(self._file(number), dtype=np.int32)
            except CaseError:
                continue
            kept[f"pick_{number}"] = np.array(rows)
        return kept

    def keep(self, rows: np.ndarray[Any, Any], *, after: int = 0) -> int | None:
        """Keep rows, (rows,) int32 ascending, under the next free number above `after`, and forget the oldest pick of many.

        Returns
        -------
        int or None
            The number, of which no other process has one; None where the case cannot be written to, which is no mistake: the
            pick then lasts as long as the process.
        """
        try:
            self.path.mkdir(exist_ok=True)
            number = max([after, *self.numbers()]) + 1
            while True:
                try:
                    descriptor = os.open(self._file(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
                    break
                except FileExistsError:
                    number += 1
            with os.fdopen(descriptor, "wb") as file:
                for piece in npy.pieces(np.asarray(rows, np.int32)):
                    file.write(piece)
            for old in self.numbers()[:-MOST]:
                self._file(old).unlink(missing_ok=True)
        except OSError:
            return None
        return number

    def _file(self, number: int) -> Path:
        return self.path / f"pick_{number}.npy"
