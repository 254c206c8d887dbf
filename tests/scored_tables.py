"""Tables of scores with known contents, for the tests of audits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from underglass.audits import audit
from underglass.case import Case


def people(n: int = 4_000, *, seed: int = 0, planted: bool = True) -> dict[str, Any]:
    """People with a fair score, but for one planted group: old women of the east are wrongly flagged 45 points more often."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        "region": np.array(["north", "south", "east", "west"])[random.integers(0, 4, n)],
        "sex": np.array(["female", "male"])[random.integers(0, 2, n)],
        "age": random.integers(18, 80, n),
        "job": np.array(["farm", "office", "shop"])[random.integers(0, 3, n)],
    }
    truth = random.random(n) < 0.4
    score = np.clip(random.normal(np.where(truth, 0.68, 0.32), 0.14), 0, 0.99)
    hit = (columns["region"] == "east") & (columns["sex"] == "female")
    if planted:
        score = np.where(hit & ~truth & (random.random(n) < 0.5), random.uniform(0.55, 0.9, n), score)
    return {**columns, "y": truth.astype(int), "p": score.round(6)}


def audited(path: Path, table: dict[str, Any] | None = None, **settings: Any) -> Case:
    """The people's case."""
    given = {"label": "y", "score": "p", "by": ["region", "sex"], **settings}
    return audit(people() if table is None else table, out=path, **given)
