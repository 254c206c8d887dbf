"""Which DuckDB expression selects what a filter means?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from underglass.filters.columns import Columns, ColumnType
from underglass.filters.tree import Tree, check
from underglass.filters.writing import write_number


def to_sql(tree: Any, columns: Columns, *, subsets: Mapping[str, str] | None = None) -> str:
    """The expression, true or not true for each row of ``instances``; it is checked first, whoever sends it.

    Parameters
    ----------
    tree
        A filter's tree.
    columns
        What the columns hold.
    subsets
        Table of each subset, by its name; None if there are none.

    Raises
    ------
    FilterError
        If the tree does not fit the columns or names an unknown subset.

    Examples
    --------
    >>> print(to_sql({"op": "compare", "column": "note", "is": "=", "value": "it's"}, {"note": ColumnType("text")}))
    ("note" = 'it''s')
    """
    tables = subsets or {}
    return _sql(check(tree, columns, subsets=tables), columns, tables)


def quote_name(name: str) -> str:
    """An identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text literal; DuckDB knows no backslash escapes in it."""
    return "'" + text.replace("'", "''") + "'"


def _sql(tree: Tree, columns: Columns, tables: Mapping[str, str]) -> str:
    op = tree["op"]
    if op in ("and", "or"):
        terms = [_sql(term, columns, tables) for term in tree["terms"]]
        return f"({f' {op.upper()} '.join(terms)})" if terms else f"({str(op == 'and').upper()})"
    if op == "not":
        return f"({_sql(tree['term'], columns, tables)} IS NOT TRUE)"
    if op in ("subset", "pick"):
        table = tables[tree["name"]] if op == "subset" else tree["name"]
        return f'("row" IN (SELECT "row" FROM {quote_name(table)}))'
    return f"({_condition(tree, quote_name(tree['column']), columns[tree['column']])})"


def _condition(tree: Tree, name: str, kind: ColumnType) -> str:
    match tree["op"]:
        case "compare":
            right = quote_name(tree["other"]) if "other" in tree else _literal(tree["value"], kind)
            return f"{name} {'<>' if tree['is'] == '!=' else tree['is']} {right}"
        case "in":
            return f"{name} IN ({', '.join(_literal(value, kind) for value in tree['values'])})"
        case "between":
            return f"{name} BETWEEN {_literal(tree['low'], kind)} AND {_literal(tree['high'], kind)}"
        case "contains" if kind.kind == "list":
            return f"list_contains({name}, {quote_text(tree['text'])})"
        case "contains":
            return f"contains(lower(CAST({name} AS VARCHAR)), lower({quote_text(tree['text'])}))"
        case "starts":
            return f"starts_with(lower(CAST({name} AS VARCHAR)), lower({quote_text(tree['text'])}))"
        case "null":
            return f"{name} IS NULL"
        case "truth":
            return name
        case _:
            return f"({_bin(tree, name, kind)}) BETWEEN {tree['first']} AND {tree['last']}"


def _bin(tree: Tree, name: str, kind: ColumnType) -> str:
    """The number of the bin; the browser writes the same arithmetic, so that both count alike at the edges."""
    value = f"epoch_ms({name})" if kind.kind == "time" else name
    low, step = (f"CAST({write_number(tree[key])} AS DOUBLE)" for key in ("low", "step"))
    number = f"LEAST(GREATEST(FLOOR((CAST({value} AS DOUBLE) - {low}) / {step}), 0), {tree['bins'] - 1})"
    return f"CASE WHEN {name} IS NOT NULL THEN {number} END"  # GREATEST(NULL, 0) is 0


def _literal(value: Any, kind: ColumnType) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return write_number(value)
    if kind.kind == "integer":
        return str(int(value))
    return f"TIMESTAMP {quote_text(value)}" if kind.kind == "time" else quote_text(value)
