"""What goes into a model, and how is it or an error told in a few words? The same for every framework."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import ModelError
from underglass.models.nested import mapped, stacked

HOUSE = str(Path(__file__).resolve().parent.parent)


@dataclass(frozen=True)
class Prepared:
    """A batch that a model can be called with.

    Parameters
    ----------
    inputs : a tensor or array, or a tuple or mapping of them; of a torch module on its device.
    count : number of instances in it.
    """

    inputs: Any
    count: int


def batched(
    raw: Sequence[Any],
    preprocess: Callable[[Any], Any] | None,
    collate: Callable[[list[Any]], Any] | None,
    *,
    part: Callable[[Any], Any],
    stack: Callable[[Sequence[Any]], Any],
    plainest: str,
) -> Any:
    """Preprocess instance by instance, and collate or stack.

    Parameters
    ----------
    raw : instances.
    preprocess, collate : a person's own functions, or None.
    part : makes the framework's tensor of what ``preprocess`` gives, or of a part of it.
    stack : puts tensors of one shape together.
    plainest : the plainest preprocessing of pictures, in words.

    Raises
    ------
    ModelError
        ``preprocess`` fails, gives nothing usable, or shapes that cannot be stacked; or instances need one.
    """

    def prepared(one: Any) -> Any:
        if preprocess is not None:
            return mapped(called(preprocess, one, "preprocess"), part)
        refuse_raw(one, plainest)
        row = row_of_features(one)
        return mapped(one if row is None else row, part)

    single = [prepared(one) for one in raw]
    return called(collate, single, "collate") if collate is not None else stacked(single, stack)


def called(function: Callable[[Any], Any], argument: Any, role: str) -> Any:
    """What a person's own function gives.

    Raises
    ------
    ModelError
        It fails; its own error is said with its place.
    """
    try:
        return function(argument)
    except Exception as error:  # a person's own function may raise anything; it is named with its place
        raise ModelError(f"{role} failed on {describe(argument)}: {said(error)}") from error


def row_of_features(raw: Any) -> np.ndarray[Any, Any] | None:
    """A row of numbers by name as (features,) float32; None if it is no such row.

    Raises
    ------
    ModelError
        A feature is missing.
    """
    if not isinstance(raw, Mapping):
        return None
    if not all(isinstance(value, int | float | bool) or value is None for value in raw.values()):
        return None
    missing = next((name for name, value in raw.items() if value is None), None)
    if missing is not None:
        raise ModelError(f"feature {missing!r} is missing in a row, and no preprocess was given that says what to put there.")
    return np.asarray([float(value) for value in raw.values()], np.float32)


def refuse_raw(raw: Any, plainest: str) -> None:
    """Refuse pictures of bytes and texts that nobody said how to prepare.

    Parameters
    ----------
    plainest : the plainest preprocessing of pictures, in words.

    Raises
    ------
    ModelError
    """
    if isinstance(raw, np.ndarray) and raw.dtype == np.uint8 and raw.ndim in (2, 3):
        raise ModelError(
            "instances are images of bytes, 0 to 255, and no preprocess was given, so how the model wants them is unknown. "
            f"Give preprocess=…; {plainest}."
        )
    if isinstance(raw, str):
        raise ModelError("instances are texts and no preprocess was given; give preprocess=…, a function from a text to tensors.")


def said(error: BaseException) -> str:
    """Another's error in one line, with the file and line it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if len(frames) > 1 else ""
    first = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__}: {first}{place}" if first else f"{type(error).__name__}{place}"


def describe(value: Any) -> str:
    """What something is, in a few words: shape and type of arrays, length of texts.

    Examples
    --------
    >>> describe(np.zeros((28, 28), np.uint8))
    '(28, 28) uint8'
    """
    if isinstance(value, Prepared):
        return describe(value.inputs)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {describe(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(describe(part) for part in value[:4]) + (", …)" if len(value) > 4 else ")")
    return type(value).__name__


def place_of(error: BaseException, *, frameworks: tuple[str, ...] = ("site-packages",)) -> str:
    """The line of a person's own code at which it failed, on a line of its own; "" if there is none."""
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        outside = any(part in frame.filename for part in frameworks) or frame.filename.startswith(("<", HOUSE))
        if not outside and frame.line:
            found = f"\n  {Path(frame.filename).name}, line {frame.lineno}: {frame.line.strip()}"
    return found
