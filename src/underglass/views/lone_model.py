"""How is a model drawn that stands in no case? From its graph; what a person sets is kept in a folder of theirs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from underglass.architecture.as_code import spelled
from underglass.architecture.graph import ModelGraph
from underglass.architecture.samples import Sample, read_sample
from underglass.errors import DataError, UnderglassError
from underglass.store import hash_bytes

KEPT = re.compile(r"kept:([0-9a-f]{32}\.(?:png|jpeg))")
FORM = 1
MOST_PICTURES = 32
"""Kept for one model; of more, those given longest ago go, but none that is drawn now."""
SHORT = 10
"""Letters of a hash that tell models of one name apart."""


@dataclass(frozen=True)
class LoneModel:
    """A model whose figure a person makes, without a case.

    Parameters
    ----------
    graph : all its operations.
    name : of the files that are made.
    home : folder in which settings and pictures are kept, for this model in a folder of its own.
    call : the Python that makes the figure, up to the first setting: ``figure = ug.figure("net.onnx", ``.
    before : lines that come before it, such as an import.
    """

    graph: ModelGraph
    name: str
    home: Path = field(repr=False)
    call: str
    before: str = ""

    @cached_property
    def id(self) -> str:
        """What it is called in a link: another one if its operations change."""
        said = json.dumps(self.graph.as_json(), sort_keys=True, ensure_ascii=False)
        return f"{self.name}-{hash_bytes(said.encode())[:SHORT]}"

    @property
    def folder(self) -> Path:
        """Where what belongs to it is kept; made when something is."""
        return self.home / self.id

    def picture(self, given: Any) -> Sample:
        """A picture that was kept."""
        return read_sample(self._place(given))

    def keep_picture(self, sample: Sample) -> str:
        """Keep a picture for this model."""
        file = f"{hash_bytes(sample.data)}.{sample.kind}"
        self._write(file, sample.data)
        self._forget_pictures(but=file)
        return f"kept:{file}"

    def picture_in_python(self, given: Any) -> Any:
        """The file it is kept in."""
        return str(self._place(given))

    def kept(self) -> dict[str, Any]:
        """What a person set last; nothing if it cannot be read."""
        try:
            found = json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        settings = found.get("settings") if isinstance(found, dict) and found.get("form") == FORM else None
        return settings if isinstance(settings, dict) else {}

    def keep(self, settings: Mapping[str, Any]) -> None:
        """Keep settings for the next time this model is drawn."""
        self._write("settings.json", json.dumps({"form": FORM, "settings": dict(settings)}, ensure_ascii=False).encode())

    @property
    def beginning(self) -> str:
        """The Python that names the model."""
        return f"import underglass as ug\n{self.before}\n{self.call}"

    def _place(self, given: Any) -> Path:
        found = KEPT.fullmatch(given) if isinstance(given, str) else None
        if found is None:
            raise DataError(f"the sample {given!r} is no picture that was kept for this model; give its file.")
        place = self.folder / found[1]
        if not place.is_file():
            raise DataError(f"the picture {given} is not kept for this model; give it again.")
        return place

    def _forget_pictures(self, *, but: str) -> None:
        samples = self.kept().get("samples")
        drawn = {but, *(str(one).removeprefix("kept:") for one in samples.values())} if isinstance(samples, dict) else {but}
        others = [one for one in self.folder.iterdir() if KEPT.fullmatch(f"kept:{one.name}") and one.name not in drawn]
        others.sort(key=lambda one: one.stat().st_mtime_ns)
        for old in others[: max(0, len(others) + len(drawn) - MOST_PICTURES)]:
            old.unlink(missing_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        place = self.folder / name
        draft = place.with_name(f"{name}.{os.getpid()}.part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(place)
        except OSError as error:
            raise UnderglassError(f"{name} cannot be kept in {place.parent}: {error.strerror or error}") from None


def call_of(model: str, shape: Any = None) -> str:
    """The call of `underglass.figure`, up to the first setting.

    Parameters
    ----------
    model : as Python writes it: ``make()``, or a path in quotes.
    shape : of its input, if it must be said.

    Examples
    --------
    >>> call_of("make()", (1, 3, 8, 8))
    'figure = ug.figure(make(), (1, 3, 8, 8), '
    >>> call_of(spelled("net.onnx"))
    'figure = ug.figure("net.onnx", '
    """
    return f"figure = ug.figure({model}, {'' if shape is None else f'{_shape(shape)}, '}"


def _shape(shape: Any) -> str:
    """Sizes as Python writes them: tuples stay tuples."""
    if isinstance(shape, Mapping):
        return "{" + ", ".join(f"{spelled(name)}: {_shape(one)}" for name, one in shape.items()) + "}"
    if isinstance(shape, list):
        return f"[{', '.join(map(_shape, shape))}]"
    return f"({', '.join(map(spelled, shape))}{',' if len(shape) == 1 else ''})"
