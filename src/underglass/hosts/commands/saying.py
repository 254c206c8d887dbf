"""How are results and mistakes said in a terminal?"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ParamSpec

import typer

from underglass.errors import JobCancelled, UnderglassError

if TYPE_CHECKING:
    from rich.console import Console

MISTAKE, INTERRUPTED = 1, 130
Arguments = ParamSpec("Arguments")


def friendly(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Say a person's mistake in a sentence and end with 1; end with 130 on Ctrl-C, saying what is kept."""

    @functools.wraps(command)
    def said(*arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            command(*arguments, **options)
        except JobCancelled as stop:
            complain(str(stop) or "stopped.", sign="■")
            raise typer.Exit(INTERRUPTED) from None
        except UnderglassError as mistake:
            complain(str(mistake))
            raise typer.Exit(MISTAKE) from None
        except OSError as error:
            complain(f"{error.filename}: {error.strerror}." if error.filename and error.strerror else f"{error}.")
            raise typer.Exit(MISTAKE) from None
        except KeyboardInterrupt as stop:
            complain(str(stop) or "stopped.", sign="■")
            raise typer.Exit(INTERRUPTED) from None

    return said


def out() -> Console:
    """Where results go: standard output, without markup of what people wrote."""
    return _console(error=False)


def aside() -> Console:
    """Where everything else goes: standard error."""
    return _console(error=True)


def complain(message: str, sign: str = "✗") -> None:
    """Say what went wrong; only the sign is coloured."""
    from rich.text import Text

    aside().print(Text.assemble((sign, "red" if sign == "✗" else "dim"), " ", message), soft_wrap=True)


def warn(message: str) -> None:
    """Say what is suspicious."""
    from rich.text import Text

    aside().print(Text.assemble(("!", "yellow"), " ", message), soft_wrap=True)


def next_step(command: str) -> None:
    """Say what to type next."""
    from rich.text import Text

    aside().print(Text.assemble(("Next: ", "dim"), command), soft_wrap=True)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values below each other."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    out().print(table)


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()) -> None:
    """A table with a head, without lines; the columns of numbers stand right."""
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
    for index, head in enumerate(heads):
        table.add_column(head, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row))
    out().print(table)


def _console(*, error: bool) -> Console:
    from rich.console import Console

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    return Console(stderr=error, markup=False, highlight=False, emoji=False)
