"""The worked example: a reader for WAV files, checked against samples that were written by hand."""

from __future__ import annotations

import doctest
import importlib
import re
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from underglass.errors import DataError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "audio_waveform"


@pytest.fixture
def reader(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    yield importlib.import_module("audio_waveform.wav_files")
    for name in [name for name in sys.modules if name.startswith("audio_waveform")]:
        del sys.modules[name]


def write(path, samples, *, rate=8000, width=2):
    """Samples (n, channels) in −1 to 1 as a WAV file of `width` bytes a sample."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = np.round(np.asarray(samples) * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    if width == 1:
        data = (whole + 128).astype(np.uint8).tobytes()
    else:
        data = whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(np.shape(samples)[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_samples_of_every_width_are_read_as_they_were_written(reader, tmp_path, width):
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, (500, 2))
    write(tmp_path / "a.wav", samples, width=width, rate=11025)

    found, rate = reader.read_wav(tmp_path / "a.wav")

    assert rate == 11025
    np.testing.assert_allclose(found, samples, atol=2 / 2 ** (8 * width - 1) + 1e-6)


def test_a_folder_becomes_instances_labelled_by_folder_and_what_is_broken_is_named(reader, tmp_path):
    square = np.full((800, 1), 0.5)
    write(tmp_path / "loud" / "a.wav", square)
    write(tmp_path / "quiet" / "é 🙂.wav", square / 10, rate=16000)
    write(tmp_path / "top.wav", np.zeros((0, 1)))
    (tmp_path / "loud" / "bad.wav").write_bytes(b"RIFF")
    (tmp_path / "loud" / "notes.txt").write_text("not a sound")

    data = reader.wav_folder(tmp_path)

    assert data.table.column("id").to_pylist() == ["loud/a.wav", "quiet/é 🙂.wav", "top.wav"]
    assert data.classes == ("loud", "quiet")
    assert data.table.column("label").to_pylist() == [0, 1, None]
    assert data.table.column("seconds").to_pylist() == [0.1, 0.05, 0.0]
    # 0.5 of full scale is 20 log10(0.5) = −6.02 dB
    assert data.table.column("loudness").to_pylist() == [-6.02, -26.02, -120.0]
    assert [name for name, _ in data.skipped] == ["loud/bad.wav"]
    assert data.media(0).type == "audio/wav"
    assert data.media(0).data == (tmp_path / "loud" / "a.wav").read_bytes()


def test_a_folder_without_sounds_says_so(reader, tmp_path):
    with pytest.raises(DataError, match=re.escape("is no folder; give the one that your WAV files lie in")):
        reader.wav_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"holds no WAV file that can be read$"):
        reader.wav_folder(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"no sound at all")
    with pytest.raises(DataError, match=r"holds no WAV file that can be read; the first, a.wav: it cannot be read as a WAV file"):
        reader.wav_folder(tmp_path)


def test_the_example_in_the_analysis_holds(reader):
    module = importlib.import_module("audio_waveform.loudness")
    assert doctest.testmod(module).failed == 0
    assert module.measure_loudness(np.array([])).rms == -120.0
