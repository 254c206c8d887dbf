"""``underglass patterns``: which instances a layer treats alike, as words and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from underglass.hosts.commands.options import CasePath, listed

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.views.pattern_results import FoundPatterns


def patterns(
    case: CasePath,
    *,
    layer: Annotated[
        str | None,
        typer.Option("--layer", "-l", metavar="NAME", help="A captured layer; the last one by default.", show_default=False),
    ] = None,
    pooling: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Captured poolings, with commas; mean by default.", show_default=False)
    ] = None,
    min_size: Annotated[int, typer.Option(min=2, help="Fewest instances that make a pattern.")] = 5,
    table: Annotated[str | None, typer.Option("--table", metavar="FILE", help="Write every instance's pattern as CSV.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Patterns to show, largest first.")] = 20,
) -> None:
    """Find the groups of instances that a layer treats alike, and keep them in the case."""
    from underglass.capture import shown
    from underglass.case import Case
    from underglass.errors import ModelError
    from underglass.hosts.commands.saying import aside, columns, facts, out, warn

    with Case.open(case) as opened:
        captured = opened.model
        if captured is None:
            raise ModelError(f"no model has been captured into {case}: underglass capture MODEL DATA --out {case}")
        with shown() as progress:
            name = layer or captured.record.layers[-1].name
            found = opened.patterns(name, parts=listed(pooling) or [], min_size=min_size, progress=progress)
        facts(
            [
                ("layer", f"{name}, {', '.join(found.settings.parts)}"),
                ("patterns", f"{found.count:,}"),
                ("in none", f"{found.none:,} of {found.n:,}"),
            ]
        )
        rows = described(opened, found, most)
        if rows:
            out().print()
            columns(["pattern", "instances", "stability", "labels"], rows, numbers=[0, 1, 2])
        if found.count > len(rows):
            aside().print(f"{found.count - len(rows):,} smaller ones are not shown.", style="dim")
        if found.meta.get("advice"):
            warn(str(found.meta["advice"]))
        if table is not None:
            write(opened, found, table)


def described(case: Case, found: FoundPatterns, most: int) -> list[tuple[str, str, str, str]]:
    """The largest patterns: number, size, mean stability of the members, and their commonest labels."""
    import numpy as np

    classes, labels = case.folder.manifest.classes, case.labels()[found.rows]
    rows = []
    for pattern in np.argsort(-found.size, kind="stable")[:most]:
        members = found.labels == pattern
        of_members = labels[members]
        counts = np.bincount(of_members[of_members >= 0], minlength=len(classes))
        top = [code for code in np.argsort(-counts, kind="stable")[:3] if counts[code]]
        words = ", ".join(f"{classes[code]} {counts[code]:,}" for code in top)
        stability = f"{float(found.probability[members].mean()):.2f}".removeprefix("0")
        rows.append((str(pattern), f"{int(members.sum()):,}", stability, words or "—"))
    return rows


def write(case: Case, found: FoundPatterns, path: str) -> None:
    """The instances that were clustered with their pattern and stability, as CSV."""
    import pyarrow as pa
    from pyarrow import csv

    from underglass.errors import DataError
    from underglass.hosts.commands.saying import aside

    ids = case.folder.instances.column("id").take(pa.array(found.rows))
    table = pa.table({"id": ids, "pattern": pa.array(found.labels), "stability": pa.array(found.probability)})
    try:
        csv.write_csv(table, path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error
    aside().print(f"{found.n:,} instances written to {path}; pattern −1 means in none.", style="dim")
