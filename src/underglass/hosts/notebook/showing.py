"""What does a cell show? The widget where a kernel runs; its picture and its words in a saved notebook and in print."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from underglass.errors import DataError, NotInstalled
from underglass.hosts.notebook.sessions import session_of

if TYPE_CHECKING:
    from underglass.hosts.notebook.widgets import CaseWidget

VIEW_MIME = "application/vnd.jupyter.widget-view+json"
APP_HEIGHT = 720
"""Pixels of the whole app in a cell."""
LARGEST_PICTURE = 400_000
"""Bytes; a larger picture is not kept in the notebook."""
SMALLEST, LARGEST = 160, 4000


def in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter, or in marimo: where a cell can show a widget."""
    if _in_marimo():
        return True
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


def widget(shown: Any, *, width: int | None = None, height: int | None = None, chrome: str | None = None) -> CaseWidget:
    """A view, a page or a whole case as a widget, for a layout of widgets or a size of its own.

    Parameters
    ----------
    shown : ``case.view(…)``, ``ug.page(…)`` or a case.
    width, height : CSS pixels; without, as wide as the cell, and as high as what is shown needs.
    chrome : what stands around it: ``"bar"``, the actions on what is selected; ``"none"``; ``"app"``, everything. By default
        the app around a case, else the bar.

    Raises
    ------
    DataError
        A size out of range, or nothing of a case.
    """
    from underglass.hosts.notebook.widgets import CaseWidget

    for name, size in (("width", width), ("height", height)):
        if size is not None and not SMALLEST <= size <= LARGEST:
            raise DataError(f"a {name} of {size} pixels cannot be drawn: {SMALLEST} to {LARGEST}")
    if chrome not in (None, "bar", "none", "app"):
        raise DataError(f"no chrome named {chrome!r}. Known: bar, none, app.")
    case, page = page_of(shown)
    around = chrome or ("app" if shown is case else "bar")
    settings = {"width": width, "height": height or (APP_HEIGHT if around == "app" else None), "chrome": around}
    return CaseWidget(session_of(case), page, words=words_of(shown), **settings)


def show(shown: Any, **settings: Any) -> None:
    """Show it in the cell that runs; its picture is kept in the notebook once it is drawn. In a terminal, its name."""
    if not in_notebook():
        print(repr(shown))
        return
    try:
        made = widget(shown, **settings)
    except NotInstalled as missing:
        print(f"{shown!r}\n{missing}")
        return
    display(made)


def display(made: CaseWidget) -> None:
    """Show a widget in the cell that runs, and keep its picture in the notebook once it is drawn."""
    if _in_marimo():
        import marimo

        marimo.output.append(made)
        return
    from IPython.display import display as put

    data, metadata = _with_words(made)
    handle = put(data, metadata=metadata, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def keep(picture: bytes, words: str) -> None:
        if len(picture) <= LARGEST_PICTURE:
            kept = {**data, "text/plain": words, "image/png": base64.b64encode(picture).decode("ascii")}
            handle.update(kept, metadata=metadata, raw=True)

    made.pictured = keep


def mimebundle(shown: Any, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook that asks for media types is given; marimo does."""
    return bundle(shown)


def bundle(shown: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a cell shows for it, by media type, with its metadata: the widget, and words for where none runs."""
    return _with_words(widget(shown))


def words_of(shown: Any) -> str:
    """What is shown in a sentence, before anything is drawn."""
    case, page = page_of(shown)
    name = case.folder.manifest.name
    titles = [page["title"]] if page["title"] else []
    for tab in page["tabs"]:
        titles += [_question(case, tile["view"]) for tile in tab["tiles"] if tile["view"]]
    return f"{' · '.join(titles) or 'the app'} ({name}: {case.folder.manifest.instances:,} instances)"


def page_of(shown: Any) -> tuple[Any, Mapping[str, Any]]:
    """The case and the page spec of a view, a page or a case.

    Raises
    ------
    DataError
        It is none of them, or a page without a case.
    """
    if hasattr(shown, "props") and hasattr(shown, "page"):
        shown = shown.page()
    if hasattr(shown, "spec"):
        if shown.case is None:
            raise DataError("this page has no view of a case: put one on it, such as case.view('overview')")
        return shown.case, shown.spec
    if hasattr(shown, "serving") and hasattr(shown, "folder"):
        return shown, {"name": "", "title": "", "version": 1, "tabs": []}
    raise DataError(f"a cell shows a view, a page or a case of underglass, not {type(shown).__name__}")


def _with_words(made: CaseWidget) -> tuple[dict[str, Any], dict[str, Any]]:
    data, metadata = made._repr_mimebundle_()
    return {**data, "text/plain": made.words}, metadata


def _question(case: Any, view: str) -> str:
    known = case.views.get(view)
    return known.question if known is not None else view


def _in_marimo() -> bool:
    runtime = sys.modules.get("marimo._runtime.context")
    return runtime is not None and runtime.runtime_context_installed()
