"""How does each layer lay out the classes, and how well does the model do on each? Counted from what is kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from underglass.analyses.activation_counts import aggregate_activations
from underglass.analyses.class_embedding import FEWEST_FOR_UMAP, Method, embed_classes
from underglass.store.fingerprints import hash_array, hash_json
from underglass.views.attribution_results import Settings, captured_layers, pooling_of
from underglass.views.layer_results import Progress, drop_oldest, included, kept_result, model_of

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

ANALYSIS = "class_embedding"
FORM = 1
KEPT = 6
BINS = 20
Array = np.ndarray[Any, Any]

_COUNTS: WeakKeyDictionary[Case, tuple[str, dict[str, Array]]] = WeakKeyDictionary()
_GUARD = threading.Lock()


def class_counts(case: Case, folder: ModelFolder, settings: Settings, progress: Progress | None = None) -> dict[str, Array]:
    """For each layer how many instances of each class have each unit among the most active, (classes, units) int64."""
    layers = captured_layers(folder, settings)
    subsets = _subsets(case)
    key = _key(folder, settings, "counts", subsets)
    with _GUARD:
        held = _COUNTS.get(case)
        if held is not None and held[0] == key:
            return held[1]
        counts = {}
        classes = len(case.folder.manifest.classes)
        for layer in layers:
            activations = folder.activations(layer, pooling_of(folder, layer))
            found = aggregate_activations(
                activations,
                subsets,
                mass=settings.active,
                negative=settings.negative,
                progress=progress,
            )
            counts[layer] = np.concatenate([found, np.zeros((classes - len(found), found.shape[1]), np.int64)])
        _COUNTS[case] = (key, counts)
        return counts


def kept_methods(case: Case, folder: ModelFolder, settings: Settings) -> list[str]:
    """Embeddings that are at hand and hold."""
    subsets = _subsets(case)
    return ["pca", *(name for name in ("umap",) if _kept(case, folder, settings, name, subsets) is not None)]


def embedding(
    case: Case, settings: Settings, method: str, *, model: str | None = None, progress: Progress | None = None
) -> dict[str, Array]:
    """The classes' places in each layer, (classes, 2) float32, NaN for a class without instances; kept."""
    folder = model_of(case, model)
    subsets = _subsets(case)
    found = _kept(case, folder, settings, method, subsets)
    if found is not None:
        return found
    counts = class_counts(case, folder, settings, progress)
    if progress is not None:
        progress(0, 1, "laying out the classes, layer after layer")
    made = embed_classes(counts, method=cast(Method, method))
    arrays = {f"layer {at}": places for at, places in enumerate(made.coordinates.values())}
    meta = {"form": FORM, "model": folder.name, "layers": list(made.coordinates), "method": made.method}
    inputs = {"subsets": hash_array(subsets), "weights": folder.record.weights_hash}
    case.folder.results.put(ANALYSIS, _key(folder, settings, method, subsets), arrays, meta, inputs)
    drop_oldest(case, ANALYSIS, folder.name, KEPT)
    return dict(made.coordinates)


def standing(case: Case, folder: ModelFolder) -> list[dict[str, Any]]:
    """Each class with its instances, how many the model gets right, and how probable it finds their label, in 20 bins."""
    rows, labels = included(case), case.labels()
    classes = case.folder.manifest.classes
    predictions = np.asarray(case.folder.model(folder.name).predictions["prediction"].fill_null(-1).to_numpy())
    same = tuple(folder.record.classes) == tuple(classes)
    probabilities = folder.probabilities
    found = []
    order = rows[np.argsort(labels[rows], kind="stable")]
    bounds = np.searchsorted(labels[order], np.arange(len(classes) + 1))
    for code, name in enumerate(classes):
        mine = np.sort(order[bounds[code] : bounds[code + 1]])
        shares = probabilities[mine, code] if same and len(mine) else np.zeros(0, np.float32)
        known = shares[np.isfinite(shares)]
        found.append(
            {
                "code": code,
                "label": name,
                "n": len(mine),
                "correct": int((predictions[mine] == code).sum()) if same else None,
                "histogram": np.histogram(np.clip(known, 0, 1), BINS, (0, 1))[0].tolist(),
            }
        )
    return found


def enough_for_umap(case: Case) -> bool:
    """Whether UMAP has enough classes with instances to lay out."""
    subsets = _subsets(case)
    return len(np.unique(subsets[subsets >= 0])) >= FEWEST_FOR_UMAP


def _subsets(case: Case) -> Array:
    """Each instance's class, −1 where it has none or is excluded."""
    subsets = np.full(case.folder.manifest.instances, -1, np.int64)
    rows = included(case)
    subsets[rows] = case.labels()[rows]
    return subsets


def _kept(case: Case, folder: ModelFolder, settings: Settings, method: str, subsets: Array) -> dict[str, Array] | None:
    stored = kept_result(case, ANALYSIS, _key(folder, settings, method, subsets), FORM)
    if stored is None:
        return None
    meta: Mapping[str, Any] = stored.meta
    return {layer: np.asarray(stored.arrays[f"layer {at}"]) for at, layer in enumerate(meta["layers"])}


def _key(folder: ModelFolder, settings: Settings, what: str, subsets: Array) -> str:
    layers = {layer: folder.hash(layer, pooling_of(folder, layer)) for layer in captured_layers(folder, settings)}
    used = [layers, settings.active, settings.negative, folder.record.weights_hash, hash_array(subsets)]
    return f"{folder.name}/{what} {hash_json(used)[:16]}"
