"""How long, and how much memory, does each side of a ratio take on the same data?"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

LONG = 10.0  # seconds; a side that takes longer is run 3 times instead of 5


def alternate(ours: Callable[[], Any], peer: Callable[[], Any], *, check: Callable[[Any, Any], None]) -> tuple[float, float]:
    """Median seconds of ours and of the peer, run in turns, after ``check`` has asserted that both answer the same (untimed)."""
    ours()  # compiled kernels and imports
    times: tuple[list[float], list[float]] = ([], [])
    repeats = 5
    while len(times[0]) < repeats:
        answers = []
        for side, call in enumerate((ours, peer)):
            start = time.perf_counter()
            answers.append(call())
            times[side].append(time.perf_counter() - start)
        if len(times[0]) == 1:
            check(*answers)
            repeats = 3 if max(times[0][0], times[1][0]) > LONG else 5
    return median(times[0]), median(times[1])


def peak_megabytes(module: str, side: str) -> float:
    """Memory that one call of ``<side>_call()(…)`` of a benchmark adds at its peak, in a process of its own."""
    code = (
        f"import benchmarks.{module} as b, benchmarks.side_by_side as s\n"
        f"call, small = b.{side}_memory()\nsmall()\nbefore = s.reset_peak()\ncall()\nprint((s.peak() - before) / 2**20)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def reset_peak() -> float:
    """Forget the peak of this process's memory (Linux; elsewhere it stays); bytes it holds now."""
    clear = Path("/proc/self/clear_refs")
    if not clear.exists():
        return peak()
    clear.write_text("5")
    return peak()


def peak() -> float:
    """Most bytes this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(1024.0 * int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def row(capability: str, peer: str, seconds: tuple[float, float], *, bar: str, met: bool, note: str) -> dict[str, Any]:
    """One row of the table, with the ratio of the peer's seconds to ours."""
    return {
        "capability": capability,
        "peer": peer,
        "ours": f"{seconds[0]:.3g} s",
        "peer_seconds": seconds[1],
        "our_seconds": seconds[0],
        "ratio": seconds[1] / seconds[0],
        "bar": bar,
        "met": met,
        "note": note,
    }
