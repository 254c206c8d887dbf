"""Which options do several commands share?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

TABLE, SERVER = "Columns of a table", "Server"

MAKER = (
    "A file: [cyan]net.onnx[/], [cyan]net.keras[/], [cyan]net.h5[/]. Or [cyan]package.module:function[/] or "
    "[cyan]file.py:function[/] that returns underglass.models.torch(…), keras(…) or onnx(…)."
)
DATA = "A folder of pictures, a table or an .npz. Not needed if the function returns (dataset, model)."

ModelSpec = Annotated[str, typer.Argument(metavar="MODEL", help=MAKER, show_default=False)]
Data = Annotated[str | None, typer.Argument(metavar="DATA", help=DATA, show_default=False)]
CasePath = Annotated[str, typer.Argument(metavar="CASE", help="The case's folder.", show_default=False)]
Labels = Annotated[str | None, typer.Option(metavar="TABLE", help="Table with columns file and label, for a folder of pictures.")]
Image = Annotated[str | None, typer.Option(metavar="COLUMN", help="Paths of pictures.", rich_help_panel=TABLE)]
Text = Annotated[str | None, typer.Option(metavar="COLUMN", help="Texts.", rich_help_panel=TABLE)]
Features = Annotated[
    str | None, typer.Option(metavar="COLUMNS", help="What the model is given, with commas.", rich_help_panel=TABLE)
]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Labels.", rich_help_panel=TABLE)]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Unique names of the instances.", rich_help_panel=TABLE)]
Split = Annotated[str | None, typer.Option(metavar="COLUMN", help="Words such as train and test.", rich_help_panel=TABLE)]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="A free one by default.", show_default=False, rich_help_panel=SERVER)
]
NoOpen = Annotated[bool, typer.Option("--no-open", help="Print the address and open no browser.", rich_help_panel=SERVER)]


@dataclass(frozen=True)
class Reach:
    """Where the server listens, and who may come in."""

    port: int | None = None
    open_browser: bool = True
    host: str = "127.0.0.1"
    token: str | None = None
    viewer_token: str | None = None
    annotators: tuple[str, ...] = ()
    allow_remote: bool = False
    host_names: tuple[str, ...] = ()
    view: str | None = None


def listed(text: str | None) -> list[str] | None:
    """Words with commas between, as a list; None stays None.

    Examples
    --------
    >>> listed("conv1, conv2")
    ['conv1', 'conv2']
    """
    return None if text is None else [word for part in text.split(",") if (word := part.strip())]
