"""The demo of subgroups: census data of 1994, and two models of income trained before your eyes.

UCI Adult (Becker and Kohavi 1996, CC BY 4.0). The models learn from the 32,561 rows of its training file; the case holds the
16,281 of its test file, which they have not seen, with the scores of both.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from underglass import capture, datasets
from underglass.errors import CaseError, DataError

if TYPE_CHECKING:
    from underglass.case import Case

Progress = Callable[[int, int, str], None]
Array = np.ndarray[Any, Any]
DESCRIPTION = "UCI Adult, test file: 16,281 people of the US census of 1994, who earns more than 50,000 $"
POSITIVE = ">50K"
NAMES = ("logistic regression", "boosted trees")
"""The models; the last one is the active one."""
SETTINGS = {"by": ["race", "sex"], "features": None, "bins": {"age": [25.0, 35.0, 45.0, 55.0]}, "min_size": 30}
SEED = 0


def make_dataset() -> datasets.Instances:
    """The people of the test file, with their income as label."""
    table = _shipped("test")
    columns = {name: table[name] for name in table.column_names if name != "split"}
    dataset = datasets.table(columns, label="income", features=[], classes=["<=50K", POSITIVE])
    from dataclasses import replace

    return replace(dataset, description={**dataset.description, "title": DESCRIPTION})


def train(progress: Progress) -> dict[str, Array]:
    """Train both models on the training file; the scores (16,281,) of each for the test file, by name."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    seen, unseen = _shipped("train"), _shipped("test")
    names = [name for name in seen.column_names if name not in ("income", "split")]
    words = [place for place, name in enumerate(names) if pa.types.is_dictionary(seen[name].type)]
    x, other = (_codes(table, names) for table in (seen, unseen))
    y = np.array(seen["income"].to_pylist()) == POSITIVE
    numbers = [place for place in range(len(names)) if place not in words]
    logistic = make_pipeline(
        make_column_transformer((OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)),
        LogisticRegression(max_iter=1000),
    )
    boosted = HistGradientBoostingClassifier(categorical_features=words, random_state=SEED)
    scores = {}
    for place, (name, model) in enumerate(zip(NAMES, (logistic, boosted), strict=True)):
        progress(place, len(NAMES), f"training {name} on {len(y):,} people")
        scores[name] = np.asarray(model.fit(x, y).predict_proba(other)[:, 1], np.float64)
    progress(len(NAMES), len(NAMES), "trained")
    return scores


def open_case(places: Iterator[Path], progress: Progress | None = None) -> Case:
    """The case of the demo, made at the first free place, or as it was left.

    Parameters
    ----------
    places : folders to look at, in order.
    progress : callable (done, total, stage)
        A bar in a terminal or notebook without.

    Raises
    ------
    CaseError
        All places hold something else.
    """
    from underglass.case import Case

    dataset = make_dataset()
    for path in places:
        if path.exists():
            try:
                case = Case.open(path)
            except CaseError:
                continue
            if case.folder.manifest.data_fingerprint == dataset.fingerprint and set(NAMES) <= set(
                case.folder.results.list("scores")
            ):
                return case
            case.close()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with capture.shown(progress) as report:
            scores = train(report)
        case = Case.create(path, dataset, name="adult")
        for name, values in scores.items():
            found = capture.read_scores(case.folder, values, positive=POSITIVE)
            capture.keep_scores(case.folder, found, name=name, settings=SETTINGS)
        return case
    raise CaseError("there is no free place for the demo's case; remove some of the old ones.")


def _codes(table: pa.Table, names: list[str]) -> Array:
    """Columns as numbers: categories by their code, the same in both files; missing ones NaN."""
    columns = []
    for name in names:
        column = table[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0)
        codes = column.indices if pa.types.is_dictionary(column.type) else column
        columns.append(codes.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return np.column_stack(columns)


def _shipped(split: str) -> pa.Table:
    try:
        data = files("underglass.demos").joinpath("data", "adult.parquet").read_bytes()
    except OSError as error:
        raise DataError(f"the table of the demo is missing from the package: {error}") from error
    table = pq.read_table(io.BytesIO(data))
    return table.filter(pa.compute.equal(table["split"].cast(pa.string()), split))
