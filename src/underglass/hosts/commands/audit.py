"""``underglass audit``: a table of labels and scores, and for whom the score fails; no model is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from underglass.hosts.commands.options import Id, NoOpen, Port, Reach, Split, listed

if TYPE_CHECKING:
    from underglass.case import Case

COLUMNS, READING = "Columns", "Reading the file"


def audit(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet or Arrow.", show_default=False)],
    *,
    label: Annotated[str, typer.Option(metavar="COLUMN", help="What was true.", show_default=False, rich_help_panel=COLUMNS)],
    score: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMNS",
            help="Probability of the positive class, 0 to 1; with commas one column for each class; or the predicted number.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    prediction: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Predicted classes, where there is no score.", rich_help_panel=COLUMNS)
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="Features that make the groups, with commas.", rich_help_panel=COLUMNS)
    ] = None,
    positive: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Counts as positive; 1, true or yes by default.", rich_help_panel=COLUMNS)
    ] = None,
    threshold: Annotated[float, typer.Option(help="A score of at least this counts as positive.", rich_help_panel=COLUMNS)] = 0.5,
    bins: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FEATURE=BINS",
            help="Cut a number: age=4 into bins of equal count, age=25,45,65 at these numbers. Can be given again.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    min_size: Annotated[int, typer.Option(help="Groups of fewer rows are listed, not drawn.", rich_help_panel=COLUMNS)] = 30,
    id: Id = None,
    split: Split = None,
    separator: Annotated[
        str | None, typer.Option(metavar="SIGN", help="Between fields: , ; | or tab. Found by default.", rich_help_panel=READING)
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Such as utf-8 or windows-1252. Found by default.", rich_help_panel=READING)
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="CASE", help="Where the case goes; TABLE.case by default.")
    ] = None,
    port: Port = None,
    no_open: NoOpen = False,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Make the case, print its groups, and end.")] = False,
) -> None:
    """See for whom a score fails: rates of every group with their counts and intervals, in the browser.

    The same table opens the same case again, with what was edited in it.
    """
    from underglass.audits import audit as make
    from underglass.hosts.commands.saying import next_step, warn
    from underglass.hosts.commands.serving import show

    place = Path(out) if out is not None else Path(table).with_name(f"{Path(table).name.split('.')[0]}.case")
    given: dict[str, Any] = {
        "label": label,
        "score": _one_or_many(score),
        "prediction": prediction,
        "by": listed(by) or [],
        "positive": positive,
        "threshold": threshold,
        "bins": _bins(bins),
        "min_size": min_size,
        "id": id,
        "split": split,
        "separator": separator,
        "encoding": encoding,
    }
    case = _made_before(place, table, given) or make(table, out=place, **given)
    for sentence in _notes(case):
        warn(sentence)
    _groups(case)
    if no_serve:
        next_step(f"underglass open {place}")
        case.close()
        return
    show(case, Reach(port, not no_open, view="subgroups"), [place.resolve().parent])


def _one_or_many(text: str | None) -> str | list[str] | None:
    names = listed(text)
    return names[0] if names is not None and len(names) == 1 else names


def _bins(given: list[str] | None) -> dict[str, int | list[float]] | None:
    from underglass.errors import DataError

    found: dict[str, int | list[float]] = {}
    for text in given or ():
        name, _, how = text.rpartition("=")
        try:
            numbers = [float(part) for part in how.split(",")]
        except ValueError:
            numbers = []
        if not name or not numbers:
            raise DataError(f"--bins {text!r} is not understood; write --bins age=4 or --bins age=25,45,65.")
        found[name] = int(numbers[0]) if len(numbers) == 1 and numbers[0].is_integer() and "." not in how else numbers
    return found or None


def _made_before(place: Path, table: str, given: dict[str, Any]) -> Case | None:
    """The case of an earlier audit of the same table in the same way; another case in its place is refused by who makes it."""
    import tempfile

    from underglass.audits import audit as make
    from underglass.case import Case
    from underglass.errors import CaseError
    from underglass.hosts.commands.saying import aside

    if not (place / "case.json").is_file():
        return None
    with tempfile.TemporaryDirectory() as folder, make(table, out=Path(folder) / "new.case", **given) as new:
        old = Case.open(place)
        if _same(old, new):
            aside().print(f"{place} was made from this table before; it is opened with its edits.", style="dim")
            return old
        old.close()
    raise CaseError(f"{place} is there already, made of another table or in another way; give another place: --out NAME.case")


def _same(old: Case, new: Case) -> bool:
    kept = [case.folder.results.get("scores", "score") for case in (old, new)]
    return (
        kept[0] is not None
        and kept[1] is not None
        and kept[0].meta == kept[1].meta
        and old.folder.manifest.data_fingerprint == new.folder.manifest.data_fingerprint
        and old.folder.manifest.classes == new.folder.manifest.classes
    )


def _notes(case: Case) -> list[str]:
    from underglass.views.subgroups import setup

    return [str(note) for note in setup(case)["notes"]]


def _groups(case: Case) -> None:
    """The first groups as a table, so that the terminal answers too."""
    from underglass.hosts.commands.saying import aside, columns
    from underglass.views.subgroup_words import rows_for_terminal

    heads, rows, rest = rows_for_terminal(case)
    columns(heads, rows, numbers=range(1, len(heads)))
    if rest:
        aside().print(rest, style="dim")
