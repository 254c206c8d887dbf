"""What may a network continue? A series of numbers or a text, with the windows that the page would read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.errors import DataError

LEAST, MOST, MOST_SYMBOLS = 20, 2000, 64
WINDOW = {"series": 15, "text": 20}
TRIED = 8
"""Windows that a module is tried on."""


@dataclass(frozen=True)
class Sequences:
    """Data to continue.

    Parameters
    ----------
    values : (n,) as the network reads them; of a text, numbers of symbols.
    text : the text itself, or empty.
    alphabet : symbols in the order of the network's inputs; None for a series.
    windows : (tried, time, inputs) float32, as the network reads them.
    said : how many there are, in words.
    """

    values: list[float]
    text: str
    alphabet: list[str] | None
    windows: np.ndarray[Any, np.dtype[np.float32]]
    said: str


def series_of(data: Any) -> Sequences:
    """A series of numbers.

    Parameters
    ----------
    data
        (n,) finite values.

    Raises
    ------
    DataError
        If there are fewer than 20, they are all the same, or one is not finite.
    """
    try:
        values = np.asarray(data, float)
    except (TypeError, ValueError):
        raise DataError("the series should hold numbers; for a text give one string") from None
    if values.ndim == 2 and 1 in values.shape:
        values = values.ravel()
    if values.ndim != 1:
        raise DataError(f"the series should have one axis, (n,), not {values.shape}")
    if len(values) < LEAST:
        raise DataError(f"a series needs at least {LEAST} values to learn what follows what, and this one has {len(values)}")
    if not np.isfinite(values).all():
        raise DataError(f"value {int((~np.isfinite(values)).argmax())} of the series is not finite; leave gaps out or fill them")
    if (values == values[0]).all():
        raise DataError(f"all {len(values)} values are {values[0]:g}: there would be nothing to learn")
    kept = values[-MOST:]
    return Sequences(
        [float(f"{value:.9g}") for value in kept],
        "",
        None,
        _windows(kept[:, None].astype(np.float32), WINDOW["series"]),
        _said(len(kept), len(values), "values"),
    )


def text_of(text: str, alphabet: Sequence[str] | None) -> Sequences:
    """A text, one symbol a character.

    Parameters
    ----------
    text
        What is continued.
    alphabet
        Symbols in the order of the network's inputs; None for those of the text, sorted.

    Raises
    ------
    DataError
        If it has fewer than 20 characters, one symbol only, more than 64 symbols, or one that is not in the alphabet.
    """
    if len(text) < LEAST:
        raise DataError(f"a text needs at least {LEAST} characters, and this one has {len(text)}")
    symbols = list(alphabet) if alphabet is not None else sorted(set(text))
    foreign = next((one for one in text if one not in symbols), None)
    if foreign is not None:
        raise DataError(f"the text holds {foreign!r}, which is not in the alphabet; give all symbols of the network in its order")
    if len(set(text)) < 2:
        raise DataError(f"the text holds one symbol only ({text[0]!r}): what follows is always the same")
    if len(symbols) > MOST_SYMBOLS:
        raise DataError(f"the alphabet holds {len(symbols)} symbols; the page shows at most {MOST_SYMBOLS}")
    kept = text[-MOST:]
    numbers = np.array([symbols.index(one) for one in kept])
    hot = np.eye(len(symbols), dtype=np.float32)[numbers]
    said = _said(len(kept), len(text), "characters")
    return Sequences([float(one) for one in numbers], kept, symbols, _windows(hot, WINDOW["text"]), said)


def _windows(rows: np.ndarray[Any, np.dtype[np.float32]], most: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    length = min(most, len(rows) // 2)
    starts = np.unique(np.linspace(0, len(rows) - length, TRIED).astype(int))
    return np.stack([rows[start : start + length] for start in starts])


def _said(kept: int, of: int, what: str) -> str:
    return f"{kept:,} {what}" if kept == of else f"the last {kept:,} of {of:,} {what}"
