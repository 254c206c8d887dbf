"""``underglass new view NAME``: a project that works, to begin a view of one's own with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

KINDS = ("view",)


def new(
    kind: Annotated[str, typer.Argument(metavar="view", help="What to begin: a view.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and underscores.")],
    *,
    into: Annotated[Path, typer.Option("--in", metavar="FOLDER", help="Where the project is put.")] = Path(),
) -> None:
    """Begin a view of your own: a package of plain Python and plain JavaScript that works as it stands."""
    from underglass.errors import DataError, unknown
    from underglass.extensions.scaffolding import new_view, project_files
    from underglass.hosts.commands.saying import facts, next_step

    if kind not in KINDS:
        raise DataError(f"{unknown('kind of extension', kind, KINDS)} Write: underglass new view {name}")
    folder = new_view(name, into)
    facts([(path, "") for path in project_files(name)])
    next_step(f"underglass check-view {folder}")
