"""Are pre-aggregated answers the direct ones, and do they die with the data they were made from?"""

from __future__ import annotations

import numpy as np
import pytest

from serving.building import N, read, serve
from underglass.errors import StaleError
from underglass.filters import column_types, to_sql
from underglass.serving import QueryError
from underglass.serving.preaggregates import MOST_TABLES

BINS, LOW, STEP = 24, 0.25, 0.03125


def _create(version: int, name: str, body: str) -> str:
    """What Mosaic sends."""
    schema = f'CREATE SCHEMA IF NOT EXISTS "pre_{version}"'
    return f'{schema};\nCREATE TABLE IF NOT EXISTS "pre_{version}"."preagg_{name}" AS {body}'


def _make(served, name: str, body: str) -> str:
    served.exec(_create(served.version, name, body))
    return f'"pre_{served.version}"."preagg_{name}"'


def _ask(served, sql: str) -> dict:
    table = read(served.query(sql))
    return dict(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_a_preaggregate_is_made_and_asked(served):
    table = _make(served, "0abc", "SELECT label, count(*) AS n FROM instances GROUP BY label")

    assert _ask(served, f"SELECT label, n FROM {table}") == _ask(served, "SELECT label, count(*) FROM instances GROUP BY label")
    served.exec(_create(served.version, "0abc", "SELECT label, count(*) AS n FROM instances GROUP BY label"))
    served.exec(f'CREATE SCHEMA IF NOT EXISTS "pre_{served.version}"')


def test_whatever_the_brush_all_views_count_alike(served):
    """Each view directly, and through its pre-aggregate, over the number of the bin as the clause."""
    types = column_types(served.columns())
    tree = {"op": "bin", "column": "confidence", "low": LOW, "step": STEP, "bins": BINS, "first": 0, "last": 0}
    number = to_sql(tree, types).removesuffix(" BETWEEN 0 AND 0)").removeprefix("(")
    views = {
        "a1": 'least(greatest(floor(("age")::DOUBLE / 10), 0), 7)',
        "a2": '"label"',
        "a3": '"prediction"',
        "a4": '"split"',
        "a5": '("label" || \' as \' || "prediction")',
    }
    made = {}
    for name, group in views.items():
        active = f"({number})::INTEGER AS active0"
        body = f"SELECT {group} AS k, count(*) AS n, {active} FROM instances WHERE NOT excluded GROUP BY k, active0"
        made[name] = _make(served, name, body)
    rng = np.random.default_rng(11)
    for _ in range(40):
        first, last = sorted(rng.integers(0, BINS, 2).tolist())
        direct_where = to_sql({**tree, "first": first, "last": last}, types)
        totals = {served.count({**tree, "first": first, "last": last})}
        for name, group in views.items():
            direct = _ask(
                served, f"SELECT {group} AS k, count(*) AS n FROM instances WHERE NOT excluded AND {direct_where} GROUP BY k"
            )
            where = f"active0 BETWEEN {first} AND {last}"
            pre = _ask(served, f"SELECT k, sum(n)::INTEGER AS n FROM {made[name]} WHERE {where} GROUP BY k")
            assert pre == direct
            totals.add(sum(direct.values()))
        assert len(totals) == 1


def test_what_mosaic_sends_word_for_word_is_accepted(edited):
    """Captured from mosaic-core 0.32: a brush over the bins of the confidence, seen by a matrix with a mean."""
    number = (
        'CASE WHEN ("confidence" IS NOT NULL) THEN least(greatest(floor(((("confidence")::DOUBLE - (0)::DOUBLE) '
        "/ (0.05)::DOUBLE)), 0), 19) ELSE NULL END"
    )
    edited.exec(
        'CREATE SCHEMA IF NOT EXISTS "pre_1";\nCREATE TABLE IF NOT EXISTS "pre_1"."preagg_4c36825a" AS SELECT "label", '
        'avg("age") AS "pre_b515f28a", count("age") AS "pre_c9880da2", count(*) AS "pre_e87fc4ab", '
        f'(floor({number}))::INTEGER AS "active0" FROM "instances" WHERE (NOT "excluded") GROUP BY "label", "active0"'
    )
    pre = edited.query(
        'SELECT "label", (sum(("pre_b515f28a" * "pre_c9880da2")) / coalesce(sum("pre_c9880da2"), 0)) AS "m", '
        'coalesce(sum("pre_e87fc4ab"), 0) AS "n" FROM "pre_1"."preagg_4c36825a" '
        'WHERE ("active0" BETWEEN (floor(7))::INTEGER AND (floor(15))::INTEGER) GROUP BY "label" ORDER BY "label"'
    )

    direct = edited.query(
        f'SELECT "label", avg("age") AS "m", count(*) AS "n" FROM "instances" WHERE (NOT "excluded") '
        f'AND ({number} BETWEEN 7 AND 15) GROUP BY "label" ORDER BY "label"'
    )

    assert [int(n) for n in read(pre)["n"].to_pylist()] == read(direct)["n"].to_pylist()
    np.testing.assert_allclose(read(pre)["m"].to_pylist(), read(direct)["m"].to_pylist())


def test_an_edit_ends_the_preaggregates_before_it(edited, edits):
    table = _make(edited, "1", "SELECT label, count(*) AS n FROM instances GROUP BY label")
    old = edited.version

    edits.append("label", rows=range(50), new=0)
    edited.apply()

    with pytest.raises(StaleError, match="preagg_1 is gone: the data have changed since"):
        edited.query(f"SELECT * FROM {table}")
    with pytest.raises(StaleError, match=f"the data are at version {old + 1}, not {old}"):
        edited.exec(_create(old, "2", "SELECT 1 AS a"))
    fresh = _make(edited, "1", "SELECT label, count(*) AS n FROM instances GROUP BY label")
    assert _ask(edited, f"SELECT label, n FROM {fresh}") == _ask(edited, "SELECT label, count(*) FROM instances GROUP BY label")
    schemas = edited._database.parser().execute("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
    assert {name for (name,) in schemas} == {"main", f"pre_{edited.version}"}


def test_two_queries_never_share_a_table(edited):
    _make(edited, "ff", "SELECT 1 AS a")

    with pytest.raises(QueryError, match="preagg_ff is taken by another query"):
        _make(edited, "ff", "SELECT 2 AS a")


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "DROP TABLE instances",
        'DROP SCHEMA "pre_1" CASCADE',
        'CREATE SCHEMA IF NOT EXISTS "main"',
        'CREATE SCHEMA IF NOT EXISTS "pre_1" CASCADE',
        'CREATE TABLE "pre_1"."preagg_1" AS SELECT 1',
        'CREATE OR REPLACE TABLE "pre_1"."preagg_1" AS SELECT 1',
        'CREATE TEMP TABLE IF NOT EXISTS "pre_1"."preagg_1" AS SELECT 1',
        'CREATE TABLE IF NOT EXISTS "main"."preagg_1" AS SELECT 1',
        'CREATE TABLE IF NOT EXISTS "pre_1"."instances" AS SELECT 1',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_xyz" AS SELECT 1',
        'CREATE TABLE IF NOT EXISTS "memory"."pre_1"."preagg_1" AS SELECT 1',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_1" AS SELECT 1; DROP TABLE instances',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_1" AS SELECT 1) ; DROP TABLE instances; SELECT (1',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_1" AS SELECT 1 -- \n; DROP TABLE instances',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_1" AS (SELECT 1',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_1" AS WITH a AS (DELETE FROM instances RETURNING 1) SELECT * FROM a',
        'CREATE TABLE IF NOT EXISTS "pre_1"."preagg_1" AS SELECT * FROM read_csv(\'x\')',
        'CREATE SCHEMA IF NOT EXISTS "pre_1"; CREATE TABLE IF NOT EXISTS "pre_2"."preagg_1" AS SELECT 1',
        'CREATE SCHEMA IF NOT EXISTS "pre_1"; DROP TABLE instances',
        'CREATE SCHEMA IF NOT EXISTS "pre_1"; CREATE SCHEMA IF NOT EXISTS "pre_1"',
    ],
)
def test_nothing_else_is_made(sql, served):
    with pytest.raises((QueryError, StaleError)):
        served.exec(sql)

    assert served.count() == N
    assert served.version == 1


def test_a_comment_at_the_end_swallows_nothing(edited):
    table = _make(edited, "c", "SELECT label FROM instances -- only labels")

    assert read(edited.query(f"SELECT count(*) AS n FROM {table}"))["n"].to_pylist() == [N]


def test_the_oldest_go_when_there_are_too_many():
    served = serve(n=20, models=())
    first = _make(served, "0", "SELECT 0 AS a")
    for number in range(1, MOST_TABLES + 1):
        last = _make(served, f"{number:x}", f"SELECT {number} AS a")

    with pytest.raises(StaleError, match="preagg_0 is gone"):
        served.query(f"SELECT * FROM {first}")
    assert read(served.query(f"SELECT a FROM {last}"))["a"].to_pylist() == [MOST_TABLES]
    served.close()


def test_one_that_takes_too_long_is_stopped_and_can_be_tried_again(edited):
    body = "SELECT count(*) AS n FROM range(100000000) a, range(100000000) b"

    with pytest.raises(QueryError, match=r"the pre-aggregate took longer than 0\.2 s and was stopped"):
        edited.exec(_create(edited.version, "1", body), timeout=0.2)

    assert edited.count() == N
    _make(edited, "1", "SELECT 1 AS a")
