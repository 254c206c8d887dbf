"""``underglass open``: a case in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from underglass.hosts.commands.options import MAKER, CasePath, NoOpen, Port


def open_case(
    case: CasePath,
    *,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help=f"Attach the model: {MAKER}")] = None,
    port: Port = None,
    no_open: NoOpen = False,
) -> None:
    """Open a case in the browser, on 127.0.0.1 with a token.

    Nothing in the case is run. With --model the model is made, checked against what was captured, and attached.
    """
    from underglass.case import Case

    opened = Case.open(case)
    if model is not None:
        from underglass.hosts.commands.given import make_model

        made, dataset = make_model(model)
        opened.attach(made, dataset)
    from underglass.hosts.server import serve

    serve(opened, port=port, open_browser=not no_open)
