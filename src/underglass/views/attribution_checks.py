"""Would any instances give this graph, and does it matter to the model? Its two checks: shuffled labels, and ablation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.shuffled_labels import judge, shuffle
from underglass.analyses.unit_gaps import unit_gaps
from underglass.errors import DataError, LayerError
from underglass.views.attribution_results import (
    Measured,
    Settings,
    batches,
    blocked,
    layers_of,
    pooling_of,
    sampled,
    subset_rows,
)
from underglass.views.layer_results import Progress, included

if TYPE_CHECKING:
    from underglass.case import Case, Where
    from underglass.store import ModelFolder

DRAWS = 200
RANDOM_SETS = 20
SILENCED_ON = 200
MOST_ENTRIES = 20_000_000
"""Memberships that are handed out at once; above, fewer shuffles are drawn and it is said."""
Array = np.ndarray[Any, Any]


def shuffled_control(
    case: Case,
    folder: ModelFolder,
    a: Where,
    b: Where | None,
    settings: Settings,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Hand the labels of A and B (or of A and all others) to other instances, and count again.

    Raises
    ------
    DataError
        If a side is empty.
    """
    everybody = included(case)
    mine = subset_rows(case, a)
    theirs = np.setdiff1d(everybody, mine) if b is None else subset_rows(case, b)
    if not len(mine) or not len(theirs):
        which = "A" if not len(mine) else "B" if b is not None else "everything else"
        raise DataError(f"chance is judged between two groups of instances, and {which} is empty.")
    union = np.union1d(mine, theirs)
    inside = np.stack([np.isin(union, mine), np.isin(union, theirs)], axis=1)
    draws = max(19, min(draws, MOST_ENTRIES // int(inside.sum())))
    shuffled = shuffle(inside, len(union), draws=draws, seed=seed)
    whole = sparse.csr_array(np.column_stack([inside, np.ones(len(union), bool)]))
    membership = sparse.csr_array(sparse.hstack([whole, shuffled]))
    layers = layers_of(folder, settings)
    counted: dict[str, Array] = {}
    for at, layer in enumerate(layers):
        values = folder.activations(layer, pooling_of(folder, layer)).rows(union)
        counted[layer] = aggregate_activations(values, membership, mass=settings.active, negative=settings.negative)
        if progress is not None:
            progress(at + 1, len(layers), f"counting {draws} shuffles")
    verdict = judge(
        {layer: counts[0] for layer, counts in counted.items()},
        {layer: counts[2] for layer, counts in counted.items()},
        {layer: counts[3 : 3 + draws] for layer, counts in counted.items()},
    )
    joint = np.concatenate(list(counted.values()), axis=1)
    gaps = unit_gaps((joint[0], joint[1]), (len(mine), len(theirs)), (joint[3 : 3 + draws], joint[3 + draws : 3 + 2 * draws]))
    names = [(layer, unit) for layer, counts in counted.items() for unit in range(counts.shape[1])]
    histogram = np.bincount(gaps.by_chance)
    most, found = int(gaps.by_chance.max()), int(gaps.apart.sum())
    return {
        "draws": draws,
        "n": [len(mine), len(theirs)],
        "against": "the others" if b is None else "B",
        "apart": found,
        "units": len(names),
        "most": most,
        "histogram": histogram.tolist(),
        "p_value": gaps.p_value,
        "refused": verdict.refused,
        "distinct": verdict.overall,
        "distinct_p": verdict.p_value,
        "words": verdict.words,
        "gaps": {
            f"{layer}:{unit}": [round(float(gap), 6), round(float(chance), 6), bool(apart)]
            for (layer, unit), gap, chance, apart in zip(names, gaps.gap, gaps.chance, gaps.apart, strict=True)
        },
    }


def ablation(
    case: Case,
    folder: ModelFolder,
    measured: Measured,
    *,
    draws: int = RANDOM_SETS,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Silence the graph's units, and as many others at random, and compare how far the right class falls.

    Raises
    ------
    LayerError
        If no model is attached, or the graph has units in the output alone.
    """
    why = blocked(case, folder)
    if why is not None:
        about_units = why.replace("influence is measured", "units are silenced")
        raise LayerError(
            about_units.replace("which unit feeds which is measured by running the model", "silencing units runs the model")
        )
    from underglass.probes.ablation import ablate

    graph = measured.graph()
    outputs = _output_layers(folder, graph.tensors)
    units = {layer: graph.units(layer).tolist() for layer in graph.tensors if layer not in outputs}
    units = {layer: some for layer, some in units.items() if some}
    if not units:
        raise LayerError("the graph has no unit before the output, so there is nothing to silence.")
    rows = sampled(measured.rows, SILENCED_ON, seed)
    target, how = _targets(case, rows)
    found = ablate(case.attached, batches(case, rows), target, units, draws=draws, seed=seed, progress=progress)
    fall, falls = found.before - found.after, found.before - found.random
    return {
        "before": float(found.before),
        "after": float(found.after),
        "random": [round(float(value), 6) for value in np.sort(found.random)],
        "accurate_before": float(found.accurate_before),
        "accurate_after": float(found.accurate_after),
        "accurate_random": float(found.accurate_random.mean()),
        "units": found.units,
        "layers": list(units),
        "left_out": outputs,
        "instances": found.instances,
        "of": len(measured.rows),
        "draws": len(found.random),
        "fall": float(fall),
        "random_fall": [float(falls.mean()), *(float(value) for value in np.quantile(falls, [0.025, 0.975]))],
        "p_value": float(found.p_value),
        "target": how,
        "words": found.words,
    }


def _output_layers(folder: ModelFolder, layers: Sequence[str]) -> list[str]:
    """The last layer of the model, where its units are the classes: to silence it is to silence the answer itself."""
    last = folder.record.all_layers[-1]
    return [last.name] if last.name in layers and last.units == len(folder.record.classes) else []


def _targets(case: Case, rows: Array) -> tuple[Array, str]:
    """The class whose score is looked at, for each instance."""
    labels, predictions = case.labels()[rows], case.predictions()[rows]
    classes = case.model.record.classes if case.model is not None else ()
    if len(rows) and (labels >= 0).all() and tuple(case.folder.manifest.classes) == tuple(classes):
        known = np.unique(labels)
        return labels, classes[known[0]] if len(known) == 1 else "each instance’s label"
    return predictions, "each instance’s prediction"
