"""How does a model file become a model, with what it says of its own input?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from underglass.errors import ModelError
from underglass.models.adapters import keras, onnx
from underglass.models.picture_input import pictures
from underglass.models.settings import Settings

if TYPE_CHECKING:
    from underglass.models.array_inputs import Spec
    from underglass.models.framework_model import FrameworkModel

ENDINGS = {".onnx": "onnx", ".keras": "keras", ".h5": "keras", ".hdf5": "keras"}
COLOURS = (1, 3)
OWN_SCALING = ("Rescaling", "Normalization")


def is_model_file(path: str | Path) -> bool:
    """Whether a path ends as a model file does."""
    return Path(str(path)).suffix.lower() in ENDINGS


def load(
    path: str | Path,
    *,
    input_shape: Sequence[int] | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    scale: float | None = None,
    **settings: Unpack[Settings],
) -> FrameworkModel[Any]:
    """A model from its file, by its ending: ``.onnx``, ``.keras``, ``.h5``.

    Parameters
    ----------
    path : of the file.
    input_shape : sizes with the batch axis
        Where the file leaves the size of pictures open.
    mean, std : of pictures, after the division by ``scale``; 0 and 1 without.
    scale : what bytes are divided by
        255 without; 1 if the model scales them itself or takes bytes.
    preprocess, collate, classes, output, accuracy, name
        See `Settings`. Without ``preprocess``, a model that takes pictures gets `pictures` of its own size; others take
        instances as they are.

    Raises
    ------
    NotInstalled
        The framework is missing.
    ModelError
        It is no such file, the size of its pictures is not known, or a setting is impossible.
    """
    kind = ENDINGS.get(Path(path).suffix.lower())
    if kind is None:
        raise ModelError(f"{str(path)!r} does not end as a model file does: {', '.join(ENDINGS)}.")
    model: FrameworkModel[Any] = onnx(path, **settings) if kind == "onnx" else keras(path, **settings)
    preprocess = settings.get("preprocess")
    pictured = _pictured(model.specs)
    said = [
        word
        for word, value in (("mean", mean), ("std", std), ("scale", scale), ("input_shape", input_shape))
        if value is not None
    ]
    if preprocess is None and pictured is not None:
        own = pictured[0].kind == "uint8" or _scales_itself(model)
        sizes = _sizes(model.name, *pictured, input_shape)
        model.preprocess = pictures(
            *sizes[1:],
            channels=sizes[0],
            mean=0.0 if mean is None else mean,
            std=1.0 if std is None else std,
            scale=(1.0 if own else 255.0) if scale is None else scale,
            channels_first=pictured[1],
        )
    elif said:
        why = "preprocess is given" if preprocess is not None else f"{Path(path).name} takes no pictures"
        raise ModelError(f"{' and '.join(said)}: {why}, so there is nothing to prepare by {'them' if len(said) > 1 else 'it'}.")
    return model


def _pictured(specs: Sequence[Spec]) -> tuple[Spec, bool] | None:
    """The one input if it takes pictures, and whether their channels come first."""
    if len(specs) != 1 or len(specs[0].shape) != 4:
        return None
    shape = specs[0].shape
    if shape[1] in COLOURS and shape[3] not in COLOURS:
        return specs[0], True
    if shape[3] in COLOURS:
        return specs[0], False
    return (specs[0], True) if shape[1] in COLOURS else None


def _sizes(name: str, spec: Spec, first: bool, input_shape: Sequence[int] | None) -> tuple[int, int, int]:
    """Channels, height and width."""
    shape = list(spec.shape)
    if input_shape is not None:
        if len(input_shape) != len(shape) or any(
            isinstance(own, int) and own != given for own, given in zip(shape[1:], input_shape[1:], strict=True)
        ):
            raise ModelError(f"input_shape is {tuple(input_shape)}, and the model takes {spec}.")
        shape = list(input_shape)
    channels, height, width = (shape[1], shape[2], shape[3]) if first else (shape[3], shape[1], shape[2])
    if not isinstance(channels, int) or not isinstance(height, int) or not isinstance(width, int):
        example = f"1,{channels},224,224" if first else f"1,224,224,{channels}"
        raise ModelError(f"{name} takes pictures of any size ({spec}); say which: input_shape, such as {example}.")
    return channels, height, width


def _scales_itself(model: FrameworkModel[Any]) -> bool:
    """Whether a Keras model begins by scaling or normalising bytes."""
    operations = list(getattr(model, "operations", {}).values())[:4]
    return any(type(one).__name__ in OWN_SCALING for one in operations)
