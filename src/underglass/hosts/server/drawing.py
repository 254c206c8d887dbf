"""Which models are drawn here without a case? Those a command brought, and files that a page sent; no code of them is run."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from underglass.architecture.as_code import spelled
from underglass.errors import ModelError, UnderglassError, unknown
from underglass.hosts.answering import NotFound, Reply, called
from underglass.hosts.server.sending import SentFile
from underglass.hosts.server.start import state_folder
from underglass.models.files import ENDINGS
from underglass.views.drawing import ANSWERS
from underglass.views.lone_model import LoneModel, call_of

MOST = 8
"""Models that are held at once; the one that was asked longest ago goes first."""
GONE = "this model is not open here any more: choose its file again."
TERMINAL = "draw it from a terminal: underglass figure FILE --edit"


class Drawing:
    """The models that pages draw.

    Parameters
    ----------
    given : models to begin with.
    home : folder where what a person sets is kept; by default in their state folder.
    """

    def __init__(self, given: Iterable[LoneModel] = (), home: Path | None = None) -> None:
        self.home = home or figures_folder()
        self._sent = SentFile("model", TERMINAL)
        self._models = {one.id: one for one in given}
        self._guard = threading.Lock()

    def receive(self, name: str, at: int, data: bytes) -> dict[str, int]:
        """Take a piece of a model file; see `SentFile.receive`."""
        return self._sent.receive(name, at, data)

    def open(self) -> dict[str, str]:
        """Read the model that was sent; gives what it is called here, or why it cannot be read. The file is taken away."""
        path = self._sent.path
        if path is None:
            return {"refused": "no model was sent yet; choose its file once more."}
        try:
            model = lone_file(path, home=self.home, said=path.name)
        except UnderglassError as error:
            return {"refused": str(error).replace(str(path), path.name)}
        finally:
            self._sent.forget()
        with self._guard:
            self._models[model.id] = model
            while len(self._models) > MOST:
                self._models.pop(next(iter(self._models)))
        return {"model": model.id}

    def answer(self, model: str, name: str, arguments: Mapping[str, Any]) -> Reply:
        """Answer a question of the editor about a model; of one that is gone, its scene is why there is none.

        Raises
        ------
        NotFound
            The model is not open here, or there is no such question.
        UnderglassError
            It is refused; the message is for people.
        """
        with self._guard:
            found = self._models.pop(model, None)
            if found is not None:
                self._models[model] = found
        if found is None and name == "scene":
            return Reply({"model": None, "problem": GONE, "scene": None})
        if found is None:
            raise NotFound(GONE)
        return called(found, ANSWERS, name, arguments, of="a figure")

    def close(self) -> None:
        """Take away what was sent."""
        self._sent.forget()


def figures_folder() -> Path:
    """Where the figures of models without a case are kept."""
    return state_folder() / "figures"


def lone_file(path: Path, *, home: Path, said: str, shape: Any = None) -> LoneModel:
    """A model file as it is drawn without a case.

    Parameters
    ----------
    path : of an .onnx, .keras or .h5 file.
    home : folder for what is kept.
    said : how Python names the file.
    shape : of its input, in place of its own.
    """
    from underglass.models.graphs import read_graph

    if path.suffix.lower() not in ENDINGS:
        raise ModelError(unknown("model file", path.suffix or path.name, ENDINGS))
    graph = read_graph(path, shape)
    return LoneModel(graph, plain_name(path.stem), home, call_of(spelled(said), shape))


def plain_name(text: str) -> str:
    """A name that files and links can have.

    Examples
    --------
    >>> plain_name("My net (v2)"), plain_name("…")
    ('My-net-v2', 'model')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:60] or "model"
