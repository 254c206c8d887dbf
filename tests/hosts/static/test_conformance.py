"""The answers that the page's engines are held to are those of the DuckDB that is installed."""

from __future__ import annotations

from tools.make_static_fixtures import PATH

from hosts.static.queries import written


def test_the_fixture_is_what_duckdb_answers_now():
    assert PATH.read_text(encoding="utf-8") == written(), "run python -m tools.make_static_fixtures"
