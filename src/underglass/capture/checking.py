"""What would a capture find? Eight instances through the model, looked at closely, before the long run.

Wrong preprocessing is the commonest silent error: everything runs, and every number is a little wrong. So ranges, examples
and an accuracy on a sample stand beside what a person knows of the model.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underglass.capture.batches import available_memory, choose_batch_size
from underglass.capture.choice import choose_classes, choose_layers
from underglass.capture.doubts import Evidence, doubts
from underglass.capture.verification import probe_rows
from underglass.datasets import Dataset
from underglass.errors import DataError
from underglass.models import Layer, Model, Range

SAMPLE = 512
SECONDS = 5.0

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Example:
    """One probe instance: what it is called, what it is, and what the model takes it for.

    Parameters
    ----------
    label : class name, None if unlabelled.
    confidence : probability of the prediction, 0 to 1.
    """

    id: int | str
    label: str | None
    prediction: str
    confidence: float

    @property
    def right(self) -> bool | None:
        """Whether prediction and label agree; None without a label."""
        return None if self.label is None else self.label == self.prediction


@dataclass(frozen=True)
class CheckReport:
    """What eight instances show of a model and its data.

    Parameters
    ----------
    model, data : each in a line.
    instances : count of the whole data set.
    raw : range of the raw instances; None if they are no numbers.
    inputs : ranges of what preprocessing makes of them, one for each tensor.
    outputs : range of the outputs.
    classes : names of the outputs.
    layers : every layer; what a capture takes by itself is ``suggested``.
    examples : the probe instances.
    right, sampled : how many of a sample of labelled instances were predicted right; sampled is 0 without labels.
    accuracy_stated : by the model's author, or None.
    batch_size : what a capture would take.
    seconds : estimate for a capture of the suggested layers.
    stored : estimate of the bytes it would write.
    warnings : what is suspicious, most serious first; each says what to do.
    """

    model: str
    data: str
    instances: int
    raw: Range | None
    inputs: tuple[Range, ...]
    outputs: Range
    classes: tuple[str, ...]
    layers: tuple[Layer, ...]
    examples: tuple[Example, ...]
    right: int
    sampled: int
    accuracy_stated: float | None
    batch_size: int
    seconds: float
    stored: int
    warnings: tuple[str, ...]

    @property
    def suggested(self) -> tuple[Layer, ...]:
        """The layers a capture takes when none are named."""
        return tuple(layer for layer in self.layers if layer.suggested)

    def __str__(self) -> str:
        lines = [self.model, self.data]
        if self.raw is not None:
            lines.append(f"instances   {self.raw}")
        lines += [f"inputs      {one}" for one in self.inputs]
        lines += [f"outputs     {self.outputs}", f"layers      {len(self.layers)}, {len(self.suggested)} suggested"]
        for one in self.examples:
            sign = {True: "right", False: "wrong", None: "—"}[one.right]
            lines.append(f"  {one.id!s:<20} {one.label or '—':<20} → {one.prediction} {share(one.confidence)}  {sign}")
        if self.sampled:
            stated = "" if self.accuracy_stated is None else f", stated {self.accuracy_stated:.1%}"
            lines.append(f"accuracy    {self.right / self.sampled:.1%} ({self.right} of {self.sampled}){stated}")
        lines.append(f"capture     {duration(self.seconds)}, {size(self.stored)}, {self.batch_size} at a time")
        return "\n".join(lines + [f"! {warning}" for warning in self.warnings])


def check(dataset: Dataset, model: Model, *, layers: Sequence[str] | None = None, sample: int = SAMPLE) -> CheckReport:
    """Look closely at what a model makes of a data set, in a few seconds.

    Parameters
    ----------
    dataset : Dataset
        At least one instance.
    model : Model
        From `underglass.models`.
    layers : names
        Those a capture would take; the suggested without.
    sample : count
        Most labelled instances to measure an accuracy on; cut short after five seconds.

    Raises
    ------
    DataError
        There is no instance.
    ModelError
        The model cannot take the instances, or does not repeat itself.
    LayerError
        An unknown layer.
    """
    if not len(dataset):
        raise DataError("there are no instances to check the model with.")
    rows = probe_rows(len(dataset))
    raw = dataset.load(rows)
    known = model.layers(raw[:1])
    chosen = choose_layers(known, layers)
    prepared = model.prepare(raw)
    forward = model.forward(prepared)
    classes = choose_classes(model, dataset.classes, forward.probabilities.shape[1])
    model.fingerprint(raw)
    batch_size = min(choose_batch_size(known, device=model.device, available=available_memory()), len(dataset))
    timed = _Timed(dataset, model, [layer.name for layer in chosen], batch_size)
    seconds = timed.seconds_an_instance() * len(dataset)
    labels = dataset.table.column("label").fill_null(-1).to_numpy()
    predicted, expected = timed.sample(labels, sample)
    given = forward.logits if forward.logits is not None else forward.probabilities
    evidence = Evidence(
        model=model,
        inputs=model.ranges(prepared),
        scores=given,
        probabilities=forward.probabilities,
        alone=model.forward(raw[:1]).probabilities,
        classes=classes,
        of_data=dataset.classes,
        predicted=predicted,
        expected=expected,
        skipped=len(dataset.skipped),
        instances=len(dataset),
    )
    return CheckReport(
        model=str(model).strip("<>"),
        data=str(dataset).strip("<>"),
        instances=len(dataset),
        raw=_raw_range(raw),
        inputs=evidence.inputs,
        outputs=Range.of(given),
        classes=classes,
        layers=known,
        examples=_examples(dataset, rows, forward.probabilities, classes),
        right=int((predicted == expected).sum()),
        sampled=len(expected),
        accuracy_stated=model.accuracy,
        batch_size=batch_size,
        seconds=seconds,
        stored=len(dataset) * (2 * 2 * sum(layer.units for layer in chosen) + 4 * len(classes)),
        warnings=tuple(doubts(evidence)),
    )


class _Timed:
    """Runs batches as a capture would, and keeps an eye on the clock."""

    def __init__(self, dataset: Dataset, model: Model, layers: Sequence[str], batch_size: int) -> None:
        self.dataset, self.model, self.layers, self.batch_size = dataset, model, layers, batch_size

    def seconds_an_instance(self) -> float:
        """Of the faster of two batches with hooks: the first also warms caches and allocators up."""
        rows = range(self.batch_size)
        return min(self._once(rows), self._once(rows)) / len(rows)

    def sample(self, labels: Array, most: int) -> tuple[Array, Array]:
        """Predictions and labels, (k,) int each, of labelled instances spread evenly over the data."""
        labelled = np.flatnonzero(labels >= 0)
        rows = labelled[probe_rows(len(labelled), most)] if len(labelled) else labelled
        rows = np.random.default_rng(0).permutation(rows)
        predicted: list[int] = []
        began = time.perf_counter()
        while len(predicted) < len(rows) and time.perf_counter() - began < SECONDS:
            batch = rows[len(predicted) : len(predicted) + self.batch_size]
            predicted += self.model.forward(self.dataset.load(batch.tolist())).probabilities.argmax(1).tolist()
        return np.asarray(predicted, int), labels[rows[: len(predicted)]].astype(int)

    def _once(self, rows: Sequence[int]) -> float:
        began = time.perf_counter()
        self.model.forward(self.dataset.load(rows), self.layers, ("max", "mean"))
        return time.perf_counter() - began


def _examples(dataset: Dataset, rows: Sequence[int], probabilities: Array, classes: Sequence[str]) -> tuple[Example, ...]:
    ids, labels = (dataset.table.column(name).take(list(rows)).to_pylist() for name in ("id", "label"))
    best = probabilities.argmax(1)
    return tuple(
        Example(name, None if label is None else classes[label], classes[int(top)], float(shares[top]))
        for name, label, top, shares in zip(ids, labels, best, probabilities, strict=True)
    )


def _raw_range(raw: Sequence[Any]) -> Range | None:
    arrays = [value for value in raw if isinstance(value, np.ndarray) and value.dtype.kind in "uifb"]
    if len(arrays) < len(raw):
        return None
    flat = np.concatenate([value.reshape(-1) for value in arrays])
    shapes = {value.shape for value in arrays}
    return Range.of(flat, shape=arrays[0].shape if len(shapes) == 1 else None, kind=str(arrays[0].dtype))


def share(value: float) -> str:
    """A probability in two digits, never 0 or 1 when it is not.

    Examples
    --------
    >>> share(0.514), share(0.999), share(0.001), share(1.0)
    ('.51', '> .99', '< .01', '1')
    """
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    if value < 0.01:
        return "< .01"
    return "> .99" if value > 0.99 else f"{value:.2f}".lstrip("0")


def duration(seconds: float) -> str:
    """A time to wait, in the unit a person would use.

    Examples
    --------
    >>> duration(0.4), duration(40), duration(400), duration(9000)
    ('under 1 s', 'about 40 s', 'about 7 min', 'about 2.5 h')
    """
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def size(count: float) -> str:
    """An amount of bytes.

    Examples
    --------
    >>> size(900), size(886_000), size(2_500_000_000)
    ('900 bytes', '886 kB', '2.5 GB')
    """
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.3g} {unit}"
    return f"{count / 1000:.3g} TB"
