"""What can be typed: ``underglass demo | learn | audit | associations | check | capture | labels | open | …``.

Also ``figure | info | patterns | export | apply | new | check-view``.

Exit codes: 0 all went well, 1 a mistake that can be mended (said in a sentence), 2 a command typed wrong, 130 stopped by
Ctrl-C.
"""

from __future__ import annotations

from typing import Annotated

import typer

from underglass.hosts.commands.associations import associations
from underglass.hosts.commands.audit import audit
from underglass.hosts.commands.capture import capture
from underglass.hosts.commands.check import check
from underglass.hosts.commands.check_view import check_view
from underglass.hosts.commands.demo import demo
from underglass.hosts.commands.export import apply, export_case
from underglass.hosts.commands.figure import figure
from underglass.hosts.commands.info import info
from underglass.hosts.commands.labels import labels
from underglass.hosts.commands.learn import learn
from underglass.hosts.commands.new import new
from underglass.hosts.commands.open import open_case
from underglass.hosts.commands.patterns import patterns
from underglass.hosts.commands.saying import friendly

START, WORK, LOOK, DRAW = "Start here", "Make a case", "Look at a case", "Draw a model"
EXTEND = "Extend underglass"

app = typer.Typer(
    name="underglass",
    help="See what a neural network learned, where it fails, for whom, and which labels are wrong; then act.",
    epilog="A model is named by the function that makes it: [cyan]my_pkg:make[/] returns underglass.models.torch(net, …).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from underglass import __version__

        typer.echo(f"underglass {__version__}")
        raise typer.Exit


@app.callback()
def underglass(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")] = False,
) -> None:
    """See what a neural network learned, where it fails, for whom, and which labels are wrong; then act."""


app.command("demo", rich_help_panel=START)(friendly(demo))
app.command("learn", rich_help_panel=START)(friendly(learn))
app.command("audit", rich_help_panel=WORK)(friendly(audit))
app.command("check", rich_help_panel=WORK)(friendly(check))
app.command("capture", rich_help_panel=WORK)(friendly(capture))
app.command("labels", rich_help_panel=WORK)(friendly(labels))
app.command("associations", rich_help_panel=WORK)(friendly(associations))
app.command("figure", rich_help_panel=DRAW)(friendly(figure))
app.command("open", rich_help_panel=LOOK)(friendly(open_case))
app.command("info", rich_help_panel=LOOK)(friendly(info))
app.command("patterns", rich_help_panel=LOOK)(friendly(patterns))
app.command("export", rich_help_panel=LOOK)(friendly(export_case))
app.command("apply", rich_help_panel=LOOK)(friendly(apply))
app.command("new", rich_help_panel=EXTEND)(friendly(new))
app.command("check-view", rich_help_panel=EXTEND)(friendly(check_view))


def main() -> None:
    """Run the command line."""
    app()
