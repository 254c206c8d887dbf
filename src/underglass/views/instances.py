"""Which instances are shown? The rows behind every count, as a table, a grid of images, or class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from underglass.errors import DataError
from underglass.views.view import View
from underglass.wire import Card

if TYPE_CHECKING:
    from underglass.case import Case

LONGEST = 200
"""Characters of an excerpt."""
MOST_ROWS = 5_000
MOST_VALUES = 8
OWN = {"row", "id", "label", "split", "text"}


def excerpts(case: Case, rows: Sequence[int]) -> dict[str, str]:
    """The start of each instance's text; without a text its own columns, as ``age 34 · income 21,000``.

    Parameters
    ----------
    case
        The open case.
    rows
        At most 5,000 instances.

    Returns
    -------
    dict
        Text by row; the rows are strings, as JSON wants its keys.

    Raises
    ------
    DataError
        A row is none of this case, or too many are asked for.
    """
    wanted = _checked(rows, case.folder.manifest.instances)
    media = case.folder.media
    found = {row: media.text(row) if case.folder.manifest.kind == "text" else None for row in wanted}
    values = _values(case, [row for row, text in found.items() if text is None])
    return {str(row): _start(text if text is not None else values.get(row, "")) for row, text in found.items()}


def search(case: Case, text: str) -> dict[str, Any]:
    """Keep the instances whose own text contains some words as a pick; upper and lower case are alike.

    Parameters
    ----------
    case
        The open case.
    text
        What to look for; texts are kept beside the served table, so that a query cannot look into them.
    """
    words = text.lower()
    media, n = case.folder.media, case.folder.manifest.instances
    found = [row for row in range(n) if words in (media.text(row) or "").lower()] if case.folder.manifest.kind == "text" else []
    return {"name": case.serving.make_pick(found, keep=True), "count": len(found)}


def _checked(rows: Sequence[int], n: int) -> list[int]:
    if len(rows) > MOST_ROWS:
        raise DataError(f"{len(rows):,} excerpts at once are too many: ask for at most {MOST_ROWS:,}")
    for row in rows:
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < n:
            raise DataError(f"there is no instance {row!r}: rows are 0 to {n - 1}")
    return list(dict.fromkeys(rows))


def _values(case: Case, rows: list[int]) -> dict[int, str]:
    """The data's own columns of some rows, in a line each."""
    if not rows:
        return {}
    table = case.folder.instances
    names = [name for name in table.column_names if name not in OWN][:MOST_VALUES]
    picked = table.select(names).take(rows).to_pylist() if names else [{} for _ in rows]
    return {
        row: " · ".join(f"{name} {_written(value)}" for name, value in one.items()) for row, one in zip(rows, picked, strict=True)
    }


def _written(value: Any) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        return (f"{value:,.0f}" if 1_000 <= abs(value) < 1e15 else f"{value:.4g}").replace("-", "−")
    return str(value)


def _start(text: str) -> str:
    """The start of a text in one line, cut at a word where there is one."""
    line = " ".join(text[: 4 * LONGEST].split())
    if len(line) <= LONGEST:
        return line
    cut = line[: LONGEST - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > LONGEST // 2 else cut) + "…"


VIEW = View(
    name="instances",
    title="Instances",
    group="case",
    question="Which instances are shown?",
    card=Card(
        why="Behind every count stand instances. Before a number is believed or acted on, look at the rows it is made of.",
        who="Everyone; above all whoever is about to relabel, exclude or report.",
        what="All instances that the filter leaves, one row or tile each, with their values as they are now, edits included. "
        "The chart in a column's head counts all that is shown in grey and what is picked in blue.",
        how="Click a row to open it beside. Pick with Ctrl and Shift, with Space and the arrows, or drag over the bars of "
        "a column's head. A column's name sorts by it, with Shift as a further key. Crimson: the prediction is not the label. "
        "Where there is no value a cell says n/a, which is not zero.",
        when="After a pick elsewhere, to see what was picked; before an edit, to see whom it will change.",
        source="Table with distributions in its heads: quak (Manz 2024), Spotlight (Renumics). Instance views: ActiVis "
        "(Kahng et al. 2017), Symphony (Bäuerle et al. 2022).",
        limits="Sorting by confidence shows the extremes first: what stands on top is not typical. A search looks at the id, the "
        "labels and columns of words, not into images. By class, only as many tiles are drawn as a line holds, the most "
        "confident ones.",
    ),
    calls={"excerpts": excerpts, "search": search},
    order=1,
    props={
        "columns": "which columns, in order",
        "sort": "columns to sort by",
        "mode": "table, grid or classes",
        "only": "shown or selected",
        "size": "edge of the images in pixels",
        "search": "a text to look for",
    },
    size=(12, 12),
    beside=True,
)
