"""How many instances go through the model at a time, and how many into one shard?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import prod
from pathlib import Path

from underglass.models import Layer
from underglass.store import BLOCK

MIB = 1 << 20
CACHED = 96 * MIB
"""The widest layer's output for one batch: beyond it nothing is gained, and what is pooled is no longer in the caches."""
ON_DEVICE = 512 * MIB
"""The same for a model that is not on the CPU, where a batch hides the cost of starting each layer."""
SHARE_OF_MEMORY = 0.25
MOST_INSTANCES = 256
SHARD_BYTES = 128 * MIB
FEWEST_IN_SHARD, MOST_IN_SHARD, SHARDS_AIMED = 64, 8192, 64
FLOAT = 4


def choose_batch_size(layers: Sequence[Layer], *, device: str, available: int) -> int:
    """The largest power of two whose widest layer stays in the caches and whose sum of layers stays in the memory.

    Parameters
    ----------
    layers : all layers of the model
        With the shapes of one instance.
    device : "cpu" or another
        Where the model is.
    available : bytes
        Memory that may be used; a quarter of it is taken at most.

    Returns
    -------
    1 … 256.

    Examples
    --------
    >>> choose_batch_size([Layer("conv", "Conv2d", 96, (96, 112, 112), True)], device="cpu", available=1 << 33)
    16
    """
    sizes = [FLOAT * prod(layer.shape) for layer in layers] or [1]
    widest, whole = max(sizes), sum(sizes)
    fits = min((CACHED if device == "cpu" else ON_DEVICE) // widest, int(available * SHARE_OF_MEMORY) // whole)
    return min(1 << (max(fits, 1).bit_length() - 1), MOST_INSTANCES)


def choose_shard_size(instances: int, values: int) -> int:
    """How many instances a shard holds: so many that there are not thousands of files, so few that they fit in memory.

    Parameters
    ----------
    instances : count
        Of the whole data set.
    values : count
        Pooled numbers that one instance leaves: units times poolings, over all captured layers.

    Returns
    -------
    A power of two, 64 … 8,192.
    """
    size = BLOCK
    while size > FEWEST_IN_SHARD and size * values * FLOAT > SHARD_BYTES:
        size //= 2
    while size < MOST_IN_SHARD and instances > size * SHARDS_AIMED and 2 * size * values * FLOAT <= SHARD_BYTES:
        size *= 2
    return size


def available_memory() -> int:
    """Bytes this process may still take: what the system says is free, or what its container leaves it, if that is less."""
    free = _system_memory()
    limit, used = (_number(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.current"))
    return min(free, limit - used) if limit is not None and used is not None and limit > used else free


def _system_memory() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return 4096 * MIB


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
