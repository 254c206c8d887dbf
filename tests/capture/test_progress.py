"""Does a bar say what, how far and how fast, and nothing where nobody looks?"""

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console

import underglass
from underglass import capture


def test_a_bar_says_what_and_how_far():
    out = io.StringIO()

    with capture.bar(Console(file=out, force_terminal=True, width=120)) as progress:
        progress(0, 2000, "capturing cnn")
        progress(1152, 2000, "capturing cnn")

    assert "capturing cnn" in out.getvalue()
    assert "1,152 of 2,000" in out.getvalue()


def test_a_stage_is_full_when_the_next_begins():
    out = io.StringIO()

    with capture.bar(Console(file=out, force_terminal=True, width=120)) as progress:
        progress(1, 8, "distances")
        progress(1, 4, "tree")

    assert "8 of 8" in out.getvalue()
    assert "1 of 4" in out.getvalue()


def test_a_given_progress_is_used_as_it_is():
    def given(done, total, stage):
        """Do nothing."""

    with capture.shown(given) as progress:
        assert progress is given


def test_nothing_is_drawn_where_nobody_looks(capsys):
    with capture.shown() as progress:
        progress(1, 2, "capturing")

    assert capsys.readouterr() == ("", "")


def test_keeping_freed_memory_says_whether_it_could():
    script = "from underglass.capture import keep_freed_memory as f; print(f(), f())"
    source = {**os.environ, "PYTHONPATH": str(Path(underglass.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=source, capture_output=True, text=True, check=True)

    assert done.stdout.split() in (["True", "True"], ["False", "False"])
