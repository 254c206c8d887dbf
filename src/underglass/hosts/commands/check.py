"""``underglass check``: what a capture would find, before the long run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from underglass.hosts.commands.model_files import ClassNames, FileSettings, Gives, InputShape, Mean, ScaleBy, Std
from underglass.hosts.commands.options import Data, Features, Id, Image, Label, Labels, ModelSpec, Split, Text, listed

if TYPE_CHECKING:
    from underglass.capture import CheckReport


def check(
    model: ModelSpec,
    data: Data = None,
    *,
    layers: Annotated[str | None, typer.Option(metavar="NAMES", help="Layers, with commas; * stands for any letters.")] = None,
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
    """Look at eight instances: ranges, predictions, layers, time a capture takes, and what is suspicious.

    Wrong preprocessing runs without an error. This takes seconds and finds most of it.
    """
    from underglass import capture
    from underglass.errors import DataError
    from underglass.hosts.commands.given import Columns, make_model, read_data

    made, dataset = make_model(model, FileSettings(input_shape, mean, std, scale, classes, gives))
    if data is not None:
        chosen = Columns(image, text, tuple(listed(features) or ()) or None, label, id, split)
        dataset = read_data(data, made, chosen, labels)
    if dataset is None:
        raise DataError(f"{model} gives a model alone; say where the data are: underglass check {model} DATA")
    show(capture.check(dataset, made, layers=listed(layers)), model, data)
    warn_of_broken()


def warn_of_broken() -> None:
    """Say which installed extensions cannot be used, and why."""
    from underglass.extensions import ANALYSES, READERS, find
    from underglass.extensions.renderers import renderers
    from underglass.hosts.commands.saying import warn
    from underglass.views import discover

    for broken in (*discover().broken, *renderers().broken, *find(READERS).broken, *find(ANALYSES).broken):
        warn(str(broken))


def show(report: CheckReport, model: str, data: str | None) -> None:
    """The report in a terminal; what is suspicious comes last, where it is read."""
    from underglass.capture import duration, share, size
    from underglass.hosts.commands.saying import aside, columns, facts, next_step, out, warn

    rows = [("model", report.model), ("data", report.data)]
    if report.raw is not None:
        rows.append(("instances", str(report.raw)))
    rows += [("inputs", str(one)) for one in report.inputs]
    rows.append(("outputs", str(report.outputs)))
    if report.sampled:
        stated = "" if report.accuracy_stated is None else f" · stated {report.accuracy_stated:.1%}"
        rows.append(("accuracy", f"{report.right / report.sampled:.1%}, {report.right} of a sample of {report.sampled}{stated}"))
    rows.append(("capture", f"{duration(report.seconds)} · {size(report.stored)} · {report.batch_size} at a time"))
    facts(rows)
    out().print()
    columns(
        ["instance", "label", "prediction", ""],
        [
            (str(one.id), one.label or "—", f"{one.prediction} {share(one.confidence)}", "wrong" if one.right is False else "")
            for one in report.examples
        ],
    )
    out().print()
    columns(
        ["layer", "type", "units", "one instance", ""],
        [
            (one.name, one.type, f"{one.units:,}", " × ".join(map(str, one.shape)), "suggested" if one.suggested else "")
            for one in report.layers
        ],
        numbers=[2],
    )
    if report.warnings:
        aside().print()
        for warning in report.warnings:
            warn(warning)
    else:
        next_step(f"underglass capture {model} {data or ''}".rstrip())
