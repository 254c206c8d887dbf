"""An exported page of more instances than typed arrays are for: DuckDB is in it, and counts as Python does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from playwright.sync_api import Page

import underglass as ug
from browser.describing import settled, until
from underglass.case import Case
from underglass.hosts.static.exporting import MOST_SMALL

ROWS = MOST_SMALL + 1_000


def test_a_page_of_more_than_a_hundred_thousand_rows_counts_as_python_does(tmp_path: Path, open_offline: Callable[..., Page]):
    random = np.random.default_rng(0)
    labels = random.choice(["left", "middle", "right"], ROWS, p=[0.5, 0.3, 0.2])
    table = pa.table({"label": labels, "x": random.normal(0, 1, ROWS).astype(np.float32), "age": random.integers(18, 90, ROWS)})
    case = Case.create(tmp_path / "large.case", ug.datasets.table(table, label="label", features=["x"]))
    made = case.export(tmp_path / "large.html", views=["overview", "instances"])
    old = int((table["age"].to_numpy() >= 65).sum())
    both = case.count("age >= 65 and label = 'right'")
    case.close()
    assert made.engine == "duckdb"
    assert made.bytes < 15e6

    page = open_offline(made.path.as_uri() + "#instances")
    settled(page)

    until(page, f"window.underglass.describe('instances')?.n === {ROWS}")
    until(page, "window.underglass.case.host.engine.name === 'duckdb'")
    page.evaluate(
        "window.underglass.case.picks.setFilter({ tree: FILTER, text: 'age >= 65' })".replace("FILTER", _at_least("age", 65))
    )
    settled(page)
    until(page, f"window.underglass.describe('instances')?.n === {old}")
    page.evaluate(
        "window.underglass.case.picks.pickTree({}, { op: 'compare', column: 'label', is: '=', value: 'right' }, 'right')"
    )
    settled(page)
    until(page, f"window.underglass.describe('instances')?.selected === {both}")

    counted = page.evaluate(
        """async () => {
            const sql = 'SELECT "label", count(*) AS "n" FROM "instances" GROUP BY "label"';
            const found = await window.underglass.case.coordinator.query(sql);
            return found.toArray().map((one) => [one.label, Number(one.n)]);
        }"""
    )
    assert dict(counted) == Counter(labels.tolist())


def _at_least(column: str, value: int) -> str:
    return f"{{ op: 'compare', column: '{column}', is: '>=', value: {value} }}"
