"""The demo without a model: which sounds go with music, with a voice over the picture, and with a picture that stands still?

VGGSounder (Apache-2.0): 15,069 clips, 309 labels, and three attributes that stand for identities here. The labels were given by
people; the package ships the table alone, without sound. `underglass.demos.sounds_packing` is how it was made.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa

from underglass.case import Case
from underglass.datasets import LabelTable, read_labels
from underglass.errors import CaseError

Progress = Callable[[int, int, str], None]
NAME = "VGGSounder"
ATTRIBUTES = ("background_music", "voice_over", "static_image")


def make_labels() -> LabelTable:
    """The clips with their labels; columns of yes and no: ``background_music``, ``voice_over``, ``static_image``."""
    with np.load(
        io.BytesIO(files("underglass.demos").joinpath("data", "sounds.npz").read_bytes()), allow_pickle=False
    ) as shipped:
        ids, names = (shipped[part].tobytes().decode().split("\n") for part in ("ids", "names"))
        starts = np.concatenate([[0], np.cumsum(shipped["lengths"], dtype=np.int64)])
        found, attributes = shipped["labels"].astype(np.int32), shipped["attributes"]
    lists = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), pa.array(names).take(pa.array(found)))
    return read_labels({"id": ids, "labels": lists, **dict(zip(ATTRIBUTES, attributes, strict=True))}, labels="labels", id="id")


def open_case(places: Iterator[Path], progress: Progress | None = None) -> Case:
    """The case of the demo, made at the first free place, or as it was left.

    Parameters
    ----------
    places : folders to look at, in order.
    progress : callable (done, total, stage)
        Not called: the case is made within a second.

    Raises
    ------
    CaseError
        All places hold something else.
    """
    del progress
    labels = make_labels()
    for path in places:
        if path.exists():
            try:
                case = Case.open(path)
            except CaseError:
                continue
            if case.folder.manifest.data_fingerprint == labels.instances.fingerprint and NAME in case.folder.results.list(
                "label_sets"
            ):
                return case
            case.close()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        case = Case.create(path, labels.instances, name="sounds")
        case.add_labels(NAME, labels, identities=ATTRIBUTES[:2])
        return case
    raise CaseError("every place for the demo's case holds something else; remove one.")
