"""How is a table read from a file?"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from underglass.errors import DataError

READERS = ".csv, .tsv, .parquet, .arrow, .feather"


def read_table(path: str | Path) -> pa.Table:
    """A CSV, TSV, Parquet or Arrow file as a table; empty fields of a CSV are null.

    Raises
    ------
    DataError
        No such file, another ending, or content that is not what the ending says.
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{str(file)!r} is {'a folder' if file.is_dir() else 'not there'}; a table is a file: {READERS}.")
    name = file.name.lower().removesuffix(".gz")
    try:
        if name.endswith((".csv", ".tsv", ".txt")):
            delimiter = "\t" if name.endswith(".tsv") else ","
            return csv.read_csv(
                file,
                parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
            )
        if name.endswith((".parquet", ".pq")):
            return parquet.read_table(file)
        if name.endswith((".arrow", ".feather", ".ipc")):
            with pa.memory_map(str(file)) as source:
                return ipc.open_file(source).read_all()
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{str(file)!r} cannot be read as a table: {error}") from error
    raise DataError(f"{str(file)!r} is no table known here; known endings: {READERS}.")
