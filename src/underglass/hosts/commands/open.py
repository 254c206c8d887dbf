"""``underglass open``: a case in the browser, or the start page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from underglass.hosts.commands.model_files import ClassNames, FileSettings, Gives, InputShape, Mean, ScaleBy, Std
from underglass.hosts.commands.options import MAKER, SERVER, NoOpen, Port, Reach


def open_case(
    case: Annotated[
        str | None, typer.Argument(metavar="CASE", help="The case's folder; the start page without.", show_default=False)
    ] = None,
    *,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help=f"Attach the model: {MAKER}")] = None,
    trainer: Annotated[
        str | None,
        typer.Option(metavar="FUNCTION", help="Trains for Before and after: (rows, labels) to the class of every instance."),
    ] = None,
    port: Port = None,
    no_open: NoOpen = False,
    host: Annotated[str, typer.Option(help="Address to listen at.", rich_help_panel=SERVER)] = "127.0.0.1",
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines in; needs --token.", rich_help_panel=SERVER)
    ] = False,
    token: Annotated[
        str | None, typer.Option(help="What the address must end in; random by default.", rich_help_panel=SERVER)
    ] = None,
    viewer_token: Annotated[str | None, typer.Option(help="For those who may look but not edit.", rich_help_panel=SERVER)] = None,
    annotator: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Who may edit, at an address of their own; repeatable.", rich_help_panel=SERVER),
    ] = None,
    host_name: Annotated[
        list[str] | None, typer.Option(help="Another name it is reached by, such as a proxy's.", rich_help_panel=SERVER)
    ] = None,
    input_shape: InputShape = None,
    mean: Mean = None,
    std: Std = None,
    scale: ScaleBy = None,
    classes: ClassNames = None,
    gives: Gives = None,
) -> None:
    """Open a case in the browser, on 127.0.0.1 with a token.

    Nothing in the case is run. With --model the model is made, checked against what was captured, and attached.
    """
    from underglass.errors import ModelError
    from underglass.hosts.commands.serving import show

    reach = Reach(
        port,
        not no_open,
        host,
        token=token,
        viewer_token=viewer_token,
        annotators=tuple(annotator or ()),
        allow_remote=allow_remote,
        host_names=tuple(host_name or ()),
    )
    if case is None:
        if model is not None:
            raise ModelError("--model needs a case to be attached to: underglass open CASE --model MODEL")
        if trainer is not None:
            raise ModelError("--trainer needs a case: underglass open CASE --trainer FUNCTION")
        show(None, reach)
        return
    from underglass.case import Case

    opened = Case.open(case)
    if model is not None:
        from underglass.hosts.commands.given import make_model

        made, dataset = make_model(model, FileSettings(input_shape, mean, std, scale, classes, gives))
        opened.attach(made, dataset)
    if trainer is not None:
        from underglass.hosts.commands.given import find_function

        opened.trainer = find_function(trainer)
    show(opened, reach, [Path(case).resolve().parent])
