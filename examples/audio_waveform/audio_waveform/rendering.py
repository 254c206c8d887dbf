"""How is a sound shown? As a waveform; in the side panel with a player below it."""

from pathlib import Path

from underglass.extensions import InstanceRenderer

RENDERER = InstanceRenderer(
    name="waveform",
    title="Waveform",
    media=("audio/*",),
    module=Path(__file__).parent / "browser" / "waveform.js",
)
