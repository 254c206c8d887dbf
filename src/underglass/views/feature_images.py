"""Which pictures excite a layer's units, are they kept already, and how are they found and kept?

Glue between the probe and a case, a unit at a time: a picture is kept under the weights it was found with, and one made for
other weights is not shown. Whoever needs pictures of units (the unit panel, the attribution graph, an export) asks here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import LayerError
from underglass.store.fingerprints import hash_json
from underglass.views.layer_results import Progress, included, kept_result, model_of
from underglass.views.torch_only import torch_only
from underglass.wire import Job

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.store import ModelFolder

ANALYSIS = "feature_visualization"
FORM = 1
"""Of what is kept; a result of another form is found anew."""
EXAMPLES = 32
KEPT_TOGETHER = 16
"""So many units are worked on before they are kept: a stop loses no more."""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class UnitPictures:
    """The pictures of one unit.

    Attributes
    ----------
    images : (samples, height, width, colours) uint8
    activation, peak : (samples,) float32
        Mean over positions, and the highest position, that each picture reaches.
    best : float
        The highest mean among some real instances.
    measured : bool
        Whether the colours are exactly what the network saw; see `PictureSpace`.
    words : str
        That in a sentence.
    """

    unit: int
    images: Array
    activation: Array
    peak: Array
    best: float
    measured: bool
    words: str


def find(
    case: Case,
    layer: str,
    units: Sequence[int],
    *,
    settings: Mapping[str, Any] | None = None,
    model: str | None = None,
    progress: Progress | None = None,
) -> dict[int, UnitPictures]:
    """Pictures that excite units: those that are kept, and the others found in batches and kept.

    Parameters
    ----------
    case : Case
        With its model attached, unless all are kept.
    layer : str
        A layer of the model, captured or not.
    units : sequence of int
    settings : mapping
        Fields of `probes.feature_visualization.Settings`.
    model : str
        A captured model, the active one if None.
    progress : callable
        Told (done, total, stage); may raise to cancel: what was finished before is kept.

    Raises
    ------
    LayerError
        If no model is attached, the layer or a unit does not exist, or the model takes no picture.
    """
    folder = model_of(case, model)
    asked = dict(settings or {})
    wanted = list(dict.fromkeys(int(unit) for unit in units))
    found = kept(case, layer, wanted, settings=asked, model=folder.name)
    missing = [unit for unit in wanted if unit not in found]
    if not missing:
        return found
    why = blocked(case, folder)
    if why is not None:
        raise LayerError(why)
    from underglass.probes.feature_visualization import Settings, visualize_units

    made = Settings.read(asked)
    assert case.attached is not None
    assert case.dataset is not None
    if case.attached.weights_hash() != folder.record.weights_hash:  # type: ignore[attr-defined]
        raise LayerError(f"the attached model has other weights than {folder.name!r} had when it was captured: capture it again")
    examples = case.dataset.load(_examples(case))
    for start in range(0, len(missing), KEPT_TOGETHER):
        some = missing[start : start + KEPT_TOGETHER]

        def tell(done: int, total: int, stage: str, before: int = start, here: int = len(some)) -> None:
            if progress is not None:
                progress(round(1000 * (before + here * done / total)), 1000 * len(missing), stage)

        result = visualize_units(case.attached, examples, layer, some, settings=made, progress=tell)  # type: ignore[arg-type]
        for at, unit in enumerate(some):
            arrays = {"images": result.images[at], "activation": result.activation[at], "peak": result.peak[at]}
            meta = {
                "form": FORM,
                "model": folder.name,
                "layer": layer,
                "unit": unit,
                "settings": asdict(made),
                "best": float(result.best[at]),
                "measured": result.space.measured,
                "words": result.space.words,
            }
            case.folder.results.put(ANALYSIS, _key(folder.name, layer, unit, asked), arrays, meta, _inputs(folder))
    return {**found, **kept(case, layer, missing, settings=asked, model=folder.name)}


def kept(
    case: Case, layer: str, units: Sequence[int], *, settings: Mapping[str, Any] | None = None, model: str | None = None
) -> dict[int, UnitPictures]:
    """Those of the units' pictures that are kept and of these weights; needs no model."""
    folder = model_of(case, model)
    found = {}
    for unit in units:
        stored = kept_result(case, ANALYSIS, _key(folder.name, layer, int(unit), dict(settings or {})), FORM)
        if stored is not None and dict(stored.inputs) == _inputs(folder):
            meta, arrays = stored.meta, stored.arrays
            found[int(unit)] = UnitPictures(
                unit=int(unit),
                images=np.asarray(arrays["images"]),
                activation=np.asarray(arrays["activation"]),
                peak=np.asarray(arrays["peak"]),
                best=float(meta["best"]),
                measured=bool(meta["measured"]),
                words=str(meta["words"]),
            )
    return found


def start(
    case: Case, layer: str, units: Sequence[int], *, settings: Mapping[str, Any] | None = None, model: str | None = None
) -> Job:
    """Find pictures as a job; what cannot be is said at once."""
    folder = model_of(case, model)
    why = blocked(case, folder)
    if why is not None and len(kept(case, layer, units, settings=settings, model=folder.name)) < len(set(units)):
        raise LayerError(why)
    if settings:
        from underglass.probes.feature_visualization import Settings

        Settings.read(settings)

    def work(progress: Progress) -> dict[str, Any]:
        found = find(case, layer, units, settings=settings, model=folder.name, progress=progress)
        return {"layer": layer, "units": list(found)}

    some = f"unit {units[0]}" if len(units) == 1 else f"{len(units)} units"
    key = f"feature_images/{folder.name}/{layer}/{hash_json([list(map(int, units)), dict(settings or {})])[:12]}"
    return case.jobs.submit("feature_images", f"Pictures for {some} of {layer}", work, key=key).info()


def blocked(case: Case, folder: ModelFolder) -> str | None:
    """Why no picture can be made now, in words; None if one can."""
    if case.attached is None or case.dataset is None or case.model is None or case.model.name != folder.name:
        return (
            "pictures of units need the model: a case carries no code. "
            f"Attach it: underglass open {case.folder.path.name} --model my_pkg:make"
        )
    why = torch_only(case, "pictures of units need gradients, which are taken")
    if why is not None:
        return why
    if case.folder.manifest.kind != "image":
        return f"pictures can be made for models of images; this case holds {case.folder.manifest.kind}s."
    return None


def png(image: Array) -> bytes:
    """One picture (height, width, colours) uint8 as PNG."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image[..., :3]).save(out, "PNG")
    return out.getvalue()


def _examples(case: Case) -> list[int]:
    """A few instances spread over all that are included."""
    rows = included(case)
    return rows[np.linspace(0, len(rows) - 1, min(EXAMPLES, len(rows))).astype(int)].tolist() if len(rows) else []


def _inputs(folder: ModelFolder) -> dict[str, str]:
    return {"weights": folder.record.weights_hash}


def _key(model: str, layer: str, unit: int, settings: Mapping[str, Any]) -> str:
    return f"{model}/{layer}/{unit}/{hash_json(dict(settings))[:12]}"
