"""How are models in files given on the command line: their pictures' size, mean and deviation, and the names of their classes?"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

PANEL = "Model files (.onnx, .keras, .h5)"

InputShape = Annotated[
    str | None,
    typer.Option(metavar="SIZES", help="With the batch, where the file leaves it open: 1,3,224,224.", rich_help_panel=PANEL),
]
Mean = Annotated[
    str | None,
    typer.Option(metavar="NUMBERS", help="Taken off pictures, one or one a channel; 0 by default.", rich_help_panel=PANEL),
]
Std = Annotated[
    str | None, typer.Option(metavar="NUMBERS", help="Pictures are divided by it after; 1 by default.", rich_help_panel=PANEL)
]
ScaleBy = Annotated[
    float | None,
    typer.Option(metavar="NUMBER", help="Bytes are divided by it before; 255, or 1 if the model scales.", rich_help_panel=PANEL),
]
ClassNames = Annotated[
    str | None,
    typer.Option("--classes", metavar="NAMES", help="With commas, or a text file with one a line.", rich_help_panel=PANEL),
]
Gives = Annotated[
    str | None, typer.Option(metavar="WHAT", help="logits or probabilities; seen from its end by default.", rich_help_panel=PANEL)
]


@dataclass(frozen=True)
class FileSettings:
    """What was typed about a model file; None for what was not."""

    input_shape: str | None = None
    mean: str | None = None
    std: str | None = None
    scale: float | None = None
    classes: str | None = None
    gives: str | None = None

    def text(self) -> str:
        """As it would be typed again."""
        typed = [(one.name.replace("_", "-"), getattr(self, one.name)) for one in fields(self)]
        return " ".join(f"--{name} {value}" for name, value in typed if value is not None)


def model_from_file(path: str, settings: FileSettings) -> Any:
    """The model in a file; what its pictures get is said, for it may have been assumed.

    Raises
    ------
    ModelError
        The file or a setting cannot be used.
    """
    from underglass.hosts.commands.saying import aside
    from underglass.models import load
    from underglass.models.picture_input import Pictures

    model = load(
        path,
        input_shape=None if settings.input_shape is None else [int(one) for one in _numbers("input-shape", settings.input_shape)],
        mean=None if settings.mean is None else _numbers("mean", settings.mean),
        std=None if settings.std is None else _numbers("std", settings.std),
        scale=settings.scale,
        classes=None if settings.classes is None else _names(settings.classes),
        output=settings.gives,  # type: ignore[arg-type]
    )
    model.factory = f"{path} {settings.text()}".rstrip()
    if isinstance(model.preprocess, Pictures):
        assumed = (
            "" if settings.mean is not None or settings.scale is not None else "; --mean, --std and --scale say it otherwise"
        )
        aside().print(f"pictures as {model.preprocess}{assumed}", style="dim", markup=False, highlight=False)
    return model


def refuse_settings(spec: str, settings: FileSettings) -> None:
    """Settings of files mean nothing for a model that a function makes.

    Raises
    ------
    ModelError
    """
    from underglass.errors import ModelError

    if settings != FileSettings():
        raise ModelError(f"{settings.text()} is for model files; {spec} is a function: say it there, as preprocess= or classes=.")


def _numbers(name: str, text: str) -> list[float]:
    from underglass.errors import ModelError

    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise ModelError(f"--{name} is {text!r}; write numbers with commas, such as 0.485,0.456,0.406.") from None


def _names(text: str) -> list[str]:
    place = Path(text)
    if place.is_file():
        return [line.strip() for line in place.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [one.strip() for one in text.split(",") if one.strip()]
