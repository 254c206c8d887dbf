"""How the shipped table of the demo `sounds` was made from the package ``vggsounder`` 1.0; run as a module with its CSV.

The 2.2 MB table has a row for each label; what is shipped has a row for each clip and numbers in place of names.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from underglass.datasets import read_labels

ATTRIBUTES = ("background_music", "voice_over", "static_image")


def pack(table: Path, to: Path) -> None:
    """Write the clips, their labels and attributes as a compressed ``.npz`` without Python objects.

    Parameters
    ----------
    table : path
        ``vggsounder/data/vggsounder+background-music.csv`` of the wheel.
    to : path
        Where the ``.npz`` goes.
    """
    read = read_labels(table, labels="label", id="video_id")
    clips = read.instances.table
    np.savez_compressed(
        to,
        ids=np.frombuffer("\n".join(clips["id"].to_pylist()).encode(), np.uint8),
        names=np.frombuffer("\n".join(read.names).encode(), np.uint8),
        lengths=np.diff(read.starts).astype(np.uint8),
        labels=read.found.astype(np.uint16),
        attributes=np.array([clips[name].to_pylist() for name in ATTRIBUTES], bool),
    )


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
