"""How does a person see how far long work has come?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

Progress = Callable[[int, int, str], None]
"""Called with instances done, all instances, and what is being done; it may raise `JobCancelled` to end the work."""


def silent(done: int, total: int, stage: str) -> None:
    """Show nothing."""


@contextmanager
def shown(progress: Progress | None = None) -> Iterator[Progress]:
    """The given progress, or a bar with rate and time left in a terminal or notebook, or nothing elsewhere."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        yield silent
        return
    with bar(console) as drawn:
        yield drawn


@contextmanager
def bar(console: Console) -> Iterator[Progress]:
    """A bar for each stage, which stays where it ends: what, how far, how many a second, how long still."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28, complete_style="cyan", finished_style="cyan"),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[rate]}", style="dim"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )
    tasks: dict[str, TaskID] = {}

    def report(done: int, total: int, stage: str) -> None:
        if stage not in tasks:
            for task in bars.tasks:
                bars.update(task.id, completed=task.total)
            tasks[stage] = bars.add_task(stage, total=total, completed=done, rate="")
        bars.update(tasks[stage], total=total, completed=done)
        task = next(one for one in bars.tasks if one.id == tasks[stage])
        speed = task.finished_speed or task.speed
        if speed:
            bars.update(task.id, rate=f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")

    with bars:
        yield report
