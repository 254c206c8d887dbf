"""Typed filters: how does ``label = 'Shirt' and confidence < .5`` become a query, and a sentence again?

========== =================================================================
columns    which columns there are, their types, and which one a name means
tokens     the words of a filter, each with its position
grammar    text → tree, checked against the columns
tree       which trees are well formed
writing    tree → text, so that reading it again gives the same tree
sql        tree → a DuckDB expression with no text of a person's in it unquoted
========== =================================================================

A filter divides the instances in two: a comparison with a missing value is false, and ``not`` gives exactly the rest.
The browser half is ``web/src/runtime/filter.ts``; both read ``tests/filters/fixtures.json``.
"""

from underglass.filters.columns import ColumnType, column_types
from underglass.filters.grammar import parse
from underglass.filters.sql import quote_name, quote_text, to_sql
from underglass.filters.tree import EVERYTHING, Tree, check, columns_named, picks_named, subsets_named
from underglass.filters.writing import to_text

__all__ = [
    "EVERYTHING",
    "ColumnType",
    "Tree",
    "check",
    "column_types",
    "columns_named",
    "parse",
    "picks_named",
    "quote_name",
    "quote_text",
    "subsets_named",
    "to_sql",
    "to_text",
]
