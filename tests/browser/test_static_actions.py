"""What a person can do in an exported page: every button either works there or is off and says why; edits are all undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page
from torch import nn

from browser.describing import describe, go_to, listed, settled, until
from browser.walking import press_all
from planted import planted_case
from underglass import Case, datasets, models

WAITING = {"Tag #", "Take the tag off", "Relabel", "Rename", "Defaults", "Change the settings", "Reproduce as code"}
"""Buttons that are off for want of a name, a choice or a change: what they wait for stands beside them."""
COUNTED = {"nearly the same #", "# outliers", "same pixels #", "nearly the same", "# outlier"}
"""Buttons that lead to what a number says, off where the number is nought."""
EDITED = 409
"""The answer where a number was counted before an edit that was made in the page."""
OPERATIONS = 50


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a case with a network, results and edits, so that every view has something to offer."""
    place = tmp_path_factory.mktemp("studied")
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = random.integers(0, 60, (60, 10, 10), dtype=np.uint8)
    for row, code in enumerate(labels):
        images[row, 3 * code : 3 * code + 3] += 150
    images[50:53] = images[0:3]
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(384, 12), nn.ReLU(), nn.Linear(12, 3))
    case = Case.create(
        place / "studied.case",
        datasets.arrays(
            images,
            labels,
            classes=("ankle boot", "bag", "coat"),
            metadata={"age": random.integers(18, 90, 60).tolist(), "site": random.choice(["north", "south"], 60).tolist()},
        ),
    )
    case.capture(models.torch(net, preprocess=models.to_tensor, output="logits", name="net"), layers=("1", "4"))
    case.projection("4")
    case.patterns("4")
    case.subset("young", "age < 40")
    case.tag([1, 2], "seen")
    case.note([3], "look again")
    case.export(place / "studied.html")
    case.close()
    return place / "studied.html"


def test_every_button_of_every_view_works_or_is_off_and_says_why(studied: Path, open_offline: Callable[..., Page]):
    page = open_offline(studied.as_uri())
    settled(page)
    views = listed(page)
    assert len(views) >= 14

    refused: list[Any] = []
    silent: list[tuple[str, str]] = []
    off: dict[str, str] = {}
    pressed: list[str] = []
    for view in views:
        go_to(page, view)
        found = press_all(page, view)
        pressed += found["pressed"]
        refused += [one for one in found["refused"] if one["status"] != EDITED]
        off |= found["off"]
        silent += [(view, name) for name, why in found["off"].items() if not why and name not in WAITING | COUNTED]

    assert refused == []
    assert silent == []
    assert len(pressed) > 250
    # what works with the model or counts anew is there, and off for the page's own reason
    for name in (
        "Find patterns, about # s",
        "Recompute, # s",
        "Reset groups",
        "Report",
        "Export labels",
        "Parquet",
        "npz",
    ):
        assert any(said.startswith(name.split("#")[0]) and "This page was exported" in why for said, why in off.items()), name


def test_fifty_edits_of_every_kind_undone_lead_back_to_the_start(tmp_path: Path, open_offline: Callable[..., Page]):
    case = Case(planted_case(tmp_path / "planted.case", 80, images=False))
    case.tag([1, 2], "before")
    case.subset("sure", "confidence > .5")
    case.export(tmp_path / "page.html", views=["overview", "instances", "edits"])
    case.close()
    page = open_offline((tmp_path / "page.html").as_uri())
    settled(page)
    before = _everything(page)
    random = np.random.default_rng(5)

    for number in range(OPERATIONS):
        rows = sorted(set(random.integers(0, 80, 6).tolist()))
        page.evaluate(f"window.underglass.case.edit({json.dumps(_operation(number, rows))})")
    assert page.evaluate("window.underglass.case.host.edits.edits.length") == OPERATIONS
    middle = _everything(page)
    assert middle != before
    assert len(json.loads(page.evaluate("window.underglass.case.host.patch().text"))["edits"]) == OPERATIONS

    for _ in range(OPERATIONS):
        page.keyboard.press("Control+z")
    until(page, "window.underglass.case.host.edits.edits.length === 0 && window.underglass.case.info.edits.count === 0")
    settled(page)

    assert _everything(page) == before
    assert page.evaluate("window.underglass.case.host.patch()") is None
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('underglass.page')).length") == 0
    assert page.get_by_role("button", name="Save edits").is_disabled()

    page.evaluate(f"(async () => {{ for (let i = 0; i < {OPERATIONS}; i++) await window.underglass.case.redo(); }})()")
    settled(page)
    assert _everything(page) == middle


def _operation(number: int, rows: list[int]) -> dict[str, Any]:
    """One of the eleven kinds of edit, such that each can be made when its turn comes."""
    turn = number // 10
    return [
        {"op": "label", "rows": rows, "value": ("Coat", "Dress", "Trouser", "Pullover", None)[turn]},
        {"op": "tag", "rows": rows, "value": f"tag {turn}"},
        {"op": "note", "rows": rows, "value": f"note {turn}"},
        {"op": "exclude", "rows": rows},
        {"op": "flag", "rows": rows},
        {"op": "subset", "rows": rows, "value": {"name": f"subset {turn}", "kind": "frozen"}},
        {"op": "confirm", "rows": rows},
        {"op": "rename_subset", "value": {"name": f"subset {turn}", "to": f"renamed {turn}"}},
        {"op": "include", "rows": rows},
        {"op": "untag", "rows": rows, "value": "before"}
        if turn % 2
        else {"op": "drop_subset", "value": {"name": f"renamed {turn}"}},
    ][number % 10]


def _everything(page: Page) -> Any:
    """All values of all instances, the subsets with their rows, and what the page draws of them."""
    rows = page.evaluate(
        """async () => {
            const { host, info } = window.underglass.case;
            const bytes = await host.call("edits", "table", { format: "jsonl" });
            const subsets = info.subsets.map(({ name, kind, filter, count }) => [name, kind, filter, count]);
            return { table: new TextDecoder().decode(bytes), subsets, tags: info.tags, excluded: info.excluded };
        }"""
    )
    settled(page)
    return rows, {key: describe(page, "overview")[key] for key in ("n", "confusion", "column")}
