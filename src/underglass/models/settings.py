"""What may a person say of a model of any framework when handing it over?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from underglass.errors import ModelError, unknown
from underglass.models.model import Output

OUTPUTS = ("logits", "probabilities")


class Settings(TypedDict, total=False):
    """Keyword arguments of `underglass.models.torch`, `keras`, `onnx` and `load`; none is needed.

    Parameters
    ----------
    preprocess : callable
        One raw instance → a tensor or array, or a tuple or dict of them, without batch axis. Not needed if instances already
        are what the model takes; of pictures see `pictures` and `to_tensor`.
    collate : callable
        List of preprocessed instances → the model's input, where stacking will not do (padding of texts).
    classes : names
        In the order of the outputs; the data set's without them.
    output : "logits" or "probabilities"
        What the model gives. Without, a torch module is taken to give logits; of a Keras model or an ONNX file it is looked
        whether it ends in a softmax.
    accuracy : share, 0 to 1
        What you know it to reach. Shown beside what capture finds: a gap is the first sign of wrong preprocessing.
    name : word
        What to call it. Without, the class of a torch module, a Keras model's own name, or the name of a file.
    """

    preprocess: Callable[[Any], Any] | None
    collate: Callable[[list[Any]], Any] | None
    classes: Sequence[str] | None
    output: Output | None
    accuracy: float | None
    name: str | None


def check(settings: Settings, own: Sequence[str] = ()) -> None:
    """Refuse settings that cannot be.

    Parameters
    ----------
    own : further settings of one framework, to be named beside.

    Raises
    ------
    ModelError
        An unknown setting, with the nearest that is known; or one out of its range.
    """
    for said in settings:
        if said not in Settings.__annotations__:
            raise ModelError(unknown("setting", said, [*Settings.__annotations__, *own]))
    output, accuracy = settings.get("output"), settings.get("accuracy")
    if output is not None and output not in OUTPUTS:
        raise ModelError(unknown("output", output, OUTPUTS))
    if accuracy is not None and not 0 <= accuracy <= 1:
        raise ModelError(f"accuracy is {accuracy:g}; it is a share from 0 to 1 (write .89 for 89 %).")
