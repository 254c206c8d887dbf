"""``underglass associations``: which labels go with whom, from a table of labels or a case, in words and in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from underglass.hosts.commands.options import TABLE, Id, NoOpen, Port, Reach, listed

if TYPE_CHECKING:
    from underglass.case import Case

SHOWN = 5


def associations(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE…",
            help="A case, or tables of labels (a column for each label, a list of labels, or a row for each), or a log folder of "
            "TensorBoard's nPMI plug-in. Further ones stand beside the first.",
            show_default=False,
        ),
    ],
    *,
    identities: Annotated[
        str | None,
        typer.Option(
            "--identities", "-i", metavar="NAMES", help="Labels or columns of yes and no, with commas.", show_default=False
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="CASE", help="Where the case goes; file.case by default.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="COLUMNS", help="Which columns are labels, with commas.", rich_help_panel=TABLE)
    ] = None,
    id: Id = None,
    separator: Annotated[
        str | None, typer.Option(metavar="SIGN", help="Between labels in a list.", rich_help_panel=TABLE)
    ] = None,
    threshold: Annotated[float | None, typer.Option(help="A score of at least this is a yes.", rich_help_panel=TABLE)] = None,
    top: Annotated[int | None, typer.Option(help="The so many highest scores are a yes.", rich_help_panel=TABLE)] = None,
    metric: Annotated[str, typer.Option(help="Which metric the words below are about.")] = "npmi_xy",
    table: Annotated[
        str | None, typer.Option("--table", metavar="FILE", help="Write every label with counts and intervals, CSV.")
    ] = None,
    events: Annotated[str | None, typer.Option(metavar="FOLDER", help="Write event files that the nPMI plug-in reads.")] = None,
    no_show: Annotated[bool, typer.Option("--no-show", help="Make the case, say what is found, and end.")] = False,
    port: Port = None,
    no_open: NoOpen = False,
) -> None:
    """Look for associations between identities and every other label; no ground truth is needed.

    Every number comes with its count and interval; which association is a problem is for people to say.
    """
    from underglass.hosts.commands.saying import next_step

    names = listed(identities) or []
    settings: dict[str, object] = {
        "labels": _columns(labels),
        "id": id,
        "separator": separator,
        "threshold": threshold,
        "top": top,
    }
    case, place = _case(data, names, settings, out)
    try:
        _say(case, metric, {"threshold": threshold, "top": top})
        if table is not None or events is not None:
            _write(case, metric, table, events)
        if no_show:
            next_step(f"underglass open {place}")
            return
        from underglass.hosts.commands.serving import show

        show(case, Reach(port, not no_open, view="associations"), [place.resolve().parent])
    finally:
        case.close()


def _columns(labels: str | None) -> str | list[str] | None:
    chosen = listed(labels)
    return chosen[0] if chosen is not None and len(chosen) == 1 else chosen


def _case(data: list[str], identities: list[str], settings: dict[str, object], out: str | None) -> tuple[Case, Path]:
    """The case that was named, or a new one from tables or runs."""
    from underglass.audits import case_of_runs
    from underglass.case import Case
    from underglass.datasets import read_labels
    from underglass.errors import DataError
    from underglass.store.manifest import FILE as MANIFEST
    from underglass.views.association_sources import begin_with

    first = Path(data[0])
    if not first.exists():
        raise DataError(f"{first} does not exist.")
    if (first / MANIFEST).is_file():
        case, place = Case.open(first), first
    else:
        place = Path(out) if out is not None else Path(f"{first.resolve().name.split('.')[0]}.case")
        if _is_run(first):
            case = case_of_runs(place, first)
        else:
            read = read_labels(first, **settings)  # type: ignore[arg-type]
            _check(read, identities)
            case = Case.create_labelled(place, read, name=place.stem)
    try:
        for more in map(Path, data[1:]):
            if not more.exists():
                raise DataError(f"{more} does not exist.")
            if _is_run(more):
                case.add_npmi_runs(more)
            else:
                case.add_labels(more.stem, read_labels(more, **settings))  # type: ignore[arg-type]
        if identities:
            begin_with(case, identities)
    except BaseException:
        case.close()
        raise
    return case, place


def _is_run(path: Path) -> bool:
    """Whether a path is a log folder, an event file or a CSV of the former plug-in."""
    if path.is_dir() or "tfevents" in path.name:
        return True
    if path.suffix.lower() != ".csv":
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.readline()
    return any(name.strip().startswith(("nPMI@", "nPMI_diff@", "count@")) for name in head.split(","))


def _check(read: object, identities: list[str]) -> None:
    """Refuse an unknown identity before a case is made."""
    from underglass.datasets import LabelTable
    from underglass.errors import DataError, unknown

    assert isinstance(read, LabelTable)
    table = read.instances.table
    truths = [name for name in table.column_names[4:] if str(table[name].type) == "bool"]
    for name in identities:
        if name not in read.names and name not in truths and not any(sign in name for sign in "=<>"):
            raise DataError(unknown("identity", name, [*truths, *read.names]))


def _say(case: Case, metric: str, decision: dict[str, object]) -> None:
    """What is in the case, and the labels at both ends of the first two identities' gap."""
    import numpy as np

    from underglass.analyses.associations import REST
    from underglass.hosts.commands.saying import columns, facts, out
    from underglass.views.association_study import check_metric, study
    from underglass.views.associations import offer

    told = offer(case)
    first = {**told["sources"][0], **({} if told["sources"][0]["kind"] != "model" else decision)} if told["sources"] else None
    asked = {"sources": [first] if first else [], "identities": told["begin"]}
    found = study(case, asked)
    side = found.sides[0]
    rows = [
        ("case", str(case.folder.path)),
        ("source", f"{side.source.name}, {side.decision}"),
        ("labels", f"{len(found.labels):,}"),
    ]
    if side.counted is not None:
        rows.append(("items", f"{side.counted.items:,}"))
        rows.append(
            (
                "identities",
                ", ".join(
                    f"{name} ({n:,})"
                    for name, n in zip(side.counted.identities, side.counted.identity_count.tolist(), strict=True)
                ),
            )
        )
    facts(rows)
    if side.counted is None or not found.identities:
        return
    a, b = 0, 1 if len(found.identities) == 2 else REST if len(found.identities) > 2 else None
    value, low, high, reason = side.column(check_metric(metric), a, b)
    known = np.flatnonzero((reason == 0) & np.isfinite(value))
    order = known[np.argsort(-value[known], kind="stable")]
    ends = [*order[:SHOWN], *order[max(SHOWN, len(order) - SHOWN) :]]
    joint = side.counted.joint[:, side.place]
    second = None if not isinstance(b, int) else found.identities[b]
    title = f"{metric} of {found.identities[a]}" + ("" if b is None else f" less {second or 'the mean of the others'}")
    heads = ["label", title, "95 % interval", f"with {found.identities[a]}", *([f"with {second}"] if second else [])]
    lines = []
    for at in ends:
        cells = [found.labels[at], f"{value[at]:+.3f}", f"{low[at]:+.3f} to {high[at]:+.3f}", f"{joint[0][at]:,}"]
        lines.append([*cells, *([f"{joint[1][at]:,}"] if second else [])])
    out().print()
    columns(heads, lines, numbers=range(1, len(heads)))


def _write(case: Case, metric: str, table: str | None, events: str | None) -> None:
    import numpy as np

    from underglass.datasets.npmi_runs import write_events
    from underglass.hosts.commands.saying import aside
    from underglass.views.association_export import export, to_npmi_run
    from underglass.views.association_study import study
    from underglass.views.associations import offer

    told = offer(case)
    found = study(case, {"sources": told["sources"], "identities": told["begin"]})
    pairs = (
        [(0, 1)]
        if len(found.identities) == 2
        else [(x, "rest") for x in range(len(found.identities))]
        if found.identities[2:]
        else []
    )
    if table is not None:
        Path(table).write_bytes(export(case, found, "csv", metrics=[metric], pairs=pairs))
        aside().print(f"{len(found.labels):,} labels written to {table}.", style="dim")
    if events is not None:
        for side in found.sides:
            file = write_events(to_npmi_run(found, side, np.arange(len(found.labels)), pairs), events)
            aside().print(f"{file} written.", style="dim")
