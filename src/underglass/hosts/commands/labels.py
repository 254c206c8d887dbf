"""``underglass labels``: a case from labels and probabilities alone, its suspects found, in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from underglass.hosts.commands.options import TABLE, Id, Label, NoOpen, Port, Reach, Split, Text, listed


def labels(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="An .npz with probabilities and labels, or a table with a column p_<class> for each class.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="CASE", help="Where the case goes; file.case by default.")
    ] = None,
    label: Label = None,
    probabilities: Annotated[
        str | None,
        typer.Option(metavar="COLUMNS", help="Probabilities, with commas, in the order of the classes.", rich_help_panel=TABLE),
    ] = None,
    text: Text = None,
    id: Id = None,
    split: Split = None,
    no_show: Annotated[bool, typer.Option("--no-show", help="Make the case, say what is suspect, and end.")] = False,
    port: Port = None,
    no_open: NoOpen = False,
) -> None:
    """Look for wrong labels, given labels and probabilities; no model is needed.

    Probabilities should be held out: of a classifier that was not trained on the label it judges.
    """
    from underglass.capture import shown
    from underglass.case import Case
    from underglass.datasets import read_judged
    from underglass.hosts.commands.saying import facts, next_step, warn
    from underglass.views.label_results import source_words

    read = read_judged(file, label=label, probabilities=listed(probabilities), text=text, id=id, split=split)
    place = Path(out) if out is not None else Path(f"{Path(file).resolve().name.split('.')[0]}.case")
    case = Case.create_judged(place, read)
    try:
        with shown() as progress:
            found = case.label_issues(progress=progress)
        facts(
            [
                ("case", str(place)),
                ("instances", f"{found.n:,}"),
                ("classes", f"{len(case.folder.manifest.classes):,}"),
                ("judged by", source_words(found)),
                (
                    "suspect",
                    f"{len(found.suspects):,}, of which about {found.score[found.arrays['selected']].sum():.0f} are wrong",
                ),
            ]
        )
        for advice in found.meta["advice"]:
            warn(advice)
        if no_show:
            next_step(f"underglass open {place}")
            return
        from underglass.hosts.commands.serving import show

        show(case, Reach(port, not no_open), [place.resolve().parent])
    finally:
        case.close()
