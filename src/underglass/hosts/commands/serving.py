"""How does a command hand a case over to the browser?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underglass.hosts.commands.options import Reach
from underglass.hosts.commands.saying import aside

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.hosts.server.drawing import Drawing
    from underglass.wire import DemoInfo


def show(case: Case | None, reach: Reach, roots: list[Path] | None = None, drawing: Drawing | None = None) -> None:
    """Serve a case, or the start page without one, until Ctrl-C; ``drawing`` holds models that are drawn without a case."""
    from underglass.hosts.server import serve

    try:
        serve(
            case,
            port=reach.port,
            open_browser=reach.open_browser,
            host=reach.host,
            token=reach.token,
            viewer_token=reach.viewer_token,
            annotators=reach.annotators,
            allow_remote=reach.allow_remote,
            host_names=reach.host_names,
            roots=roots or [Path.cwd()],
            demos=offered(),
            say=_say,
            view=reach.view,
            drawing=drawing,
        )
    finally:
        if case is not None:
            case.close()


def _say(address: str) -> None:
    typer.echo(address)
    aside().print("Ctrl-C ends it.", style="dim")


def offered() -> list[DemoInfo]:
    """The demos as the start page lists them."""
    from underglass.demos import DEMOS

    return [
        {"name": name, "title": demo.title, "text": demo.text, "command": f"underglass demo {name}"}
        for name, demo in DEMOS.items()
    ]
