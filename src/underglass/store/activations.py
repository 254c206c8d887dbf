"""What did a layer do on every instance? Pooled values of one layer, read from memory maps.

On the disk each shard of instances is one array ``(units, instances of the shard)``: a unit over all instances is one
stretch per shard, a whole layer is read once through. Values come out as float32, whatever they are stored as.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from underglass.errors import CaseError, LayerError
from underglass.store.npy import open_array

BLOCK = 512
STORED = (np.dtype(np.float16), np.dtype(np.float32))
Floats = np.ndarray[Any, np.dtype[np.float32]]


class Activations:
    """One layer under one pooling, ``(instances, units)``.

    Parameters
    ----------
    paths
        The shards' files, in the order of their instances.
    instances
        How many instances, in all.
    units
        How many units.
    shard_size
        Instances per shard; the last shard may hold fewer.
    content
        The hash of all values, that results are keyed by.
    """

    def __init__(
        self, paths: Sequence[Path], *, layer: str, pooling: str, instances: int, units: int, shard_size: int, content: str
    ) -> None:
        self.layer, self.pooling, self.hash = layer, pooling, content
        self.shape = (instances, units)
        self._paths, self._shard_size = tuple(paths), shard_size
        self._shards: list[np.ndarray[Any, Any] | None] = [None] * len(self._paths)

    def __repr__(self) -> str:
        return f"Activations({self.layer!r}, {self.pooling!r}, {self.shape[0]} instances × {self.shape[1]} units)"

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """As stored: float16, or float32 if any shard needed it."""
        stored = {self._shard(i).dtype for i in range(len(self._paths))}
        return STORED[1] if STORED[1] in stored else STORED[0]

    def unit(self, unit: int) -> Floats:
        """One unit over all instances, ``(instances,)`` float32."""
        return self.units([unit])[:, 0]

    def units(self, units: Sequence[int] | np.ndarray[Any, Any]) -> Floats:
        """Some units over all instances, ``(instances, units asked)`` float32."""
        wanted = self._checked_units(units)
        out = np.empty((len(wanted), self.shape[0]), np.float32)
        for where, shard in self._each():
            out[:, where] = shard[wanted]
        return out.T

    def rows(self, rows: Sequence[int] | np.ndarray[Any, Any]) -> Floats:
        """All units on some instances, in the order asked, ``(rows, units)`` float32."""
        index = np.asarray(rows)
        if index.size and (index.ndim != 1 or index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= self.shape[0]):
            raise LayerError(f"rows of {self.layer!r} are whole numbers from 0 to {self.shape[0] - 1}")
        index = index.astype(np.int64).reshape(-1)
        out = np.empty((len(index), self.shape[1]), np.float32)
        shard_of = index // self._shard_size
        for i in np.unique(shard_of):
            here = np.flatnonzero(shard_of == i)
            out[here] = self._shard(int(i))[:, index[here] - i * self._shard_size].T
        return out

    def array(self) -> Floats:
        """The whole layer, ``(instances, units)`` float32, C-ordered; 4 bytes a value."""
        out = np.empty(self.shape, np.float32)
        for where, shard in self._each():
            for start in range(0, shard.shape[1], BLOCK):
                out[where][start : start + BLOCK] = shard[:, start : start + BLOCK].T
        return out

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """The layer in consecutive pieces of at most 512 instances: where they stand, and ``(k, units)`` float32."""
        for where, shard in self._each():
            for start in range(0, shard.shape[1], BLOCK):
                piece = shard[:, start : start + BLOCK]
                out = np.empty((piece.shape[1], self.shape[1]), np.float32)
                out[...] = piece.T
                yield slice(where.start + start, where.start + start + piece.shape[1]), out

    def _each(self) -> Iterator[tuple[slice, np.ndarray[Any, Any]]]:
        for i in range(len(self._paths)):
            shard = self._shard(i)
            yield slice(i * self._shard_size, i * self._shard_size + shard.shape[1]), shard

    def _shard(self, i: int) -> np.ndarray[Any, Any]:
        found = self._shards[i]
        if found is None:
            start = i * self._shard_size
            found = open_array(self._paths[i], shape=(self.shape[1], min(self._shard_size, self.shape[0] - start)))
            if found.dtype not in STORED:
                raise CaseError(f"{self._paths[i]} is damaged: it holds {found.dtype} values")
            self._shards[i] = found
        return found

    def _checked_units(self, units: Sequence[int] | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        wanted = np.asarray(units)
        if wanted.ndim != 1 or (
            wanted.size and (wanted.dtype.kind not in "iu" or wanted.min() < 0 or wanted.max() >= self.shape[1])
        ):
            shown = wanted.reshape(-1)[0] if wanted.size == 1 else wanted.tolist()
            raise LayerError(f"layer {self.layer!r} has units 0 to {self.shape[1] - 1}, not {shown}")
        return wanted.astype(np.int64)
