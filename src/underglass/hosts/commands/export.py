"""``underglass export``: a case as a page that needs neither a server nor a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export_case(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="The case.", show_default=False)],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="A file ending in .html, or a folder for index.html.", show_default=False)
    ],
    *,
    view: Annotated[
        list[str] | None, typer.Option("--view", "-v", metavar="NAME", help="Only these views; give it again for more.")
    ] = None,
    media: Annotated[
        str, typer.Option(metavar="inline|copy|link|none", help="Pictures in the page, beside it, linked, or left out.")
    ] = "inline",
    engine: Annotated[
        str, typer.Option(metavar="auto|small|duckdb", help="What answers the page's queries; auto: DuckDB above 100,000.")
    ] = "auto",
    where: Annotated[str | None, typer.Option(metavar="FILTER", help="Only these instances: [cyan]split = 'test'[/].")] = None,
    max_mb: Annotated[float, typer.Option("--max-mb", metavar="MB", help="Refuse to write more than this.")] = 50,
) -> None:
    """Write a case as one HTML, or a folder, that opens from a disk without a server and without a network.

    It holds results and no Python: what needs the model is shown as off, with the reason. Edits made in it are saved as a patch
    that [cyan]underglass apply[/] makes in the case.
    """
    from underglass.case import Case
    from underglass.hosts.commands.saying import aside
    from underglass.hosts.commands.saying import out as printed

    opened = Case.open(case)
    try:
        page = opened.export(out, views=view or None, media=media, engine=engine, where=where, max_mb=max_mb)
        listed = {one["name"] for one in opened.info()["views"] if one["listed"]}
    finally:
        opened.close()
    largest = sorted(page.parts.items(), key=lambda one: -one[1])[:3]
    made_of = ", ".join(f"{what} {size / 1e6:.1f} MB" for what, size in largest)
    printed().print(str(page.path / "index.html" if page.path.is_dir() else page.path))
    aside().print(f"{page.bytes / 1e6:.1f} MB: {made_of}.", style="dim")
    off = [name for name in page.reasons if name in listed]
    if off:
        aside().print(f"Without Python these say why they are off: {', '.join(off)}.", style="dim")


def apply(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="The case.", show_default=False)],
    patch: Annotated[
        Path, typer.Argument(metavar="PATCH", help="Saved by an exported page, or by the view of edits.", show_default=False)
    ],
    *,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Signs the edits of a reader who gave no name.", show_default=False)
    ] = None,
) -> None:
    """Make the edits of an exported page, or of a copy of the case, in a case: all of them, or none."""
    from underglass.case import Case
    from underglass.hosts.commands.saying import out as printed
    from underglass.hosts.static.applying import apply_edits

    opened = Case.open(case)
    try:
        applied = apply_edits(opened, patch, author=author)
    finally:
        opened.close()
    by = f" by {', '.join(applied.authors)}" if applied.authors else ""
    there = f"; {applied.there:,} were there already" if applied.there else ""
    printed().print(f"{applied.added:,} edit{'' if applied.added == 1 else 's'} made{by}{there}.")
