"""The examples of CONTRIBUTING.md work as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from planted import planted_case
from underglass.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) for kind in ("python", "ts", "svelte")}


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    space: dict[str, object] = {"__name__": "contributing"}
    for block in BLOCKS["python"]:
        exec(compile(block.replace("from __future__ import annotations\n", ""), "CONTRIBUTING.md", "exec"), space)
    return space


def test_the_example_analysis_passes_its_own_test(names):
    names["test_ambiguity_is_the_entropy_in_bits"]()


def test_the_example_analysis_refuses_logits(names):
    with pytest.raises(DataError, match="sum to 3, not 1; give softmax outputs, not logits"):
        names["measure_ambiguity"](np.array([[1.0, 2.0]]))


def test_the_example_view_answers_what_its_browser_half_asks(names, tmp_path):
    class Study:
        model = planted_case(tmp_path / "a.case", 50).model()

    view = names["VIEW"]
    answer = view.calls["most_undecided"](Study, count=3)

    assert view.info()["question"].endswith("?")
    assert answer["n"] == 50
    assert answer["bits"] == sorted(answer["bits"], reverse=True)


def test_the_example_view_builds(tmp_path):
    web = tmp_path / "web"
    shutil.copytree(ROOT / "web", web, ignore=shutil.ignore_patterns("node_modules"))
    (web / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    (web / "src/views/ambiguity").mkdir()
    (web / "src/views/ambiguity.ts").write_text(BLOCKS["ts"][0])
    (web / "src/views/ambiguity/Ambiguity.svelte").write_text(BLOCKS["svelte"][0])

    done = subprocess.run(
        [sys.executable, ROOT / "tools/node.py", "run", "build", "--", "--outDir", str(tmp_path / "static")],
        env={**os.environ, "WEB": str(web)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / "static/chunks").glob("ambiguity-*.js"))
