"""How does a file come from a page? In pieces, into a folder of this server alone, until it is no longer needed."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from pathlib import Path

from underglass.errors import DataError

MOST_BYTES = 4 << 30


class SentFile:
    """The file that pages sent last; one at a time.

    Parameters
    ----------
    called : its name if the page gives none that can be used.
    instead : what to do with a file that is too large to send.
    """

    def __init__(self, called: str, instead: str) -> None:
        self._called, self._instead = called, instead
        self._folder: Path | None = None
        self._guard = threading.Lock()
        self.path: Path | None = None

    def receive(self, name: str, at: int, data: bytes) -> dict[str, int]:
        """Take a piece, from the first byte on; gives how many bytes there are now.

        Raises
        ------
        DataError
            A piece is missing, or the file is too large.
        """
        with self._guard:
            if at == 0:
                self._forget()
                self._folder = Path(tempfile.mkdtemp(prefix="underglass-"))
                self.path = self._folder / (re.sub(r"[^\w.\- ]", "_", Path(name).name)[-120:] or self._called)
                self.path.touch()
            if self.path is None or self.path.stat().st_size != at:
                raise DataError("a piece of the file is missing; send it again from the start.")
            if at + len(data) > MOST_BYTES:
                raise DataError(f"the file is larger than 4 GB; {self._instead}")
            with self.path.open("ab") as file:
                file.write(data)
            return {"received": at + len(data)}

    def forget(self) -> None:
        """Take the file away."""
        with self._guard:
            self._forget()

    def _forget(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self.path = None
