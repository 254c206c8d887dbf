"""What does every view and host ask? One object: the served tables of a case, their version, and the ways to change them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pyarrow as pa

from underglass.errors import DataError, unknown
from underglass.filters import ColumnType, Tree, quote_name
from underglass.serving.columns import Columns
from underglass.serving.database import MOST_BYTES, MOST_ROWS, TIMEOUT, Answer, Connection, Database, Writing
from underglass.serving.lasso import inside
from underglass.serving.loading import ModelColumns, add_model, create_enum, distinct_names, load
from underglass.serving.overlays import Rows, Writer, empty
from underglass.serving.preaggregates import Preaggregates
from underglass.serving.result_columns import column_values, put_columns, rename_columns
from underglass.serving.state import State
from underglass.serving.statements import Statements
from underglass.serving.watching import Stop
from underglass.store import CaseFolder, Edit, ModelFolder, Overlay, Picks
from underglass.wire import ColumnInfo

MOST_PICKS = 256
PREAGGREGATE_TIMEOUT = 10.0
"""Seconds; edits wait as long as one is made."""


class Serving:
    """The served tables of a case.

    Parameters
    ----------
    instances
        ``row`` (0, 1, 2 …), ``id``, ``label`` (class index, null unlabelled), ``split``, and a person's own columns.
    classes
        Names of the labels; names given twice are made different.
    models
        What models say of the instances; the first is the active one.
    state
        Gives the edits' current state; None if there are no edits.
    memory_limit, threads, version
        Of the engine; see `Database`.

    Examples
    --------
    >>> table = pa.table({"row": [0, 1], "id": ["a", "b"], "label": [0, None], "split": ["test", "test"]})
    >>> serving = Serving(table, ["cat", "dog"])
    >>> serving.count({"op": "null", "column": "label"})
    1
    """

    def __init__(
        self,
        instances: pa.Table,
        classes: Sequence[str],
        *,
        models: Sequence[ModelColumns] = (),
        state: Callable[[], Overlay] | None = None,
        picks: Picks | None = None,
        memory_limit: int | None = None,
        threads: int | None = None,
        version: int = 1,
    ) -> None:
        self.classes, self._given = distinct_names(classes), tuple(classes)
        self.instances = instances.num_rows
        self._models = [model.name for model in models]
        self._of_active = {"prediction", "confidence", "correct"} if models else set()
        self._source_labels = instances["label"].fill_null(-1).to_numpy().astype(np.int32)
        self._guard = threading.RLock()
        self._overlay_now = state
        self._overlay = empty(self.instances)
        self._label_type, self._picks, self._pick_number = "class_1", picks, 0
        self._counted: tuple[int, list[ColumnInfo]] | None = None
        self._database = Database(memory_limit=memory_limit, threads=threads, version=version)
        named = [_with_names_of(model, classes, self.classes) for model in models]
        with self._database.writing(moves=False) as writing:
            load(writing.connection, instances, self.classes, named)
            writing.state = State.first(writing.connection)
            self._load_picks(writing)
        self._database.lock()
        self._statements = Statements(self._database.parser())
        self._preaggregates = Preaggregates(self._database, self._check_body)
        self._take_overlay(moves=False)

    @classmethod
    def from_case(cls, folder: CaseFolder, *, model: str | None = None, **settings: Any) -> Self:
        """Serve a case.

        Parameters
        ----------
        folder
            The case on the disk.
        model
            The active model; by default the one captured last.
        settings
            ``memory_limit``, ``threads``, ``version``.
        """
        done = folder.finished
        active = folder.model(model).name if model is not None else done[-1].name if done else None
        models = [_said(found) for found in sorted(done, key=lambda one: one.name != active)]
        state, picks = folder.journal.state, folder.picks
        return cls(folder.instances, folder.manifest.classes, models=models, state=state, picks=picks, **settings)

    def close(self) -> None:
        """Let go of the memory."""
        self._database.close()

    # asking ------------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Of the data; moves with every change."""
        return self._database.version

    @property
    def active(self) -> str | None:
        """The model whose are the bare ``prediction`` and ``confidence``; None while there is none."""
        return self._models[0] if self._models else None

    def answer(
        self,
        sql: str,
        *,
        timeout: float = TIMEOUT,
        most_rows: int = MOST_ROWS,
        most_bytes: int = MOST_BYTES,
        stop: Stop | None = None,
    ) -> Answer:
        """Answer a browser's SELECT, with the version it was read at.

        Parameters
        ----------
        sql
            One SELECT over the served tables.
        timeout
            Seconds.
        most_rows, most_bytes
            A larger answer is refused.
        stop
            Ends the query from another thread.

        Raises
        ------
        QueryError
            If the statement is not allowed, fails, or asks for too much.
        StaleError
            If it asks for a table of older data.
        """
        return self._database.ask(
            sql,
            allow=lambda state: self._check(sql, state),
            timeout=timeout,
            most_rows=most_rows,
            most_bytes=most_bytes,
            stop=stop,
        )

    def query(self, sql: str, *, timeout: float = TIMEOUT, cap: int = MOST_ROWS) -> bytes:
        """Answer a browser's SELECT as an Arrow IPC stream."""
        return self.answer(sql, timeout=timeout, most_rows=cap).data

    def exec(self, sql: str, *, timeout: float = PREAGGREGATE_TIMEOUT, stop: Stop | None = None) -> None:
        """Make a pre-aggregate that Mosaic asks for; anything else is refused with a QueryError."""
        self._preaggregates.run(sql, timeout=timeout, stop=stop)

    def count(self, tree: Tree | None = None) -> int:
        """How many instances a filter tree holds."""
        return int(self._fetch("SELECT count(*) FROM instances WHERE {where}", tree)[0][0].as_py())

    def rows(self, tree: Tree | None = None) -> Rows:
        """Rows that a filter tree holds, int32, ascending."""
        found = self._fetch('SELECT "row" FROM instances WHERE {where} ORDER BY "row"', tree)
        return np.asarray(found[0].to_numpy(), np.int32)

    def table(self, tree: Tree | None = None, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The instances that a filter tree holds, in order; categories as dictionaries."""
        known = self.column_types()
        for name in columns or ():
            if name not in known:
                raise DataError(unknown("column", name, known))
        wanted = "*" if columns is None else ", ".join(map(quote_name, columns))
        return self._fetch('SELECT {columns} FROM instances WHERE {where} ORDER BY "row"', tree, columns=wanted)

    def column_types(self) -> Mapping[str, ColumnType]:
        """What the columns hold, by name."""
        return self._database.state.columns

    def columns(self) -> list[ColumnInfo]:
        """The columns as hosts send them: types, missing values, ranges, categories."""
        counted = self._counted
        if counted is None or counted[0] != self.version:
            with self._database.reading() as reading:
                counted = reading.version, reading.state.columns.infos(reading.cursor)
            self._counted = counted
        return counted[1]

    # subsets and picks -------------------------------------------------------------------------------------------

    def subsets(self) -> list[dict[str, Any]]:
        """The named subsets as hosts send them, with table and count; one that cannot be evaluated says its ``problem``."""
        state = self._database.state
        return [one.info(state.columns) for one in state.subsets]

    def subsets_of(self, row: int) -> list[str]:
        """Names of the subsets an instance is in."""
        with self._database.reading() as reading:
            tables = reading.state.subsets.tables
            return [
                name
                for name, table in tables.items()
                if reading.cursor.execute(f'SELECT 1 FROM {table} WHERE "row" = ?', [row]).fetchone()
            ]

    def make_pick(self, rows: Any, *, keep: bool = False) -> str:
        """Make rows a table; its name stands for them in filters and queries until many later picks.

        Parameters
        ----------
        rows
            Of instances, in any order.
        keep
            Write them into the case too, so that an address which names them means the same when the case is opened again.

        Raises
        ------
        DataError
            If a row is no instance.
        """
        index = np.unique(self._checked_rows(rows))
        with self._database.writing(moves=False) as writing:
            assert writing.state is not None
            kept = self._picks.keep(index, after=self._pick_number) if keep and self._picks else None
            self._pick_number = kept or self._pick_number + 1
            name = f"pick_{self._pick_number}"
            _create_rows(writing.connection, name, index)
            picks = (*writing.state.picks, name)
            for oldest in picks[:-MOST_PICKS]:
                writing.connection.execute(f"DROP TABLE {oldest}")
            writing.state = replace(writing.state, picks=picks[-MOST_PICKS:])
        return name

    def rows_in_polygon(self, layer: str, polygon: Sequence[Sequence[float]]) -> Rows:
        """Rows whose point in a layer's projection lies in a polygon, int32, ascending.

        Raises
        ------
        DataError
            If the layer has no projection, or the polygon is none.
        """
        known = self.column_types()
        if f"x.{layer}" not in known:
            raise DataError(unknown("projected layer", layer, [name[2:] for name in known if name.startswith("x.")]))
        found = self.table(columns=["row", f"x.{layer}", f"y.{layer}"])
        row, x, y = (column.to_numpy() for column in found.columns)
        return np.asarray(row[inside(x, y, polygon)], np.int32)

    # changing ----------------------------------------------------------------------------------------------------

    def apply(self, edits: Sequence[Edit] = ()) -> int:
        """Bring the tables to the edits' current state, in place; the version after it.

        Parameters
        ----------
        edits
            What was done since, for the caller's reader; the state itself is asked for where the case was served from.
        """
        self._take_overlay(moves=True)
        return self.version

    def add_columns(self, arrays: Mapping[str, Any], rows: Any = None) -> int:
        """Serve the columns of a result; a column of that name is replaced. The version after it.

        Parameters
        ----------
        arrays
            ``(instances,)`` or ``(rows,)`` numbers, truth values or texts by column name; NaN is missing.
        rows
            The instances the values belong to; all others are missing. None: all, in order.
        """
        index = np.arange(self.instances) if rows is None else self._checked_rows(rows)
        values = column_values(arrays, len(index))
        with self._changing(set(values)) as connection:
            put_columns(connection, index, values)
            self._of_active |= {name for name in values if "@" not in name}
        return self.version

    def drop_columns(self, names: Sequence[str]) -> int:
        """Serve the columns of a result no longer; the version after it."""
        with self._changing(set(names)) as connection:
            for name in column_values({name: [] for name in names}, 0):
                connection.execute(f"ALTER TABLE instances DROP COLUMN IF EXISTS {quote_name(name)}")
            self._of_active -= set(names)
        return self.version

    def use_model(self, name: str) -> int:
        """Make another model the active one: bare names are its, those of the one before end in ``@name``.

        Raises
        ------
        DataError
            If nothing of that model is served.
        """
        if name not in self._models:
            raise DataError(unknown("model", name, self._models))
        before, end = self._models[0], f"@{name}"
        if name == before:
            return self.version
        with self._changing(None) as connection:
            back = {column: column.removesuffix(end) for column in self.column_types() if column.endswith(end)}
            rename_columns(connection, [(column, f"{column}@{before}") for column in sorted(self._of_active)])
            rename_columns(connection, back.items())
            self._models.sort(key=lambda one: one != name)
            self._of_active = set(back.values())
        return self.version

    def add_model(self, model: ModelFolder | ModelColumns) -> int:
        """Serve a further model, its columns ending in ``@name``, bare if it is the first; the version after it.

        Raises
        ------
        DataError
            If a model of that name is served.
        """
        added = _with_names_of(
            model if isinstance(model, ModelColumns) else _said(model), self._given, distinct_names(self._given)
        )
        if added.name in self._models:
            raise DataError(f"a model named {added.name!r} is served already")
        with self._changing(None) as connection:
            enum = "class_1" if added.classes == distinct_names(self._given) else f"class_of_model_added_{self.version}"
            if enum != "class_1":
                create_enum(connection, enum, added.classes)
            add_model(connection, added, f"@{added.name}" if self._models else "", enum)
            if not self._models:
                self._of_active |= {"prediction", "confidence", "correct"}
            self._models.append(added.name)
        return self.version

    def drop_model(self, name: str) -> int:
        """Serve nothing of a model any longer; the version after it.

        Raises
        ------
        DataError
            If nothing of that model is served, or it is the active one.
        """
        if name not in self._models:
            raise DataError(unknown("model", name, self._models))
        if name == self._models[0]:
            raise DataError(f"{name!r} is the active model; make another one active first")
        with self._changing(None) as connection:
            for column in self.column_types():
                if column.endswith(f"@{name}"):
                    connection.execute(f"ALTER TABLE instances DROP COLUMN {quote_name(column)}")
            self._models.remove(name)
        return self.version

    def add_classes(self, names: Sequence[str]) -> int:
        """Let instances be labelled with classes that the source does not know; the version after it."""
        with self._changing({"label"}) as connection:
            self.classes = distinct_names([*self.classes, *names])
            self._label_type = f"class_{len(self.classes)}_{self.version}"
            create_enum(connection, self._label_type, self.classes)
            as_text = f"CAST(CAST(label AS VARCHAR) AS {self._label_type})"
            connection.execute(f"ALTER TABLE instances ALTER label TYPE {self._label_type} USING {as_text}")
        return self.version

    # within ------------------------------------------------------------------------------------------------------

    def _load_picks(self, writing: Writing) -> None:
        assert writing.state is not None
        kept = {name: rows for name, rows in (self._picks.load() if self._picks else {}).items() if self._are_rows(rows)}
        for name, rows in kept.items():
            _create_rows(writing.connection, name, rows)
        self._pick_number = max([0, *(int(name.removeprefix("pick_")) for name in kept)])
        writing.state = replace(writing.state, picks=tuple(kept))

    def _are_rows(self, rows: np.ndarray[Any, Any]) -> bool:
        return rows.ndim == 1 and (not len(rows) or (rows.min() >= 0 and rows.max() < self.instances))

    def _take_overlay(self, *, moves: bool) -> None:
        if self._overlay_now is None:
            return
        with self._guard, self._database.writing(moves=moves) as writing:
            overlay = self._overlay_now()
            ends = ["", *(f"@{name}" for name in self._models[1:])] if self._models else []
            writer = Writer(writing.connection, label_type=self._label_type, source_labels=self._source_labels, ends=ends)
            self._settle(writing, writer.write(self._overlay, overlay), overlay)
            self._overlay = overlay

    @contextmanager
    def _changing(self, changed: set[str] | None) -> Iterator[Connection]:
        """A transaction that changes columns; what rests on them is made anew in it."""
        with self._guard, self._database.writing() as writing:
            yield writing.connection
            self._settle(writing, changed, self._overlay)

    def _settle(self, writing: Writing, changed: set[str] | None, overlay: Overlay) -> None:
        assert writing.state is not None
        columns = Columns(writing.connection)
        subsets = writing.state.subsets.updated(writing.connection, overlay.subsets, columns, changed)
        self._preaggregates.drop_all(writing.connection)
        writing.state = replace(writing.state, columns=columns, subsets=subsets)

    def _fetch(self, sql: str, tree: Tree | None, **parts: str) -> pa.Table:
        with self._database.reading() as reading:
            relation = reading.cursor.sql(sql.format(where=reading.state.where(tree), **parts))
            return relation.to_arrow_table()

    def _check(self, sql: str, state: State) -> None:
        self._statements.check(
            sql, lambda schema, name: state.serves(name) if schema == "main" else self._preaggregates.has(schema, name)
        )

    def _check_body(self, sql: str, state: State) -> None:
        self._statements.check(sql, lambda schema, name: schema == "main" and state.serves(name))

    def _checked_rows(self, rows: Any) -> np.ndarray[Any, Any]:
        try:
            index = np.asarray(rows, np.int64).reshape(-1)
        except (OverflowError, TypeError, ValueError):
            raise DataError(f"rows are whole numbers from 0 to {self.instances - 1}") from None
        wrong = index[(index < 0) | (index >= self.instances)]
        if wrong.size:
            raise DataError(f"there is no instance {wrong[0]}: rows are 0 to {self.instances - 1}")
        return index


def _said(model: ModelFolder) -> ModelColumns:
    said = model.predictions
    prediction = said["prediction"].fill_null(-1).to_numpy().astype(np.int32)
    return ModelColumns(model.name, model.record.classes, prediction, said["confidence"].to_numpy().astype(np.float32))


def _with_names_of(model: ModelColumns, given: Sequence[str], served: tuple[str, ...]) -> ModelColumns:
    """A model's columns with its classes named as the labels are, or made different in the same way."""
    classes = served if tuple(model.classes) == tuple(given) else distinct_names(model.classes)
    return replace(model, classes=classes)


def _create_rows(connection: Connection, name: str, rows: np.ndarray[Any, Any]) -> None:
    connection.register("picked", pa.table({"row": pa.array(rows.astype(np.int32))}))
    try:
        connection.execute(f'CREATE TABLE {name} AS SELECT "row" FROM picked')
    finally:
        connection.unregister("picked")
