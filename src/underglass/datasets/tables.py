"""How is a table read whose columns hold paths of pictures, texts or plain features?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from underglass.datasets.array_data import fingerprint
from underglass.datasets.columns import RESERVED, columns_of, readable, to_arrow
from underglass.datasets.dataset import Instances, Progress, Skipped
from underglass.datasets.files import read_table
from underglass.datasets.image_files import assemble
from underglass.datasets.instances import instance_table
from underglass.datasets.labels import encode
from underglass.datasets.pictures import Inspected, inspect_all
from underglass.errors import DataError, unknown


def table(
    data: Any,
    *,
    image: str | None = None,
    text: str | None = None,
    features: Sequence[str] | None = None,
    label: str | None = None,
    id: str | None = None,
    split: str | None = None,
    classes: Sequence[str] | None = None,
    root: str | Path | None = None,
    progress: Progress | None = None,
) -> Instances:
    """Read a table: one row an instance, all columns kept as metadata, typed, with their nulls.

    Parameters
    ----------
    data : path or table
        A CSV, TSV, Parquet or Arrow file; a pandas, polars, Arrow or DuckDB table; or a dict of columns.
    image : name of a column
        Paths of pictures, relative to ``root``.
    text : name of a column
        The texts.
    features : names of columns
        What a model is given; all columns that hold numbers if nothing else is asked for.
    label : name of a column
        Without it, a column called ``label`` if there is one; likewise for the next two.
    id : name of a column
        Unique integers or strings.
    split : name of a column
        Words such as ``"train"`` and ``"test"``.
    classes : names
        In the order of the model's outputs.
    root : folder
        What paths are relative to; the table's own folder if it is a file, else the working directory.
    progress : callable (done, total, stage)
        Called while pictures are read.

    Returns
    -------
    A `Dataset` whose ``load`` gives pictures, texts, or dicts of features. Rows whose picture or text is missing are in
    ``skipped`` with the reason. Columns with names of their own meaning (``prediction``, ``note`` …) get the ending
    ``_given``.

    Raises
    ------
    DataError
        An unknown column, two kinds of instances asked for, a duplicate id, or not one instance left.

    Examples
    --------
    >>> table({"age": [31, 45], "hours": [40, None], "label": ["no", "yes"]}, features=["age"])
    <2 rows, 2 classes, read as table>
    """
    if sum(kind is not None for kind in (image, text, features)) > 1:
        raise DataError("give one of image=, text= and features=: an instance is a picture, a text or a row of features.")
    columns, base = _columns(data)
    roles = {role: _role(role, name, columns) for role, name in {"label": label, "id": id, "split": split}.items()}
    for name in [image, text, *(features or ())]:
        if name is not None and name not in columns:
            raise DataError(unknown("column", name, columns))
    taken = {name for name in (*roles.values(), image, text) if name is not None}
    kept_as = {name: _free(name, columns) for name in columns}
    metadata = {kept_as[name]: values for name, values in columns.items() if name not in taken}
    for role, name in roles.items():
        if name is not None and name in (features or ()):
            raise DataError(
                f"column {name!r} is the {role}; a model that is given it has nothing to learn, so it cannot be a feature."
            )
    chosen = _Chosen({role: columns[name] if name else None for role, name in roles.items()}, metadata, classes)
    where: dict[str, Any] = {"reader": "table", "root": str(base) if base else None, "columns": list(columns)}
    where["moved"] = {name: kept for name, kept in kept_as.items() if name not in taken and kept != name}
    if image is not None:
        where["root"] = str((Path(root) if root else base or Path()).resolve())
        return _pictures(kept_as[image], columns[image], chosen, where, progress)
    if text is not None:
        return _texts(columns[text], chosen, where)
    wanted = (
        list(features) if features is not None else [name for name in columns if name not in taken and _numeric(columns[name])]
    )
    return _rows({name: columns[name] for name in wanted}, chosen, where, len(next(iter(columns.values()))))


def _columns(data: Any) -> tuple[dict[str, pa.Array], Path | None]:
    base = None
    if isinstance(data, str | Path):
        base, data = Path(data).resolve().parent, read_table(data)
    columns = columns_of(data)
    if columns is None:
        raise DataError(f"data is {type(data).__name__}; a table is a path, a dict of columns, or pandas, polars or Arrow.")
    if not columns:
        raise DataError("the table has no columns.")
    arrays = {name: to_arrow(name, values) for name, values in columns.items()}
    first, count = next((name, len(values)) for name, values in arrays.items())
    for name, values in arrays.items():
        if len(values) != count:
            raise DataError(f"column {name!r} has {len(values):,} values, column {first!r} {count:,}.")
    return arrays, base


def _role(role: str, name: str | None, columns: dict[str, pa.Array]) -> str | None:
    if name is None:
        return role if role in columns else None
    if name not in columns:
        raise DataError(unknown("column", name, columns))
    return name


def _free(name: str, columns: Mapping[str, pa.Array]) -> str:
    """A metadata column's name, moved out of the way of the names that mean something."""
    if name.lower() not in RESERVED:
        return name
    free = f"{name}_given"
    while free in columns:
        free += "_"
    return free


def _numeric(column: pa.Array) -> bool:
    kind = column.type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


@dataclass(frozen=True)
class _Chosen:
    """The columns beside the instances themselves: by role (label, id, split; None = not given), and the rest."""

    roles: dict[str, pa.Array | None]
    metadata: dict[str, pa.Array]
    classes: Sequence[str] | None

    def of(self, keep: list[int], ids: pa.Array) -> dict[str, Any]:
        """What readers pass on, for the kept positions."""
        rows = pa.array(keep, pa.int64())

        def kept(column: pa.Array | None) -> pa.Array | None:
            return None if column is None else column.take(rows)

        return {
            "ids": kept(self.roles["id"] if self.roles["id"] is not None else ids),
            "labels": kept(self.roles["label"]),
            "split": kept(self.roles["split"]),
            "metadata": {name: kept(values) for name, values in self.metadata.items()},
        }

    def names(self, ids: pa.Array) -> list[str]:
        """How to call each instance in a message."""
        column = self.roles["id"] if self.roles["id"] is not None else ids
        return [str(value) for value in column.to_pylist()]


def _pictures(kept_as: str, column: pa.Array, chosen: _Chosen, where: dict[str, Any], progress: Progress | None) -> Instances:
    root, names = Path(where["root"]), column.to_pylist()
    paths = [root / str(name) if name is not None else None for name in names]
    read = iter(inspect_all([path for path in paths if path is not None], progress))
    seen = [next(read) if path is not None else Inspected("no path") for path in paths]
    ids = _ids_from(names)
    keep = [i for i, one in enumerate(seen) if one.fault is None]
    called = chosen.names(ids)
    skipped: list[Skipped] = [
        (called[i], one.fault if names[i] is None else f"{readable(str(names[i]))}: {one.fault}")
        for i, one in enumerate(seen)
        if one.fault is not None
    ]
    given = chosen.of(keep, ids)
    path_column = "id"
    if chosen.roles["id"] is not None or not pa.types.is_string(ids.type):
        path_column = kept_as
        given["metadata"] = {path_column: column.take(pa.array(keep, pa.int64())), **given["metadata"]}
    return assemble(
        kept=[path for i in keep if (path := paths[i]) is not None],
        seen=[seen[i] for i in keep],
        classes=chosen.classes,
        skipped=skipped,
        description={**where, "root": readable(str(root)), "image": path_column},
        **given,
    )


def _ids_from(names: list[Any]) -> pa.Array:
    """The paths themselves where they can be ids, else positions."""
    if None not in names and len(set(names)) == len(names):
        return pa.array([readable(str(name)) for name in names], pa.string())
    return pa.array(range(len(names)), pa.int64())


def _texts(column: pa.Array, chosen: _Chosen, where: dict[str, Any]) -> Instances:
    words = column.to_pylist()
    ids = pa.array(range(len(words)), pa.int64())
    keep = [i for i, word in enumerate(words) if word is not None]
    called = chosen.names(ids)
    given = chosen.of(keep, ids)
    given["labels"], names = encode(given["labels"], chosen.classes, len(keep))
    instances = instance_table(len(keep), **given)
    texts = [str(words[i]) for i in keep]
    return Instances(
        kind="text",
        classes=names,
        table=instances,
        description=where,
        identity=fingerprint(instances.column("id"), texts),
        source=texts.__getitem__,
        show=texts.__getitem__,
        skipped=tuple((called[i], "no text") for i, word in enumerate(words) if word is None),
    )


def _rows(features: dict[str, pa.Array], chosen: _Chosen, where: dict[str, Any], count: int) -> Instances:
    given = chosen.of(list(range(count)), pa.array(range(count), pa.int64()))
    given["labels"], names = encode(given["labels"], chosen.classes, count)
    instances = instance_table(count, **given)
    lists = {name: values.to_pylist() for name, values in features.items()}
    records = [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)] if lists else [{}] * count
    return Instances(
        kind="row",
        classes=names,
        table=instances,
        description={**where, "features": list(features)},
        identity=fingerprint(instances.column("id"), records),
        source=records.__getitem__,
        show=lambda row: None,
    )
