"""Which subsets are worth a row? Patterns, errors of each class, and units that fire for one class, by how they deviate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.views.layer_results import model_of
from underglass.views.unit_rows import census_of, pooling_of, shown_rows

if TYPE_CHECKING:
    from underglass.analyses.ranked_subsets import RankedSubset
    from underglass.case import Case
    from underglass.store import ModelFolder

MOST_OF_A_KIND = 15
MOST_LOOKED_AT = 20_000
"""Of more instances a stratified sample is ranked, said with the result."""
FEWEST = 5
NAMED_BY = 20
FIRES_FROM = 0.5
"""Of a unit's highest activation."""
Array = np.ndarray[Any, Any]
Candidate = tuple[str, str, dict[str, Any], Array]
"""Name, kind, what makes the row, and its members among the rows looked at."""


def suggest(
    case: Case, layer: str, *, within: Mapping[str, Any] | None = None, part: str | None = None, model: str | None = None
) -> dict[str, Any]:
    """Subsets that deviate most from the mean of their class, in plain JSON, each with what makes it a row.

    Parameters
    ----------
    case, layer, within, part, model
        As for `unit_rows.rows_of`.

    Returns
    -------
    ``found``: name, kind ("pattern", "errors" or "unit"), spec, n, class, deviation and chance (in the class's standard
    deviations), the largest multiple of chance first; ``n`` looked at, ``of`` all shown, ``tried`` candidates.
    """
    from underglass.analyses.ranked_subsets import rank_subsets
    from underglass.analyses.sampling import stratified

    folder = model_of(case, model)
    pooling = pooling_of(folder, layer, part)
    census = census_of(case, layer, part=pooling, model=folder.name)
    rows = shown_rows(case, within)
    rows = rows[census.finite[rows]]
    labels, classes = case.labels(), case.folder.manifest.classes
    chosen = rows[stratified(labels[rows], MOST_LOOKED_AT, seed=0)] if len(rows) > MOST_LOOKED_AT else rows
    values = folder.activations(layer, pooling).rows(chosen)
    live = ~census.dead
    candidates = [*_errors(case, chosen), *_patterns(case, layer, folder, chosen), *_units(case, layer, values, chosen, live)]
    ranked = rank_subsets(values, labels[chosen], [members for *_, members in candidates], fewest=FEWEST)
    return {
        "found": [
            {
                "name": candidates[one.place][0],
                "kind": candidates[one.place][1],
                "spec": candidates[one.place][2],
                "n": one.count,
                "class": classes[one.label] if one.label >= 0 else None,
                "deviation": round(one.deviation, 4),
                "chance": round(one.expected, 4),
            }
            for one in _of_each_kind(ranked, candidates)
        ],
        "n": len(chosen),
        "of": len(rows),
        "tried": len(candidates),
    }


def _of_each_kind(ranked: Sequence[RankedSubset], candidates: Sequence[Candidate]) -> list[RankedSubset]:
    """The first of every kind: units that fire deviate by their making and would leave no place for others."""
    seen: Counter[str] = Counter()
    found = []
    for one in ranked:
        kind = candidates[one.place][1]
        seen[kind] += 1
        if seen[kind] <= MOST_OF_A_KIND:
            found.append(one)
    return found


def _errors(case: Case, rows: Array) -> list[Candidate]:
    """The errors of each class, and of each pair of classes."""
    classes = case.folder.manifest.classes
    labels, predictions = case.labels()[rows], case.predictions()[rows]
    names = case.serving.classes
    found: list[Candidate] = []
    for label in range(len(classes)):
        wrong = np.flatnonzero((labels == label) & (predictions >= 0) & (predictions != label))
        if len(wrong) < FEWEST:
            continue
        own = {"op": "compare", "column": "label", "is": "=", "value": names[label]}
        tree = {"op": "and", "terms": [own, {"op": "compare", "column": "correct", "is": "=", "value": False}]}
        found.append((f"errors of {classes[label]}", "errors", {"tree": tree}, wrong))
        for other in np.unique(predictions[wrong]).tolist():
            some = wrong[predictions[wrong] == other]
            if FEWEST <= len(some) < len(wrong) and other < len(names):
                taken = {"op": "compare", "column": "prediction", "is": "=", "value": names[other]}
                name = f"{classes[label]} taken for {classes[other]}"
                found.append((name, "errors", {"tree": {"op": "and", "terms": [own, taken]}}, some))
    return found


def _patterns(case: Case, layer: str, folder: ModelFolder, rows: Array) -> list[Candidate]:
    """The patterns that were mined in the layer."""
    from underglass.views.pattern_results import column_names, current

    mined = current(case, layer, model=folder.name)
    if mined is None:
        return []
    place = np.full(case.folder.manifest.instances, -1, np.int64)
    place[rows] = np.arange(len(rows))
    column = column_names(case, mined)["pattern"]
    found: list[Candidate] = []
    for pattern in range(mined.count):
        members = place[mined.rows[mined.labels == pattern]]
        tree = {"op": "compare", "column": column, "is": "=", "value": pattern}
        found.append((f"pattern {pattern} of {layer}", "pattern", {"tree": tree}, members[members >= 0]))
    return found


def _units(case: Case, layer: str, values: Array, rows: Array, live: Array) -> list[Candidate]:
    """The instances on which a unit fires whose strongest are of one class."""
    from underglass.analyses.top_instances import top
    from underglass.analyses.unit_names import name_units

    classes = case.folder.manifest.classes
    if not classes or not len(rows):
        return []
    best = top(values, k=min(NAMED_BY, len(rows)))
    named = name_units(best.rows, case.labels()[rows], classes)
    found: list[Candidate] = []
    for unit in np.flatnonzero((named.label >= 0) & live).tolist():
        above = float(np.float32(FIRES_FROM * best.values[unit, 0]))
        members = np.flatnonzero(values[:, unit] > above)
        name = f"unit {unit} fires ({classes[int(named.label[unit])]})"
        found.append((name, "unit", {"fires": unit, "above": above, "layer": layer}, members))
    return found
