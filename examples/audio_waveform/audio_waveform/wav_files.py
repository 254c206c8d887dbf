"""How do the sounds of a folder become instances? Every WAV file is one; the folder it lies in is its label."""

from __future__ import annotations

import hashlib
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from audio_waveform.loudness import measure_loudness
from underglass.datasets import Encoded, Instances
from underglass.datasets.instances import instance_table
from underglass.errors import DataError

LARGEST = 50_000_000
"""Bytes; a longer file is skipped, since a case keeps what it shows."""


def wav_folder(path: str | Path) -> Instances:
    """The WAV files below a folder, labelled by the folder they lie in.

    Parameters
    ----------
    path : folder
        Files of uncompressed samples (8, 16, 24 or 32 bits); others are skipped and named.

    Raises
    ------
    DataError
        There is no such folder, or no WAV file that can be read.
    """
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{root} is no folder; give the one that your WAV files lie in")
    files, sounds, skipped = [], [], []
    for file in sorted(root.rglob("*")):
        if file.suffix.lower() != ".wav" or not file.is_file():
            continue
        name = file.relative_to(root).as_posix()
        try:
            samples, rate = read_wav(file)
        except (DataError, OSError) as error:
            skipped.append((name, str(error)))
            continue
        files.append(file)
        sounds.append((name, samples, rate, measure_loudness(samples)))
    if not files:
        reasons = f"; the first, {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise DataError(f"{root} holds no WAV file that can be read{reasons}")
    folders = [Path(name).parent.as_posix() for name, *_ in sounds]
    classes = tuple(sorted({folder for folder in folders if folder != "."}))
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    table = instance_table(
        len(files),
        ids=[name for name, *_ in sounds],
        labels=pa.array([classes.index(folder) if folder in classes else None for folder in folders], pa.int32()),
        metadata={
            "seconds": [round(len(samples) / rate, 4) for _, samples, rate, _ in sounds],
            "rate": [rate for _, _, rate, _ in sounds],
            "channels": [samples.shape[1] for _, samples, _, _ in sounds],
            "loudness": [loudness.rms for *_, loudness in sounds],
            "loudest": [loudness.peak for *_, loudness in sounds],
        },
    )
    return Instances(
        "row",
        classes,
        table,
        {"reader": "wav_folder", "root": str(root.resolve()), "title": f"{root.name}, a folder of sounds"},
        lambda: hashlib.sha256("\n".join(digests).encode()).hexdigest()[:32],
        lambda row: sounds[row][1],
        lambda row: Encoded(files[row].read_bytes(), "audio/wav"),
        tuple(skipped),
    )


def read_wav(file: Path) -> tuple[np.ndarray[Any, Any], int]:
    """The samples of a file, ``(samples, channels)`` float32 in −1 to 1, and how many a second.

    Raises
    ------
    DataError
        It is no WAV file of uncompressed samples, or too large.
    """
    if file.stat().st_size > LARGEST:
        raise DataError(f"it is larger than {LARGEST:,} bytes")
    try:
        with wave.open(str(file), "rb") as opened:
            width, channels, rate = opened.getsampwidth(), opened.getnchannels(), opened.getframerate()
            raw = opened.readframes(opened.getnframes())
    except (wave.Error, EOFError) as error:
        raise DataError(f"it cannot be read as a WAV file: {error or 'it is cut short'}") from None
    if width not in (1, 2, 3, 4):
        raise DataError(f"it has {8 * width} bits a sample; 8, 16, 24 and 32 can be read")
    whole = np.frombuffer(raw[: len(raw) // (width * channels) * (width * channels)], np.uint8).reshape(-1, width)
    if width == 1:
        values = whole[:, 0].astype(np.float32) / 128 - 1
    else:
        wide = np.zeros((len(whole), 4), np.uint8)
        wide[:, 4 - width :] = whole
        values = wide.view("<i4")[:, 0].astype(np.float32) / 2**31
    return values.reshape(-1, channels), rate
