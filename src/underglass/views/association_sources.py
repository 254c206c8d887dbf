"""Where do label sets come from? A model's stored probabilities, tables kept in the case, and runs of the former plug-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.association_counts import LabelSets
from underglass.errors import DataError, unknown
from underglass.store import hash_array

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.datasets.label_sets import LabelTable
    from underglass.datasets.npmi_runs import NpmiRun

Array = np.ndarray[Any, Any]

KEPT, RUNS, BEGIN = "label_sets", "npmi_runs", "associations_begin"
MODEL, TABLE, RUN = "model", "table", "run"
THRESHOLD = 0.5
SINGLE_LABEL_TOP = 5
MULTI_LABEL_FROM = 1.5
"""Mean sum of an instance's probabilities above which the outputs are no softmax, so that a threshold makes sense."""


@dataclass(frozen=True)
class Source:
    """One model, table or run, and what makes a score a yes.

    Attributes
    ----------
    kind : ``model``, ``table`` or ``run``
    name : str
    threshold, top : of a model's probabilities; one of them.
    """

    kind: str
    name: str
    threshold: float | None = None
    top: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Source:
        """A source as the browser tells it.

        Raises
        ------
        DataError
            If it is none.
        """
        kind, name = given.get("kind"), given.get("name")
        if kind not in (MODEL, TABLE, RUN) or not isinstance(name, str):
            raise DataError(f"a source is a model, a table or a run with a name, not {given!r}.")
        threshold, top = given.get("threshold"), given.get("top")
        if threshold is not None and not (isinstance(threshold, int | float) and 0 < threshold <= 1):
            raise DataError(f"a threshold lies above 0 and is at most 1; got {threshold!r}.")
        if top is not None and not (isinstance(top, int) and top >= 1):
            raise DataError(f"the number of highest scores is at least 1; got {top!r}.")
        return cls(kind, name, None if threshold is None else float(threshold), top)

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"kind": self.kind, "name": self.name, "threshold": self.threshold, "top": self.top}


@dataclass(frozen=True)
class Kept:
    """Label sets of a source.

    Attributes
    ----------
    sets : LabelSets
    aligned : bool
        Whether the items are the case's instances, row by row.
    attributes : mapping of name to (items,) bool
        Of a table of other items; those of the case's instances are its columns.
    decision : str
        What made a label a yes, in words.
    identities : tuple of str
        That were named when the table was read.
    """

    sets: LabelSets
    aligned: bool
    attributes: Mapping[str, Array]
    decision: str
    identities: tuple[str, ...] = ()


def keep_labels(case: Case, name: str, table: LabelTable, *, identities: Sequence[str] = ()) -> None:
    """Keep a table's label sets in the case; a table of that name is replaced.

    Parameters
    ----------
    case : Case
        Its instances are the table's items if the ids are the same, in any order; else the table is another data set.
    name : str
        For people.
    table : LabelTable
        Of `underglass.datasets.read_labels`.
    identities : sequence of str
        What the view begins with.
    """
    ids, theirs = case.folder.instances["id"].to_pylist(), table.instances.table["id"].to_pylist()
    starts, found, aligned = table.starts, table.found, False
    if len(ids) == len(theirs):
        place = {str(one): row for row, one in enumerate(theirs)}
        order = np.array([place.get(str(one), -1) for one in ids])
        aligned = bool((order >= 0).all())
        if aligned and not (order == np.arange(len(order))).all():
            starts, found = taken(starts, found, order)
    columns = table.instances.table.select(table.instances.table.column_names[4:])
    truths = (
        {}
        if aligned
        else {one: np.asarray(columns[one].fill_null(False)) for one in columns.column_names if str(columns[one].type) == "bool"}
    )
    text = [one.encode() for one in table.names]
    arrays: dict[str, Array] = {
        "starts": np.asarray(starts, np.int64),
        "found": np.asarray(found, np.int32),
        "names": np.frombuffer(b"".join(text), np.uint8),
        "ends": np.cumsum([len(one) for one in text]).astype(np.int64),
        "attributes": np.array(list(truths.values()), bool).reshape(len(truths), len(starts) - 1),
    }
    meta = {"decision": table.decision, "aligned": aligned, "attributes": list(truths), "identities": list(identities)}
    case.folder.results.put(
        KEPT, name, arrays, meta, {"found": hash_array(arrays["found"]), "starts": hash_array(arrays["starts"])}
    )


def begin_with(case: Case, identities: Sequence[str]) -> None:
    """Keep which identities the view begins with."""
    case.folder.results.put(BEGIN, "identities", {}, {"identities": list(identities)}, {})


def begun(case: Case) -> list[str]:
    """Which identities the view begins with; none if nobody said."""
    found = case.folder.results.get(BEGIN, "identities")
    return list(found.meta["identities"]) if found is not None else []


def keep_run(case: Case, run: NpmiRun) -> None:
    """Keep a run of the former plug-in in the case: values as they were given, without the items they were counted on."""
    text = [one.encode() for one in run.labels]
    arrays: dict[str, Array] = {
        "names": np.frombuffer(b"".join(text), np.uint8),
        "ends": np.cumsum([len(one) for one in text]).astype(np.int64),
        "values": run.values,
    }
    if run.embeddings is not None:
        arrays["embeddings"] = run.embeddings
    meta = {"metrics": list(run.metrics)}
    case.folder.results.put(RUNS, run.name, arrays, meta, {"values": hash_array(np.ascontiguousarray(run.values))})


def kept_run(case: Case, name: str) -> NpmiRun:
    """A run of the former plug-in as it was kept.

    Raises
    ------
    DataError
        There is none of that name.
    """
    from underglass.datasets.npmi_runs import NpmiRun

    found = case.folder.results.get(RUNS, name)
    if found is None:
        raise DataError(unknown("run", name, case.folder.results.list(RUNS)))
    places = found.arrays.get("embeddings")
    values = np.asarray(found.arrays["values"])
    return NpmiRun(
        name, _names(found.arrays), tuple(found.meta["metrics"]), values, None if places is None else np.asarray(places)
    )


def sources(case: Case) -> list[Source]:
    """What can be asked, tables first, each with what makes a score a yes unless told otherwise."""
    tables = [Source(TABLE, name) for name in case.folder.results.list(KEPT)]
    models = [usual(case, one.name) for one in case.folder.finished]
    return [*tables, *models, *(Source(RUN, name) for name in case.folder.results.list(RUNS))]


def usual(case: Case, name: str) -> Source:
    """A model with the decision that suits it: a threshold of 0.5 on independent scores, else the five most probable classes."""
    probabilities = np.asarray(case.folder.model(name).probabilities[:256])
    if float(np.nansum(probabilities, axis=1).mean()) > MULTI_LABEL_FROM:
        return Source(MODEL, name, threshold=THRESHOLD)
    return Source(MODEL, name, top=max(1, min(SINGLE_LABEL_TOP, probabilities.shape[1] // 2)))


def kept(case: Case, source: Source) -> Kept:
    """The label sets of a model or a table.

    Raises
    ------
    DataError
        There is none of that name.
    """
    if source.kind == MODEL:
        return _of_model(case, source)
    found = case.folder.results.get(KEPT, source.name)
    if found is None:
        raise DataError(unknown("table of labels", source.name, case.folder.results.list(KEPT)))
    names = _names(found.arrays)
    starts, labels = np.asarray(found.arrays["starts"]), np.asarray(found.arrays["found"])
    truths = dict(zip(found.meta["attributes"], np.asarray(found.arrays["attributes"]), strict=True))
    sets = LabelSets(len(starts) - 1, len(names), names, starts, labels)
    return Kept(sets, bool(found.meta["aligned"]), truths, str(found.meta["decision"]), tuple(found.meta["identities"]))


def _of_model(case: Case, source: Source) -> Kept:
    folder = case.folder.model(source.name)
    probabilities = np.asarray(folder.probabilities)
    names = tuple(folder.record.classes)
    given = source if source.threshold is not None or source.top is not None else usual(case, source.name)
    if given.top is not None and given.top > len(names):
        raise DataError(f"top must be between 1 and the {len(names):,} classes of {source.name}; got {given.top}.")
    missing: Array = np.asarray(np.isnan(probabilities).any(axis=1))
    scores = np.where(missing[:, None], 0, probabilities) if missing.any() else probabilities
    if given.top is not None:
        yes: Array = np.zeros(scores.shape, dtype=np.bool_)
        np.put_along_axis(yes, np.argpartition(-scores, given.top - 1, axis=1)[:, : given.top], values=True, axis=1)
        yes[missing] = False
        decision = "the most probable class" if given.top == 1 else f"the {given.top} most probable classes"
    else:
        assert given.threshold is not None
        yes = np.asarray(scores >= given.threshold)
        decision = f"probability at least {given.threshold:g}"
    row, label = np.nonzero(yes)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(yes)))]).astype(np.int64)
    return Kept(LabelSets(len(yes), len(names), names, starts, label.astype(np.int32)), True, {}, decision)


def among(found: Kept, rows: Array) -> Kept:
    """Only some items, in the order of `rows`."""
    assert found.sets.starts is not None
    assert found.sets.found is not None
    if len(rows) == found.sets.items:
        return found
    starts, labels = taken(found.sets.starts, found.sets.found, rows)
    return replace(found, sets=replace(found.sets, items=len(rows), starts=starts, found=labels))


def taken(starts: Array, found: Array, rows: Array) -> tuple[Array, Array]:
    """The label sets of some items, in their order: starts and labels."""
    lengths = np.diff(starts)[rows]
    begins = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    entry = np.arange(begins[-1]) - np.repeat(begins[:-1] - np.asarray(starts)[rows], lengths)
    return begins, np.asarray(found)[entry]


def holding(found: Kept, label: int) -> Array:
    """Whether each item has a label, (items,) bool."""
    assert found.sets.starts is not None
    mask = np.zeros(found.sets.items, bool)
    entry = np.flatnonzero(np.asarray(found.sets.found) == label)
    mask[np.searchsorted(found.sets.starts, entry, side="right") - 1] = True
    return mask


def _names(arrays: Mapping[str, Array]) -> tuple[str, ...]:
    text, ends = np.asarray(arrays["names"]).tobytes(), np.asarray(arrays["ends"]).tolist()
    return tuple(text[begin:end].decode() for begin, end in zip([0, *ends[:-1]], ends, strict=True))
