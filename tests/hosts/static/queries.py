"""Queries that the page's engines must answer as DuckDB in Python does, and the tables they are asked of."""

from __future__ import annotations

import base64
import io
import json
import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

LABELS = ("zebra", "ape", "cat 'n' dog", "Überfisch", "none at all")
N = 60
TAGS = {(False, False): [], (True, False): ["odd"], (True, True): ["odd"], (False, True): ["a b", "odd"]}

QUERIES = Path(__file__).with_name("queries.sql").read_text(encoding="utf-8").strip().split("\n")


def instances() -> pa.Table:
    """Sixty rows with everything that goes wrong: nulls, times before 1970, integers beyond 2^53, emoji, equal values."""
    random = np.random.default_rng(3)
    missing = lambda share: random.random(N) < share  # noqa: E731
    codes = random.integers(0, 4, N).astype(np.int32)  # the last label has no instance
    confidence = np.round(random.random(N), 2).astype(np.float32)
    confidence[[4, 9]] = 0.3
    micros = random.integers(-3_000_000_000, 1_740_000_000_000_000, N)
    micros[:3] = (datetime(2025, 1, 2, 0, 0, 0, 250_000) - datetime(1970, 1, 1)).total_seconds() * 1e6
    micros[3:5] = (-100, -1_000_001)
    large = random.integers(-5, 5, N) + 2**53
    notes = ["été à la mer", "ÉTÉ", "ΣΑΣ", "𝔘nicode 🐟", "plain", "", "\ufffd last", "İstanbul"]
    sites = random.integers(0, 3, N).astype(np.int32)
    predicted = np.where(random.random(N) < 0.7, codes, random.integers(0, 5, N)).astype(np.int32)
    label_missing, prediction_missing = missing(0.1), missing(0.05)
    label = pa.array(codes, mask=label_missing)
    names = pa.array(LABELS)
    correct = pa.array(codes == predicted, mask=label_missing | prediction_missing)
    return pa.table(
        {
            "row": pa.array(np.arange(N, dtype=np.int32)),
            "id": pa.array([f"i{(7 * i) % N:03d}" for i in range(N)]),
            "label": pa.DictionaryArray.from_arrays(label, names),
            "prediction": pa.DictionaryArray.from_arrays(pa.array(predicted, mask=prediction_missing), names),
            "confidence": pa.array(confidence, mask=missing(0.1)),
            "correct": correct,
            "age": pa.array(random.integers(18, 60, N), mask=missing(0.1)),
            "score": pa.array(np.round(random.normal(1.5, 2, N), 1), mask=missing(0.2)),
            "site": pa.DictionaryArray.from_arrays(pa.array(sites, mask=missing(0.2)), ["s", "n", "e"]),
            "when": pa.array(micros, mask=missing(0.1)).cast(pa.timestamp("us")),
            "large": pa.array(large, mask=missing(0.1)),
            "checked": pa.array(random.random(N) < 0.5, mask=missing(0.2)),
            "x.fc": pa.array(random.normal(0, 1, N).astype(np.float32), mask=missing(0.2)),
            "excluded": pa.array(random.random(N) < 0.1),
            "tags": pa.array([TAGS[i % 7 == 0, i % 11 == 0] for i in range(N)], pa.list_(pa.string())),
            "note": pa.array([notes[i % 8] if i % 3 else None for i in range(N)]),
        }
    )  # fmt: skip


def tables() -> dict[str, pa.Table]:
    """All tables by name."""
    rows = lambda values: pa.table({"row": pa.array(values, pa.int32())})  # noqa: E731
    odd = pa.table({"v": pa.array([1.0, math.nan, math.inf, None, -math.inf, math.nan, -0.0, 0.0, 2.5, None])})
    return {
        "instances": instances(),
        "subset_1": rows([1, 2, 3, 5, 8, 13, 21, 34, 55]),
        "pick_1": rows([2, 3, 4, 5, 6]),
        "pick_empty": rows([]),
        "odd": odd,
    }


def connect(given: dict[str, pa.Table]) -> duckdb.DuckDBPyConnection:
    """DuckDB with these tables, dictionaries as ENUM columns."""
    connection = duckdb.connect(config={"threads": 1})
    for name, table in given.items():
        columns = []
        for column in table.column_names:
            quoted = '"' + column.replace('"', '""') + '"'
            if pa.types.is_dictionary(table[column].type):
                values = table[column].combine_chunks().dictionary.to_pylist()
                kind = f"kind_{name}_{column}"
                connection.execute(f"CREATE TYPE {kind} AS ENUM ({', '.join(repr_(value) for value in values)})")
                columns.append(f"CAST({quoted} AS {kind}) AS {quoted}")
            else:
                columns.append(quoted)
        connection.register("loading", table)
        connection.execute(f"CREATE TABLE {name} AS SELECT {', '.join(columns)} FROM loading")
        connection.unregister("loading")
    return connection


def repr_(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def is_ordered(sql: str) -> bool:
    """Whether the order of a query's rows is told: groups have none of their own."""
    end = sql.rsplit(")", 1)[-1]
    return "ORDER BY" in end or not ("GROUP BY" in sql or "DISTINCT " in sql)


def plain(value: Any) -> Any:
    """A value as JSON: times in milliseconds, what JSON does not know as a text."""
    if isinstance(value, datetime):
        micros = round((value - datetime(1970, 1, 1)) / timedelta(microseconds=1))
        return float(int(micros / 1000))  # a Date of the browser holds whole milliseconds
    if isinstance(value, float) and not math.isfinite(value):
        return f"${value}"
    if isinstance(value, bool | str | float | type(None)):
        return value
    if isinstance(value, list):
        return [plain(one) for one in value]
    return float(value) if abs(value) < 2**53 else str(value)


def fixture() -> dict[str, Any]:
    """Tables, queries and DuckDB's answers, as the tests of the browser half read them."""
    given = tables()
    connection = connect(given)
    held = {}
    for name, table in given.items():
        out = io.BytesIO()
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table.combine_chunks())
        categories = {
            column: table[column].combine_chunks().dictionary.to_pylist()
            for column in table.column_names
            if pa.types.is_dictionary(table[column].type)
        }
        held[name] = {"arrow": base64.b64encode(out.getvalue()).decode(), "categories": categories}
    cases = []
    for sql in QUERIES:
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        rows = [[plain(value) for value in row] for row in found.fetchall()]
        ordered = is_ordered(sql)
        if not ordered:  # DuckDB gives groups in whatever order they were found
            rows.sort(key=lambda row: json.dumps(row, ensure_ascii=False))
        cases.append({"sql": sql, "names": names, "ordered": ordered, "rows": rows})
    return {"tables": held, "queries": cases}


def written() -> str:
    """The fixture as text."""
    return json.dumps(fixture(), ensure_ascii=False, indent=0, allow_nan=False) + "\n"
