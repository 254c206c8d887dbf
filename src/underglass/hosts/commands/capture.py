"""``underglass capture``: a model over all instances, kept in a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from underglass.hosts.commands.model_files import ClassNames, FileSettings, Gives, InputShape, Mean, ScaleBy, Std
from underglass.hosts.commands.options import Data, Features, Id, Image, Label, Labels, ModelSpec, Split, Text, listed

if TYPE_CHECKING:
    from underglass.case import Case


def capture(
    model: ModelSpec,
    data: Data = None,
    *,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="CASE", help="Where the case goes; data.case by default.")
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Layers, with commas; * stands for any letters. Suggested ones by default."),
    ] = None,
    pooling: Annotated[str, typer.Option(metavar="NAMES", help="Of max, mean, std, min, with commas.")] = "max,mean",
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Instances at a time; chosen by memory by default.", show_default=False)
    ] = None,
    keep_memory: Annotated[
        bool,
        typer.Option(
            "--keep-memory", help="Keep freed memory for the next batch (Linux): faster for convolutions, holds the peak."
        ),
    ] = False,
    labels: Labels = None,
    image: Image = None,
    text: Text = None,
    features: Features = None,
    label: Label = None,
    id: Id = None,
    split: Split = None,
    input_shape: InputShape = None,
    mean: Mean = None,
    std: Std = None,
    scale: ScaleBy = None,
    classes: ClassNames = None,
    gives: Gives = None,
) -> None:
    """Run a model over all instances and keep predictions and activations in a case.

    A stop keeps what is written; the same command goes on from there. Run it again with other layers to add them.
    """
    from underglass.errors import DataError
    from underglass.hosts.commands.given import Columns, make_model, read_data
    from underglass.hosts.commands.saying import facts, next_step, warn

    if keep_memory:
        from underglass.capture import keep_freed_memory

        if not keep_freed_memory():
            warn("--keep-memory does nothing here: it needs Linux with glibc.")
    made, dataset = make_model(model, FileSettings(input_shape, mean, std, scale, classes, gives))
    if data is not None:
        chosen = Columns(image, text, tuple(listed(features) or ()) or None, label, id, split)
        dataset = read_data(data, made, chosen, labels)
    if dataset is None:
        raise DataError(f"{model} gives a model alone; say where the data are: underglass capture {model} DATA")
    for name, reason in dataset.skipped[:5]:
        warn(f"left out: {name}, {reason}")
    if len(dataset.skipped) > 5:
        warn(f"left out: {len(dataset.skipped) - 5:,} more; the case names them all.")
    place = Path(out) if out is not None else Path(f"{Path(data).resolve().name.split('.')[0] if data else made.name}.case")
    with _case(place, dataset) as case:
        captured = case.capture(
            made,
            layers=listed(layers),
            pooling=listed(pooling) or (),
            batch_size=batch_size,
            factory=getattr(made, "factory", None),
        )
        record = captured.record
        rows = [
            ("case", str(place)),
            ("instances", f"{len(dataset):,}"),
            ("layers", ", ".join(one.name for one in record.layers)),
        ]
        if record.accuracy_captured is not None:
            stated = "" if record.accuracy_stated is None else f" · stated {record.accuracy_stated:.1%}"
            rows.append(("accuracy", f"{record.accuracy_captured:.1%}{stated}"))
        facts(rows)
    next_step(f"underglass open {place}")


def _case(place: Path, dataset: Any) -> Case:
    """The case at a place, made if there is none."""
    from underglass.case import Case
    from underglass.hosts.commands.saying import aside

    if not place.exists():
        return Case.create(place, dataset)
    case = Case.open(place)
    case.dataset = dataset
    aside().print(f"{place} is there already; what is missing is added.", style="dim")
    return case
