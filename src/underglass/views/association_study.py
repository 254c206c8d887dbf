"""What is asked at one time? Sources side by side, identities, and one order of labels for all of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from underglass.analyses.association_counts import Identities, count
from underglass.analyses.association_metrics import METRICS, NEVER, REASONS, TOO_FEW
from underglass.analyses.associations import Associations
from underglass.errors import DataError, UnderglassError, unknown
from underglass.views.association_sources import MODEL, RUN, Kept, Source, among, holding, kept, kept_run, sources
from underglass.views.layer_results import included

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.datasets.npmi_runs import NpmiRun

Array = np.ndarray[Any, Any]

WORDS = (*REASONS, "not among its labels", "not in the file", "no such identity here")
ABSENT, NOT_GIVEN, NO_SUCH = range(len(REASONS), len(WORDS))
REMEMBERED = 6
OF_PLUGIN = {"npmi_xy": "nPMI@"}


@dataclass(frozen=True)
class Side:
    """One source, counted.

    Attributes
    ----------
    source : Source
    counted : Associations or None
        None for a run of the former plug-in, which holds values and no items.
    run : NpmiRun or None
    kept : Kept or None
        Its label sets, of the included items alone.
    rows : (items,) or None
        The instances that the items are; None where they are not the case's.
    place : (labels of the study,)
        Position of each label of the study among those of this source, -1 where it has none of that name.
    identity : (identities of the study,)
        Position of each identity in `counted`; -1 where the source does not know it.
    decision : str
        What made a label a yes, in words.
    """

    source: Source
    counted: Associations | None
    run: NpmiRun | None
    kept: Kept | None
    rows: Array | None
    place: Array
    identity: Array
    decision: str

    def column(self, metric: str, a: int, b: int | str | None) -> tuple[Array, Array, Array, Array]:
        """Value, low, high and reason (as a position in WORDS) of one metric or gap, in the study's order of labels."""
        first = int(self.identity[a])
        other = int(self.identity[b]) if isinstance(b, int) else b
        if first < 0 or other == -1:
            return _nothing(len(self.place), NO_SUCH)
        if self.run is not None:
            return _of_run(self.run, self.place, metric, first, other, self._names)
        assert self.counted is not None
        why = self.counted.reason(metric)
        if other is None:
            value, (low, high), reason = self.counted.value(metric)[first], _ends(self.counted, metric, first), why[first]
        else:
            value, (low, high) = self.counted.gap(metric, first, other), self.counted.gap_interval(metric, first, other)
            _, others = self.counted.sides(first, other)
            either = np.where(why[first] > 0, why[first], why[others].max(axis=0))
            reason = np.where(np.isfinite(value), 0, np.maximum(either, 1))
        return tuple(
            _placed(part, self.place, fill) for part, fill in ((value, np.nan), (low, np.nan), (high, np.nan), (reason, ABSENT))
        )  # type: ignore[return-value]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self.run.identities() if self.run is not None else ()


@dataclass(frozen=True)
class Study:
    """Sources side by side.

    Attributes
    ----------
    labels : tuple of str
        Of all sources, those of the first one first; identities that are labels are left out.
    identities : tuple of str
    sides : tuple of Side
    """

    labels: tuple[str, ...]
    identities: tuple[str, ...]
    sides: tuple[Side, ...]


_remembered: WeakKeyDictionary[Case, dict[str, Study]] = WeakKeyDictionary()
_guard = threading.RLock()


def study(case: Case, asked: Mapping[str, Any]) -> Study:
    """What a view asks for, counted; remembered until the case changes.

    Parameters
    ----------
    case : Case
        The open case.
    asked : mapping
        ``sources`` (see `Source.read`), ``identities`` (names), ``min_count`` [0], ``where`` (a filter tree) [none].

    Raises
    ------
    DataError
        A source or identity is unknown, or nothing is left to count.
    """
    key = json.dumps([asked, case.folder.journal.sequence], sort_keys=True, default=str)
    with _guard:  # a page asks for several parts at once; they are counted once
        known = _remembered.setdefault(case, {})
        if key in known:
            return known[key]
        found = known[key] = _counted(case, asked)
        for oldest in list(known)[:-REMEMBERED]:
            del known[oldest]
    return found


def identity_masks(case: Case, found: Kept, identities: Sequence[str]) -> dict[str, Array | int]:
    """Each identity as a label's position or as a mask over the items (of all the case's instances, where they are).

    A name is looked up among the labels, then the subsets, then the columns of yes and no; else it is read as a filter such as
    ``photo = 'chelsea'``.

    Raises
    ------
    DataError
        It is none of these; the message gives the nearest.
    """
    names = found.sets.names or ()
    place = {name: at for at, name in reversed(list(enumerate(names)))}
    masks: dict[str, Array | int] = {}
    for name in identities:
        if name in place:
            masks[name] = place[name]
        elif not found.aligned:
            if name not in found.attributes:
                raise DataError(unknown("identity", name, [*found.attributes, *names]))
            masks[name] = found.attributes[name]
        else:
            masks[name] = _of_instances(case, name, names)
    return masks


def _of_instances(case: Case, name: str, labels: Sequence[str]) -> Array:
    mask = np.zeros(case.folder.manifest.instances, bool)
    subsets, columns = case.subsets, case.serving.column_types()
    truths = [column for column, kind in columns.items() if kind.kind == "boolean"]
    if name in subsets:
        rows = case.rows({"op": "subset", "name": name})
    elif name in truths:
        rows = case.rows({"op": "truth", "column": name})
    else:
        try:
            rows = case.rows(name)
        except UnderglassError as error:
            if any(sign in name for sign in "=<>"):
                raise
            raise DataError(unknown("identity", name, [*subsets, *truths, *labels])) from error
    mask[rows] = True
    return mask


def associate_in(  # noqa: PLR0917
    case: Case,
    identities: Sequence[str],
    of: str | None,
    threshold: float | None,
    top: int | None,
    where: Any,
    min_count: int,
) -> Associations:
    """Count the label sets of one source; the Python door beside the view."""
    if threshold is not None and top is not None:
        raise DataError("give a threshold or the number of highest scores, not both.")
    if isinstance(identities, str) or not identities:
        raise DataError("no identity to associate with; name at least one, as a list.")
    known = [source for source in sources(case) if source.kind != RUN]
    chosen = next((source for source in known if of is None or source.name == of), None)
    if chosen is None:
        names = [source.name for source in known]
        raise DataError(
            unknown("source", of, names) if names and of else "this case has no label sets: capture a model, or add_labels."
        )
    if threshold is not None or top is not None:
        if chosen.kind != MODEL:
            raise DataError(f"{chosen.name} holds labels that are already yes or no; threshold and top are for a model.")
        chosen = Source.read({**chosen.json(), "threshold": threshold, "top": top})
    asked = {"sources": [chosen.json()], "identities": list(identities), "min_count": min_count, "where": where}
    counted = study(case, asked).sides[0].counted
    assert counted is not None
    return counted


def _counted(case: Case, asked: Mapping[str, Any]) -> Study:
    given = [Source.read(one) for one in asked.get("sources") or ()] or sources(case)[:1]
    if not given:
        raise DataError("this case has no label sets: capture a model, or read a table with case.add_labels(…).")
    identities = tuple(dict.fromkeys(str(name) for name in asked.get("identities") or ()))
    least, where = int(asked.get("min_count") or 0), asked.get("where")
    if least < 0:
        raise DataError(f"min_count must not be negative; got {least}.")
    rows = included(case) if where is None else np.intersect1d(included(case), case.rows(where)).astype(np.int32)
    prepared = [_prepared(case, source, identities, rows, least, strict=len(given) == 1) for source in given]
    names: dict[str, None] = {}
    for _, _, _, _, labels, _ in prepared:
        names.update(dict.fromkeys(labels))
    kept_names = tuple(name for name in names if name not in set(identities))
    sides = []
    for source, counted, found, rows_of, labels, known in prepared:
        at = {name: place for place, name in reversed(list(enumerate(labels)))}
        place = np.fromiter((at.get(name, -1) for name in kept_names), np.int64, len(kept_names))
        run = counted if source.kind == RUN else None
        sides.append(
            Side(
                source,
                None if run else counted,
                run,
                found,
                rows_of,
                place,
                known,
                found.decision if found else "values of a run",
            )
        )
    return Study(kept_names, identities, tuple(sides))


def _prepared(case: Case, source: Source, identities: Sequence[str], rows: Array, least: int, *, strict: bool) -> tuple[Any, ...]:
    if source.kind == RUN:
        run = kept_run(case, source.name)
        has = run.identities()
        return (
            source,
            run,
            None,
            None,
            run.labels,
            np.array([has.index(one) if one in has else -1 for one in identities], np.int64),
        )
    whole = kept(case, source)
    masks: dict[str, Array | int] = {}
    for name in identities:
        try:
            masks |= identity_masks(case, whole, [name])
        except UnderglassError:
            if strict:
                raise
    found = among(whole, rows) if whole.aligned else whole
    if not found.sets.items:
        raise DataError("no instance is left to count: the filter leaves none, or all are excluded.")
    columns = np.array([mask if isinstance(mask, int) else -1 for mask in masks.values()], np.int64)
    arrays = [mask for mask in masks.values() if not isinstance(mask, int)]
    stacked = np.array([mask[rows] if whole.aligned else mask for mask in arrays], bool).reshape(len(arrays), found.sets.items)
    labels, sizes, joint = count(found.sets, Identities(tuple(masks), columns, stacked))
    counted = Associations(found.sets.items, tuple(masks), found.sets.names or (), sizes, labels, joint, least)
    order = list(masks)
    known = np.array([order.index(name) if name in masks else -1 for name in identities], np.int64)
    return source, counted, found, rows if whole.aligned else None, found.sets.names or (), known


def instances_of(side: Side, label: str, identity: str | None, case: Case) -> Array:
    """Rows of the instances that have a label, and an identity too if one is named.

    Raises
    ------
    DataError
        The items are not the case's, or there is no such label.
    """
    if side.kept is None or side.rows is None:
        raise DataError(f"{side.source.name} was counted on items that are not in this case, so its instances cannot be shown.")
    names = side.kept.sets.names or ()
    if label not in names:
        raise DataError(unknown("label", label, names))
    mask = holding(side.kept, names.index(label))
    if identity is not None:
        found = identity_masks(case, side.kept, [identity])[identity]
        mask = mask & (holding(side.kept, found) if isinstance(found, int) else found[side.rows])
    return np.asarray(side.rows[mask], np.int32)


def check_metric(metric: str) -> str:
    """The metric, if it is one."""
    if metric not in METRICS:
        raise DataError(unknown("metric", metric, METRICS))
    return metric


def _ends(counted: Associations, metric: str, first: int) -> tuple[Array, Array]:
    low, high = counted.interval(metric)
    return low[first], high[first]


def _placed(values: Array, place: Array, fill: float) -> Array:
    return np.where(place >= 0, np.asarray(values)[np.maximum(place, 0)], fill)


def _nothing(size: int, reason: int) -> tuple[Array, Array, Array, Array]:
    empty = np.full(size, np.nan)
    return empty, empty, empty, np.full(size, reason)


def _of_run(  # noqa: PLR0917
    run: NpmiRun, place: Array, metric: str, a: int, b: int | str | None, names: Sequence[str]
) -> tuple[Array, Array, Array, Array]:
    """A run's own values: nPMI of an identity, or the gap of two, given or as their difference."""

    def given(name: str) -> Array | None:
        return run.values[:, run.metrics.index(name)] if name in run.metrics else None

    if metric not in OF_PLUGIN or a >= len(names) or (isinstance(b, int) and b >= len(names)):
        return _nothing(len(place), NOT_GIVEN)
    first = given(f"nPMI@{names[a]}")
    if b is None:
        value = first
    elif isinstance(b, int):
        second, told = given(f"nPMI@{names[b]}"), given(f"nPMI_diff@{names[a]}")
        value = first - second if first is not None and second is not None else told
    else:
        others = [given(f"nPMI@{name}") for at, name in enumerate(names) if at != a]
        rest = [one for one in others if one is not None]
        value = first - np.mean(rest, axis=0) if first is not None and rest else None
    if value is None:
        return _nothing(len(place), NOT_GIVEN)
    found = _placed(value, place, np.nan)
    reason = np.where(place < 0, ABSENT, np.where(np.isfinite(found), 0, NOT_GIVEN))
    empty = np.full(len(place), np.nan)
    return found, empty, empty, reason


__all__ = ["ABSENT", "NEVER", "TOO_FEW", "WORDS", "Side", "Study", "check_metric", "identity_masks", "instances_of", "study"]
