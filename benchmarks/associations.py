"""How fast are associations in a large label space, against SQL that computes the same ten metrics?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import scipy.sparse

from benchmarks.side_by_side import alternate, peak_megabytes, row
from underglass.analyses.association_metrics import METRICS
from underglass.analyses.associations import Associations, associate

ITEMS, LABELS = 1_000_000, 5_000
IDENTITIES = ("first", "second")

COUNTS = """
with total as (select count(*)::double as n, sum(first::int)::double as a1, sum(second::int)::double as a2 from items),
counted as (
  select label, count(*)::double as cy, count(*) filter (first)::double as j1, count(*) filter (second)::double as j2
  from tags join items using (item) group by label),
pairs as (
  select label, 0 as x, j1 / n as j, a1 / n as a, cy / n as b from counted, total
  union all select label, 1 as x, j2 / n, a2 / n, cy / n from counted, total)
select label, x, j / a as dp, j / (a + b - j) as jaccard, j / (a + b) as sdc,
  case when j > 0 then ln(j / b) end as llr,
  case when j > 0 then ln(j / (a * b)) end as pmi,
  case when j > 0 then ln(j / (a * b)) / -ln(b) end as npmi_y,
  case when j > 0 then ln(j / (a * b)) / -ln(j) else -1 end as npmi_xy,
  case when j > 0 then ln(j * j / (a * b)) end as pmi2,
  (j - a * b) / sqrt(a * (1 - a) * b * (1 - b)) as tau_b,
  (j - a * b) / sqrt(a * b) as t_test
from pairs order by x, label
"""


def tagged_items(
    items: int = ITEMS, labels: int = LABELS, *, each: float = 10, seed: int = 0
) -> tuple[Any, dict[str, np.ndarray]]:
    """A sparse (items, labels) matrix, Zipf-distributed, and two identities; labels 100 to 109 avoid the first."""
    r = np.random.default_rng(seed)
    weight = 1 / np.arange(1, labels + 1) ** 0.9
    item = np.repeat(np.arange(items), r.poisson(each, items))
    label = r.choice(labels, item.size, p=weight / weight.sum())
    key = np.unique(item * labels + label)
    item, label = key // labels, key % labels
    first, second = r.random(items) < 0.30, r.random(items) < 0.25
    drop = (label >= 100) & (label < 110) & first[item] & (r.random(item.size) < 0.7)
    item, label = item[~drop].astype(np.int32), label[~drop].astype(np.int32)
    matrix = scipy.sparse.coo_array((np.ones(item.size, bool), (item, label)), shape=(items, labels))
    return matrix, dict(zip(IDENTITIES, (first, second), strict=True))


def run() -> list[dict[str, Any]]:
    matrix, identities = tagged_items()
    base = _database(matrix, identities)

    def check(ours: Any, theirs: Any) -> None:
        found, _ = ours
        columns = theirs.to_pydict()
        for metric in METRICS:
            value = np.array([np.nan if number is None else number for number in columns[metric]], float).reshape(2, -1)
            mine = np.where(np.isinf(found.value(metric)), np.nan, found.value(metric))
            np.testing.assert_allclose(mine[:, np.unique(columns["label"])], value, atol=1e-6, rtol=0)
        assert set(np.argsort(found.gap("npmi_xy", "first", "second"))[:10]) == set(range(100, 110))

    seconds = alternate(lambda: _ours(matrix, identities), lambda: base.sql(COUNTS).to_arrow_table(), check=check)
    memory, theirs = peak_megabytes("associations", "ours"), peak_megabytes("associations", "sql")
    note = f"equal to 1e-6; ours also with intervals of all metrics and both gaps; adds {memory:.0f} MB (DuckDB {theirs:.0f} MB)"
    capability = "associations, 1 M items × 5,000 labels, 2 identities, ten metrics"
    return [row(capability, "DuckDB SQL", seconds, bar="≥ 2 ×, equal to 1e-6", met=seconds[1] / seconds[0] >= 2, note=note)]


def _ours(matrix: Any, identities: dict[str, np.ndarray]) -> tuple[Associations, pa.Table]:
    found = associate(matrix, identities)
    return found, found.table(pairs=[IDENTITIES])


def _database(matrix: Any, identities: dict[str, np.ndarray]) -> duckdb.DuckDBPyConnection:
    base = duckdb.connect()
    tags = pa.table({"item": matrix.row, "label": matrix.col})
    items = pa.table({"item": np.arange(matrix.shape[0], dtype=np.int32)} | identities)
    base.register("tags_read", tags)
    base.register("items_read", items)
    base.execute("create table tags as from tags_read; create table items as from items_read")
    return base


def ours_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    data, few = tagged_items(), tagged_items(1000, 50)
    return lambda: _ours(*data), lambda: _ours(*few)


def sql_memory() -> tuple[Callable[[], Any], Callable[[], Any]]:
    base, few = _database(*tagged_items()), _database(*tagged_items(1000, 50))
    return lambda: base.sql(COUNTS).to_arrow_table(), lambda: few.sql(COUNTS).to_arrow_table()
