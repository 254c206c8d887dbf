"""Which layers, poolings and classes does a capture have, and which wishes are refused?"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from underglass.datasets import distinct
from underglass.errors import LayerError, ModelError, unknown
from underglass.models import POOLINGS, Layer, Model


def choose_layers(known: Sequence[Layer], wanted: Sequence[str] | None) -> tuple[Layer, ...]:
    """The layers asked for, in the order of execution; those the model suggests when nothing is asked for.

    Parameters
    ----------
    known : all layers of the model
        In the order of execution.
    wanted : names
        ``*`` and ``?`` stand for any letters: ``"conv*"``.

    Raises
    ------
    LayerError
        Nothing is left, or a name that is not known, with the nearest that is.
    """
    if wanted is None:
        return tuple(layer for layer in known if layer.suggested) or tuple(known[-1:])
    if isinstance(wanted, str):
        wanted = [wanted]
    names = [layer.name for layer in known]
    chosen: set[str] = set()
    for name in wanted:
        if name in names:
            chosen.add(name)
            continue
        matching = [one for one in names if fnmatchcase(one, name)] if set(name) & set("*?") else []
        if not matching:
            raise LayerError(unknown("layer", name, names))
        chosen.update(matching)
    if not chosen:
        raise LayerError(f"no layers were asked for. Known: {', '.join(names[:12])}.")
    return tuple(layer for layer in known if layer.name in chosen)


def choose_pooling(wanted: Sequence[str]) -> tuple[str, ...]:
    """The poolings asked for, once each.

    Raises
    ------
    LayerError
        None, or one that does not exist.
    """
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    for one in wanted:
        if one not in POOLINGS:
            raise LayerError(unknown("pooling", one, POOLINGS))
    if not wanted:
        raise LayerError(f"no pooling was asked for; there are {', '.join(POOLINGS)}.")
    return tuple(dict.fromkeys(wanted))


def choose_classes(model: Model, of_data: Sequence[str], outputs: int) -> tuple[str, ...]:
    """The names of the model's outputs: its own, else the data's, else their numbers.

    Parameters
    ----------
    model : Model
        May have class names.
    of_data : names
        Of the labels; empty if there are none.
    outputs : count
        Of values the model gives an instance.

    Raises
    ------
    ModelError
        The counts differ, or the same names stand in another order, so that label 3 and output 3 are not the same class.
    """
    mine, labels = distinct(model.classes), tuple(of_data)
    if labels and outputs != len(labels):
        raise ModelError(
            f"the model gives {outputs} values an instance, and the data have {len(labels)} classes; label and output must mean "
            "the same: give the reader classes=[…], all names in the order of the outputs."
        )
    if mine and outputs != len(mine):
        raise ModelError(f"the model gives {outputs} values an instance, but its classes name {len(mine)}.")
    if mine and labels and mine != labels and set(mine) == set(labels):
        first = next(i for i, (a, b) in enumerate(zip(mine, labels, strict=True)) if a != b)
        raise ModelError(
            f"model and data have the same classes in another order: output {first} is {mine[first]!r}, "
            f"label {first} is {labels[first]!r}. Give the reader classes=model.classes."
        )
    return labels or mine or tuple(str(index) for index in range(outputs))
