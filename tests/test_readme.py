"""What the README says works."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()


def test_the_ten_lines_run(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')
    from underglass.demos import fashion
    from underglass.demos.fashion_network import to_tensor

    monkeypatch.chdir(tmp_path)
    dataset, model = fashion.make()
    block = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL).group(1)
    lines = [line for line in block.splitlines() if "case.show()" not in line]
    names = {
        "images": np.stack([dataset.media(row) for row in range(300)]),
        "labels": dataset.table["label"].to_numpy()[:300],
        "names": dataset.classes,
        "net": model.net,
        "to_tensor": to_tensor,
        "torch": torch,
    }

    exec("\n".join(lines), names)

    assert names["found"].n == 300
    assert names["case"].subsets["unsure shirts"].kind == "live"
    assert "look again" not in names["case"].folder.journal.state().tags
    names["case"].close()


def test_every_link_and_picture_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
