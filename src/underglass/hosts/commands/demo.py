"""``underglass demo``: a ready case on real data, in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from underglass.hosts.commands.options import NoOpen, Port, Reach


def demo(
    name: Annotated[
        str, typer.Argument(help="[cyan]fashion[/], [cyan]adult[/], [cyan]labels[/] or [cyan]photos[/].")
    ] = "fashion",
    *,
    port: Port = None,
    no_open: NoOpen = False,
) -> None:
    """Open a ready case on real data in the browser.

    The first time, the case is made and captured before your eyes; what you edit in it is there the next time.
    """
    from underglass.demos import DEMOS, open_demo
    from underglass.hosts.commands.saying import aside
    from underglass.hosts.commands.serving import show

    if name in DEMOS:
        aside().print(f"{DEMOS[name].title}: {DEMOS[name].text}", style="dim")
    case = open_demo(name)
    show(case, Reach(port, not no_open, view=DEMOS[name].view))
