"""What is this case? Its data, its model, the accuracy captured beside the one stated; and the card that the whole page reads."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from underglass.extensions import renderer_for
from underglass.roles import who
from underglass.store import ModelFolder
from underglass.views.edits import next_steps
from underglass.views.view import View
from underglass.wire import (
    Card,
    CaseInfo,
    EditsInfo,
    InstanceKind,
    LayerInfo,
    ModelInfo,
    PatternsInfo,
    ProjectionInfo,
    SkippedInfo,
    SubsetInfo,
    TagInfo,
)

if TYPE_CHECKING:
    from underglass.case import Case

PREAGGREGATE_FROM = 500_000
"""Instances; below, direct queries are as fast as pre-aggregated ones."""
MOST_SKIPPED = 200


def case_info(case: Case, author: str | None = None) -> CaseInfo:
    """Everything the shell shows about a case; what undo and redo would do is said for an author, by default the case's."""
    folder, serving = case.folder, case.serving
    version = serving.version  # before anything is read: what changes meanwhile has a later one, and is asked for then
    manifest = folder.manifest
    overlay = folder.journal.state()
    model = case.model
    renderer = renderer_for(folder.media.types)
    return CaseInfo(
        id=manifest.identity,
        name=manifest.name,
        kind=cast(InstanceKind, manifest.kind),
        description=describe(manifest.source, manifest.instances, manifest.kind),
        instances=manifest.instances,
        excluded=int(overlay.excluded.sum()),
        classes=list(manifest.classes),
        models=[_model_info(case, captured) for captured in folder.finished],
        model=None if model is None else model.name,
        columns=serving.columns(),
        subsets=[cast(SubsetInfo, subset) for subset in serving.subsets()],
        tags=[TagInfo(name=name, count=len(rows)) for name, rows in overlay.tags.items()],
        edits=_edits_info(case, who().name or author),
        views=[view.info(listed=_has(case, view.needs)) for view in case.views.values()],
        patterns=_results(case, "patterns", PatternsInfo),
        projections=_results(case, "projection", ProjectionInfo),
        pages=list(overlay.pages),
        widgets=list(case.widgets),
        renderer=None if renderer is None else renderer.info(),
        broken=[one.info() for one in case.broken],
        suspects=_suspects(case),
        skipped=[SkippedInfo(id=name, reason=reason) for name, reason in manifest.skipped[:MOST_SKIPPED]],
        warnings=_warnings(case),
        author=who().name or case.author,
        role=who().role,
        signs_as=who().name,
        version=version,
        preaggregate=manifest.instances >= PREAGGREGATE_FROM,
        bytes=folder_bytes(folder.path),
    )


def describe(source: Any, instances: int, kind: str) -> str:
    """Where the instances come from, in a line without paths of this machine.

    Examples
    --------
    >>> describe({"reader": "image_folder", "root": "/home/mara/photos"}, 12, "image")
    'photos, a folder of images'
    >>> describe({"reader": "arrays"}, 12, "image")
    '12 images from arrays'
    >>> describe({"reader": "arrays", "title": "Fashion-MNIST test, 28 × 28 grey"}, 12, "image")
    'Fashion-MNIST test, 28 × 28 grey'
    """
    title = source.get("title")
    if isinstance(title, str) and title:
        return title
    things = {"image": "images", "text": "texts", "row": "rows"}[kind]
    root = source.get("root") or source.get("path")
    if isinstance(root, str) and root:
        return f"{Path(root).name}, a {'folder' if source.get('reader') == 'image_folder' else 'table'} of {things}"
    return f"{instances:,} {things} from {source.get('reader', 'Python')}"


def folder_bytes(path: Path) -> int:
    """Size of a folder's files, in bytes."""
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):  # another process moved it between the listing and the look
                total += os.stat(os.path.join(root, name)).st_size
    return total


def _model_info(case: Case, captured: ModelFolder) -> ModelInfo:
    record = captured.record
    layers = {layer.name for layer in record.layers}
    return ModelInfo(
        name=record.name,
        layers=[
            LayerInfo(name=layer.name, type=layer.type, units=layer.units, shape=list(layer.shape), captured=layer.name in layers)
            for layer in record.all_layers or record.layers
        ],
        pooling=list(record.pooling),
        output=record.output,
        accuracy_stated=record.accuracy_stated,
        accuracy_captured=record.accuracy_captured,
        fingerprint=record.weights_hash,
        captured_at=record.captured_at,
        attached=case.attached is not None and case.model is not None and case.model.name == record.name,
    )


def _edits_info(case: Case, author: str | None) -> EditsInfo:
    edits = case.folder.journal.edits()
    undo, redo = next_steps(case, author)
    return EditsInfo(
        count=sum(edit.op not in ("undo", "redo") for edit in edits),
        sequence=edits[-1].sequence if edits else 0,
        undo=None if undo is None else f"Undo: {undo}",
        redo=None if redo is None else f"Redo: {redo}",
    )


def _has(case: Case, needs: tuple[str, ...]) -> bool:
    has = {"model": case.model is not None, "activations": case.model is not None and bool(case.model.record.layers)}
    has["labels"] = bool(case.folder.manifest.classes)
    has["label sets"] = case.model is not None or bool({"label_sets", "npmi_runs"} & set(case.folder.results.analyses()))
    return all(has.get(need, False) for need in needs)


def _results(case: Case, analysis: str, shape: Any) -> list[Any]:
    view = case.views.get(analysis)
    summaries = view.calls.get("summaries") if view is not None else None
    return [shape(**summary) for summary in summaries(case)] if summaries is not None else []


def _suspects(case: Case) -> int | None:
    """Labels that are suspect and not judged yet; None while nothing was looked for."""
    view = case.views.get("suspects")
    count = view.calls.get("badge") if view is not None else None
    return None if count is None else cast("int | None", count(case))


def _warnings(case: Case) -> list[str]:
    """What makes this case doubtful as a whole; shown as a banner."""
    warnings = []
    damaged = case.damaged
    if damaged:
        names = ", ".join(damaged[:3]) + (f" and {len(damaged) - 3} more" if len(damaged) > 3 else "")
        warnings.append(f"Files of this case are not as they were written: {names}. Numbers drawn from them may be wrong.")
    return warnings


VIEW = View(
    name="about",
    title="About",
    group="case",
    question="What is this case?",
    card=Card(
        why="To know what one is looking at, and whether the capture can be trusted.",
        who="Everyone who opens the case.",
        what="Where the instances come from, which model was captured, and with what accuracy.",
        how="If the captured accuracy is far from the stated one, suspect the preprocessing first: it fails silently.",
        when="First.",
        source="Model cards: Mitchell et al. 2019; datasheets: Gebru et al. 2021.",
        limits="Captured accuracy is measured on the instances of this case, against its labels.",
    ),
    props={},
    size=(4, 7),
    beside=True,
)
