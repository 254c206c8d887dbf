"""How does a table of scores become a case that answers for whom the score fails?"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from underglass import capture
from underglass.analyses.feature_codes import encode_column
from underglass.case import Case
from underglass.datasets import read_npmi
from underglass.datasets import table as rows
from underglass.datasets.columns import free_name
from underglass.datasets.delimited import Read, read_columns
from underglass.datasets.score_tasks import Scores, Task
from underglass.datasets.scored import scored
from underglass.errors import CaseError, DataError, unknown
from underglass.store import CaseFolder

Bins = Mapping[str, int | Sequence[float]]


def audit(
    data: Any,
    *,
    label: str,
    score: str | Sequence[str] | None = None,
    prediction: str | None = None,
    by: Sequence[str] | str = (),
    positive: Any = None,
    threshold: float = 0.5,
    features: Sequence[str] | None = None,
    bins: Bins | None = None,
    min_size: int = 30,
    task: Task | None = None,
    id: str | None = None,
    split: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    name: str | None = None,
    title: str | None = None,
    out: str | Path | None = None,
) -> Case:
    """Make a case of labels and scores, without a model, to see for whom the score fails.

    Parameters
    ----------
    data : path or table
        CSV, TSV (separator and encoding are found), Parquet, Arrow; or a mapping of columns, pandas, polars, Arrow.
    label : column of what was true: classes, or numbers.
    score : column of the positive class' probability 0..1, columns of each class', or column of the predicted number.
    prediction : column of predicted classes, where there is no score.
    by : features that make the first groups.
    positive : the label that counts as positive [1, true, yes].
    threshold : a score of at least this counts as positive.
    features : columns that may make groups [all others].
    bins : numbers to a count of bins of equal count, or to the inner edges [5 where there are more than 12 values].
    min_size : groups of fewer instances are listed, not drawn.
    task : "two classes", "classes" or "numbers" [seen from the columns].
    id, split : columns with a meaning of their own.
    separator, encoding : of a text file [found].
    name : of the case [its folder's name].
    title : what the data are called [the file's name].
    out : folder of the case [the file's name with ``.case``, beside it].

    Raises
    ------
    DataError
        The columns cannot be used as they are; the message names the column, the row, the nearest name.
    CaseError
        The case's folder is there already. Nothing is left half-made.

    Examples
    --------
    >>> table = {"sex": ["f", "m"] * 20, "y": [0, 1] * 20, "p": [0.2, 0.9] * 20}
    >>> case = audit(table, label="y", score="p", by="sex", out=folder / "tiny-audit.case")
    >>> case.table()["prediction"][:2].to_pylist()
    ['0', '1']
    """
    read = read_columns(data, separator=separator, encoding=encoding) if isinstance(data, str | Path) else Read(data)
    place = _place(out, data)
    instances, scores = scored(
        read.table,
        label=label,
        score=score,
        prediction=prediction,
        positive=positive,
        threshold=threshold,
        task=task,
        id=id,
        split=split,
        title=title or (f"{Path(data).name}, a table of scores" if isinstance(data, str | Path) else None),
    )
    settings = _settings(instances.table, scores, by=by, features=features, bins=bins, min_size=min_size)
    if place.exists():
        raise CaseError(f"{place} is there already; open it (underglass open {place}) or give another place.")
    folder = CaseFolder.create(
        place,
        instances.table,
        kind="row",
        classes=instances.classes,
        source=instances.description,
        data_fingerprint=instances.fingerprint,
        name=name or place.name.removesuffix(".case"),
    )
    try:
        capture.keep_scores(folder, scores, name="score", settings=settings | {"notes": list(read.notes)})
    except BaseException:
        folder.close()
        shutil.rmtree(place)
        raise
    return Case(folder, dataset=instances)


def _place(out: str | Path | None, data: Any) -> Path:
    if out is not None:
        return Path(out)
    if not isinstance(data, str | Path):
        raise DataError("say where the case goes: out='my.case'.")
    file = Path(data)
    return file.with_name(f"{file.name.split('.')[0]}.case")


def case_of_runs(path: str | Path, log: str | Path) -> Case:
    """Make a case of runs of TensorBoard's former nPMI plug-in: its instances are the labels.

    Parameters
    ----------
    path
        Where the case goes.
    log
        A log folder, an event file or the plug-in's CSV.

    Raises
    ------
    DataError
        If there are no such runs.
    CaseError
        If there is a case already.
    """
    known = list(dict.fromkeys(label for run in read_npmi(log) for label in run.labels))
    case = Case.create(path, rows({"id": known, "words": [len(label.split()) for label in known]}, features=["words"]))
    case.add_npmi_runs(log)
    return case


def _settings(
    table: pa.Table,
    scores: Scores,
    *,
    by: Sequence[str] | str,
    features: Sequence[str] | None,
    bins: Bins | None,
    min_size: int,
) -> dict[str, Any]:
    known = [name for name in table.column_names if name not in ("row", "id", "label", *scores.columns)]

    def called(name: str) -> str:
        here = name if name in known else free_name(name, {})
        if name in scores.columns:
            raise DataError(f"column {name!r} is the label or the score; groups are made by features.")
        if here not in known or table[here].null_count == table.num_rows:
            raise DataError(unknown("feature", name, [one for one in known if table[one].null_count < table.num_rows]))
        return here

    grouped = [called(name) for name in ([by] if isinstance(by, str) else by)]
    if min_size < 0:
        raise DataError(f"a group's smallest size is 0 or more; got {min_size}.")
    cut: dict[str, Any] = {}
    for name, how in (bins or {}).items():
        encode_column(called(name), table[called(name)], bins=how)  # refuses what cannot be cut
        cut[called(name)] = int(how) if isinstance(how, int) else [float(edge) for edge in how]
    wanted = None if features is None else list(dict.fromkeys([*map(called, features), *grouped]))
    return {"by": grouped, "features": wanted, "bins": cut, "min_size": int(min_size)}
