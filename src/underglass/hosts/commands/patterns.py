"""``underglass patterns``: which instances a layer treats alike, as words and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from underglass.hosts.commands.options import CasePath

if TYPE_CHECKING:
    from underglass.case import Case


def patterns(
    case: CasePath,
    layer: Annotated[
        str | None, typer.Option("--layer", "-l", help="A captured layer; the last one by default.", show_default=False)
    ] = None,
    *,
    pooling: Annotated[str, typer.Option(help="A captured pooling.")] = "mean",
    min_size: Annotated[int, typer.Option(min=2, help="Fewest instances that make a pattern.")] = 5,
    table: Annotated[
        str | None, typer.Option("--table", metavar="FILE", help="Write id, pattern and stability of every instance (.csv).")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Patterns to show, largest first.")] = 20,
) -> None:
    """Find the groups of instances that a layer treats alike, and keep them in the case."""
    from underglass.case import Case
    from underglass.errors import ModelError
    from underglass.hosts.commands.saying import aside, columns, facts, out, warn

    with Case.open(case) as opened:
        captured = opened.model
        if captured is None:
            raise ModelError(f"no model has been captured into {case}: underglass capture MODEL DATA --out {case}")
        layer = layer or captured.record.layers[-1].name
        found = opened.patterns(layer, pooling=pooling, min_size=min_size)
        rows = described(opened, found, most)
        facts(
            [
                ("layer", f"{layer}, {pooling}"),
                ("patterns", f"{found.count:,}"),
                ("in none", f"{found.noise_share:.0%} of {len(found.labels):,}"),
            ]
        )
        if rows:
            out().print()
            columns(["pattern", "instances", "stability", "labels"], rows, numbers=[0, 1, 2])
        if found.count > len(rows):
            aside().print(f"{found.count - len(rows):,} smaller ones are not shown.", style="dim")
        if found.advice:
            warn(found.advice)
        if table is not None:
            _write(opened, found, table)


def described(case: Case, found: Any, most: int) -> list[tuple[str, str, str, str]]:
    """The largest patterns: number, size, mean stability of the members, and their commonest labels."""
    import numpy as np

    classes, labels = case.folder.manifest.classes, case.labels()
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=found.count)
    rows = []
    for pattern in np.argsort(-sizes, kind="stable")[:most]:
        members = np.flatnonzero(found.labels == pattern)
        of_members = labels[members]
        counts = np.bincount(of_members[of_members >= 0], minlength=len(classes)) if len(classes) else np.zeros(0, int)
        top = [code for code in np.argsort(-counts, kind="stable")[:3] if counts[code]]
        words = ", ".join(f"{classes[code]} {counts[code]:,}" for code in top)
        stability = f"{float(found.probability[members].mean()):.2f}".lstrip("0")
        rows.append((str(pattern), f"{len(members):,}", stability, words or "—"))
    return rows


def _write(case: Case, found: Any, path: str) -> None:
    import pyarrow as pa
    from pyarrow import csv

    from underglass.errors import DataError
    from underglass.hosts.commands.saying import aside

    columns = {
        "id": case.folder.instances.column("id"),
        "pattern": pa.array(found.labels),
        "stability": pa.array(found.probability),
    }
    try:
        csv.write_csv(pa.table(columns), path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error
    aside().print(f"{len(found.labels):,} instances written to {path}; pattern −1 means in none.", style="dim")
