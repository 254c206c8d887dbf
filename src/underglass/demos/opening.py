"""How does a demo become a case that is ready to be looked at?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underglass.errors import CaseError, DataError, ModelError, unknown

if TYPE_CHECKING:
    from underglass.case import Case

Progress = Callable[[int, int, str], None]
MOST_COPIES = 100


@dataclass(frozen=True)
class DemoKind:
    """What a demo is called, what is in it, and the view it opens on."""

    title: str
    text: str
    view: str | None = None


DEMOS = {
    "fashion": DemoKind("Fashion-MNIST", "2,000 pictures of clothing in ten classes, and a small network"),
    "labels": DemoKind(
        "Wrong labels", "the same pictures with 100 wrong labels and some copies planted, to be found and corrected", "suspects"
    ),
    "adult": DemoKind(
        "Adult", "16,281 people of a census, and two models of income trained before your eyes: whom do they fail?", "subgroups"
    ),
    "sounds": DemoKind(
        "Sounds",
        "15,069 clips with 309 labels and no model: what goes with music, and with a voice over the picture?",
        "associations",
    ),
    "photos": DemoKind(
        "Photographs", "594 crops of 18 photographs, and EfficientNet-lite0 with its 1,000 ImageNet classes; needs [vision]"
    ),
}
"""The demos by name; each is a module of this room with ``make()``, ``LAYERS`` and ``POOLING``, or with ``open_case()``."""


@dataclass(frozen=True)
class _Demo:
    """A demo with its data and model made."""

    name: str
    dataset: Any
    model: Any
    layers: Sequence[str]
    pooling: Sequence[str]


def open_demo(name: str = "fashion", *, folder: str | Path | None = None, progress: Progress | None = None) -> Case:
    """The demo's case: made and captured now, or the one from last time with what was edited in it.

    Parameters
    ----------
    name : of `DEMOS`
        Which.
    folder : where demo cases are kept
        The person's cache folder without.
    progress : callable (done, total, stage)
        A bar in a terminal or notebook without.

    Returns
    -------
    A finished case with its model attached. One that was stopped half-way goes on; one whose data or model are not those
    of this version stays untouched beside a new one.

    Raises
    ------
    UnderglassError
        No demo of that name, a package it needs is missing, or the folder cannot be written.
    """
    if name not in DEMOS:
        raise DataError(unknown("demo", name, DEMOS))
    module = import_module(f"underglass.demos.{name}")
    place = Path(folder) if folder is not None else cache_folder() / "demos"
    if hasattr(module, "open_case"):
        opened: Case = module.open_case(_places(place, name), progress)
        return opened
    dataset, model = module.make()
    demo = _Demo(name, dataset, model, module.LAYERS, module.POOLING)
    for path in _places(place, name):
        case = _open_or_create(path, demo, progress)
        if case is not None:
            if hasattr(module, "prepare"):
                module.prepare(case)
            return case
    raise CaseError(f"there are {MOST_COPIES} cases of the demo in {place}, none of them of this version; remove some.")


def cache_folder() -> Path:
    """Where this program keeps what it can make again, by each system's custom."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        given = os.environ.get("XDG_CACHE_HOME", "")
        base = Path(given) if Path(given).is_absolute() else Path.home() / ".cache"
    return base / "underglass"


def _places(folder: Path, name: str) -> Iterator[Path]:
    yield folder / f"{name}.case"
    for copy in range(2, MOST_COPIES + 1):
        yield folder / f"{name}-{copy}.case"


def _open_or_create(path: Path, demo: _Demo, progress: Progress | None) -> Case | None:
    """The demo's case at this place, or None if something else is there."""
    from underglass.case import Case

    there = path.exists()
    if there:
        try:
            case = Case.open(path)
        except CaseError:
            return None
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        case = Case.create(path, demo.dataset, name=demo.name, progress=progress)
    try:
        if case.folder.manifest.data_fingerprint == demo.dataset.fingerprint:
            _bring_up(case, demo, progress)
            return case
    except ModelError:
        if not there:
            raise
    except BaseException:
        case.close()
        raise
    case.close()
    return None


def _bring_up(case: Case, demo: _Demo, progress: Progress | None) -> None:
    """Attach the model if it was captured, else capture it, from where a capture was stopped."""
    case.dataset = demo.dataset
    if demo.model.name in case.folder.models and case.folder.model(demo.model.name).record.done:
        case.attach(demo.model, demo.dataset)
        return
    factory = f"underglass.demos.{demo.name}:make"
    case.capture(demo.model, layers=demo.layers, pooling=demo.pooling, factory=factory, progress=progress)
