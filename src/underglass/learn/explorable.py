"""What does Python hand out? One page with a state in it: shown in a notebook, opened in a browser, or written to a file."""

from __future__ import annotations

import html
import tempfile
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from underglass.errors import UnderglassError
from underglass.learn.pages import page

HEIGHT = 900


class Explorable:
    """A page for learning that opens with something of one's own.

    Parameters
    ----------
    name
        Of the explorable.
    given
        What the page opens with: plain JSON.
    title
        What it is, in a few words.
    """

    def __init__(self, name: str, given: Mapping[str, Any], title: str) -> None:
        self.name, self.given, self.title = name, dict(given), title

    def __repr__(self) -> str:
        return f"<Explorable {self.name}: {self.title}>"

    def html(self) -> str:
        """The whole page; it needs no server and asks no network."""
        return page(self.name, self.given)

    def save(self, path: str | Path) -> Path:
        """Write the page.

        Parameters
        ----------
        path
            Of the HTML; written over if it is there.

        Raises
        ------
        UnderglassError
            If it cannot be written.
        """
        path, text = Path(path), self.html()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UnderglassError(f"the page cannot be written to {path}: {error.strerror or error}") from None
        return path

    def show(self) -> Path:
        """Write the page to a temporary folder and open it in the browser; gives its path."""
        path = self.save(Path(tempfile.mkdtemp(prefix="underglass-")) / f"{self.name}.html")
        webbrowser.open(path.as_uri())
        return path

    def _repr_html_(self) -> str:
        """For notebooks: the page in a frame that may run its script and nothing else."""
        return (
            f'<iframe title="{html.escape(repr(self))}" sandbox="allow-scripts allow-downloads" '
            f'style="width:100%;height:{HEIGHT}px;border:0" srcdoc="{html.escape(self.html())}"></iframe>'
        )
