"""``underglass check-view PATH``: is a view of one's own what a view must be?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check_view(
    project: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of the view's project.")],
    *,
    browser: Annotated[bool, typer.Option(help="Draw it in a real Chromium, where there is one.")] = True,
) -> None:
    """Run the tests that every view must pass: its two halves, and what it leaves behind.

    Its Python half is loaded as it would be installed; its browser half is drawn with one, many and no instances, with settings
    it does not know, and removed again.
    """
    from rich.text import Text

    from underglass.hosts.checking_views import check_project
    from underglass.hosts.commands.saying import out

    failed = 0
    for result in check_project(project, browser=browser):
        sign, style = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "dim")}[result.passed]
        failed += result.passed is False
        line = Text.assemble((sign, style), " ", (f"{result.view}: ", "dim"), result.what)
        if result.why:
            line.append(f"\n    {result.why}")
        out().print(line, soft_wrap=True)
    if failed:
        out().print(Text(f"{failed} not passed."))
        raise typer.Exit(1)
