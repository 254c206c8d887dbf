"""How does a person see how far long work has come?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int, str], None]
"""Called with instances done, all instances, and what is being done; it may raise `JobCancelled` to end the work."""


def silent(done: int, total: int, stage: str) -> None:
    """Show nothing."""


@contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
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
def bar(console: object = None) -> Iterator[Progress]:
    """A bar that stays where it ends: what, how far, how many a second, how long still."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28, complete_style="cyan", finished_style="cyan"),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[rate]}", style="dim"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,  # type: ignore[arg-type]
    )
    tasks: dict[str, int] = {}

    def report(done: int, total: int, stage: str) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total, completed=done, rate="")
        task = tasks[stage]
        bars.update(task, total=total, completed=done)  # type: ignore[arg-type]
        speed = bars.tasks[task].finished_speed or bars.tasks[task].speed
        if speed:
            bars.update(task, rate=f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")  # type: ignore[arg-type]

    with bars:
        yield report
