"""How does a table leave the case? As Parquet, CSV that a spreadsheet cannot execute, or lines of JSON."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from underglass.errors import DataError, unknown

if TYPE_CHECKING:
    from underglass.case import Case

FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet takes for a formula."""
BETWEEN_TAGS = "; "
BATCH = 8_192


def write_table(table: pa.Table, format: str, **beside: np.ndarray[Any, Any]) -> bytes:
    """A table as a file.

    Parameters
    ----------
    table
        Any columns; categories become texts, in CSV lists become texts joined by ``; ``.
    format
        ``parquet`` keeps types; ``csv`` puts a ``'`` before what a spreadsheet would execute; ``jsonl`` is one object a row;
        ``npz`` is an array a column, texts at a fixed width, missing ones empty.
    beside
        Further arrays of an ``npz``.

    Raises
    ------
    DataError
        The format is unknown.
    """
    writers = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}
    if format == "npz":
        return _npz(_plain(table), beside)
    if format not in writers:
        raise DataError(unknown("format", format, [*writers, "npz"]))
    return writers[format](_plain(table))


def label_table(case: Case) -> pa.Table:
    """Id, split, label now, label in the source, changed, confirmed, excluded: one row an instance."""
    folder = case.folder
    overlay = folder.journal.state()
    now, source = case.labels(), folder.source_labels
    names = pa.array(folder.manifest.classes, pa.string())
    columns: dict[str, Any] = {"row": folder.instances["row"], "id": folder.instances["id"]}
    if "split" in folder.instances.column_names:
        columns["split"] = folder.instances["split"]
    columns |= {
        "label": names.take(pa.array(now, mask=now < 0)),
        "source_label": names.take(pa.array(source, mask=source < 0)),
        "changed": now != source,
        "confirmed": overlay.confirmed,
        "excluded": overlay.excluded,
    }
    return pa.table(columns)


def label_codes(case: Case) -> pa.Table:
    """As `label_table`, with class indexes in place of names, −1 where there is no label."""
    table = label_table(case)
    codes = {"label": case.labels(), "source_label": case.folder.source_labels.astype(np.int32)}
    return pa.table({name: codes.get(name, table[name]) for name in table.column_names})


def _plain(table: pa.Table) -> pa.Table:
    """Categories as texts, so that every reader understands them."""
    columns = [column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _csv(table: pa.Table) -> bytes:
    columns = [_guarded(_joined(column)) for column in table.columns]
    names = [f"'{name}" if name[:1] in "=+-@\t\r" and name else name for name in table.column_names]
    sink = io.BytesIO()
    pa.csv.write_csv(pa.table(columns, names=names), sink, pa.csv.WriteOptions(quoting_style="needed"))
    return sink.getvalue()


def _npz(table: pa.Table, beside: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """An array a column; without the time of writing, so that the same table gives the same bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        columns = {name: _array(column) for name, column in zip(table.column_names, table.columns, strict=True)}
        for name, values in {**columns, **beside}.items():
            array = io.BytesIO()
            np.lib.format.write_array(array, values, allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), array.getvalue(), zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def _array(column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    values = _joined(column)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return np.array([value or "" for value in values.to_pylist()], dtype=np.str_)
    found = values.to_numpy()
    return found if found.dtype.kind != "O" else np.array([str(value) for value in values.to_pylist()], dtype=np.str_)


def _joined(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        texts = column.cast(pa.list_(pa.string()))
        return pa.chunked_array([pc.binary_join(chunk, BETWEEN_TAGS) for chunk in texts.chunks], pa.string())
    return column


def _guarded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    return pc.if_else(pc.match_substring_regex(column, FORMULA), pc.binary_join_element_wise("'", column, ""), column)


def _jsonl(table: pa.Table) -> bytes:
    lines = []
    for batch in table.to_batches(max_chunksize=BATCH):
        for row in batch.to_pylist():
            lines.append(json.dumps({name: _json(value) for name, value in row.items()}, ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines).encode()


def _json(value: Any) -> Any:
    """JSON knows no infinity and no time."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [_json(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
