"""What is a data set to the rest of the house?

Every reader ends in the same few members: a table with one row an instance, a way to load the raw instances that a
model's ``preprocess`` gets, and what a person is shown of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow as pa

Kind = Literal["image", "text", "row"]
Array = np.ndarray[Any, Any]
Progress = Callable[[int, int, str], None]
Skipped = tuple[str, str]


class Dataset(Protocol):
    """What capture and the case ask of a data set; any object with these members will do."""

    @property
    def kind(self) -> Kind:
        """What an instance is: ``"image"``, ``"text"`` or ``"row"`` (a record of features)."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, made distinct, in the order of the label's index; empty when there are no labels."""

    @property
    def table(self) -> pa.Table:
        """One row an instance: ``row`` int32, ``id``, ``label`` int32 (null = unlabelled), ``split``, then metadata."""

    @property
    def description(self) -> Mapping[str, Any]:
        """Where the instances come from, as plain JSON: reader, root, and what else explains them."""

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits over ids and bytes of the instances; labels and metadata are not part of it."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """What was left out, as pairs of id and reason."""

    def __len__(self) -> int:
        """Count of instances."""

    def load(self, rows: Sequence[int]) -> list[Any]:
        """Raw instances as ``preprocess`` gets them: an array (H, W, C) or (H, W), a text, or a dict of features."""

    def media(self, row: int) -> Array | str | Encoded | None:
        """What a person is shown of one instance: (H, W) or (H, W, 3) uint8, a text, `Encoded` bytes, or None."""


@dataclass(frozen=True)
class Encoded:
    """What a person is shown as it lies in a file: a sound (``audio/wav``) or a film (``video/mp4``), with its media type."""

    data: bytes = field(repr=False)
    type: str


@dataclass(frozen=True)
class Instances:
    """The `Dataset` that all readers of this room return.

    Parameters
    ----------
    kind, classes, table, description, skipped : see `Dataset`.
    identity : the fingerprint, or a function that computes it when it is asked for.
    source : ``row → raw instance``.
    show : ``row → what a person is shown``.
    """

    kind: Kind
    classes: tuple[str, ...]
    table: pa.Table
    description: Mapping[str, Any]
    identity: str | Callable[[], str] = field(repr=False)
    source: Callable[[int], Any] = field(repr=False)
    show: Callable[[int], Array | str | Encoded | None] = field(repr=False)
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits over ids and bytes of the instances."""
        return self.identity if isinstance(self.identity, str) else self.identity()

    def load(self, rows: Sequence[int]) -> list[Any]:
        """Raw instances of the given rows, in their order."""
        return [self.source(int(row)) for row in rows]

    def media(self, row: int) -> Array | str | Encoded | None:
        """What a person is shown of one instance."""
        return self.show(int(row))

    def __repr__(self) -> str:
        what = {"image": "images", "text": "texts", "row": "rows"}[self.kind]
        classes = f", {len(self.classes)} classes" if self.classes else ", no labels"
        skipped = f", {len(self.skipped):,} skipped" if self.skipped else ""
        return f"<{len(self):,} {what}{classes}{skipped}, read as {self.description.get('reader', 'given')}>"
