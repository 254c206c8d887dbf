"""How is a captured model drawn as a figure? Its kept graph, a person's settings, and the pictures of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass import figures
from underglass.architecture.as_code import spelled
from underglass.architecture.graph import ModelGraph
from underglass.architecture.samples import Sample, read_sample
from underglass.architecture.style_files import style_settings
from underglass.errors import DataError, ModelError
from underglass.figures import Figure
from underglass.store import hash_bytes
from underglass.views.drawing import figure_of
from underglass.views.kept_graph import kept_graph
from underglass.views.layer_results import kept_result, model_of
from underglass.views.remembered import Remembered

if TYPE_CHECKING:
    from underglass.case import Case

KEPT, SAMPLES = "figure", "figure sample"
FORM = 1


@dataclass(frozen=True)
class CaseModel:
    """A captured model whose figure a person makes.

    Parameters
    ----------
    case : that it stands in.
    model : its name; the active one without.
    files : whether samples may be files and arrays too: not where a link brings the settings.
    """

    case: Case
    model: str | None = None
    files: bool = False

    @property
    def name(self) -> str:
        """Its name in the case."""
        return model_of(self.case, self.model).name

    @property
    def graph(self) -> ModelGraph:
        """Its kept graph."""
        return graph_of(self.case, self.model)

    def picture(self, given: Any) -> Sample:
        """A picture of the case by its row, or one that was kept."""
        return picture_of(self.case, given, files=self.files)

    def keep_picture(self, sample: Sample) -> str:
        """Keep a picture with the case."""
        key = hash_bytes(sample.data)
        meta = {"form": FORM, "model": ""}
        self.case.folder.results.put(SAMPLES, key, {"bytes": np.frombuffer(sample.data, np.uint8)}, meta, {})
        return f"kept:{key}"

    def picture_in_python(self, given: Any) -> Any:
        """As it is: `Case.figure` reads it."""
        return given

    def kept(self) -> dict[str, Any]:
        """What a person set last; nothing if that means nothing any more."""
        kept = kept_result(self.case, KEPT, self.name, FORM)
        return dict(kept.meta["settings"]) if kept is not None else {}

    def keep(self, settings: Mapping[str, Any]) -> None:
        """Keep settings with the case."""
        name = self.name
        self.case.folder.results.put(KEPT, name, {}, {"form": FORM, "model": name, "settings": dict(settings)}, {})

    @property
    def beginning(self) -> str:
        """The Python that opens the case; it names the model if there are several."""
        named = f"model={spelled(self.name)}, " if len(self.case.folder.models) > 1 else ""
        path = spelled(str(self.case.folder.path))
        return f"import underglass as ug\n\ncase = ug.Case.open({path})\nfigure = case.figure({named}"


def graph_of(case: Case, model: str | None = None) -> ModelGraph:
    """The kept graph of a captured model; read once as long as the weights are the same.

    Raises
    ------
    ModelError
        There is none; says why.
    """
    folder = model_of(case, model)
    key = str(case.folder.path), folder.name, folder.record.weights_hash, folder.record.captured_at

    def read() -> ModelGraph:
        found = kept_graph(case, model)
        if found.graph is None:
            raise ModelError(f"there is no graph of {found.model}: {found.problem}.")
        return found.graph

    return _graphs.get(key, read)


_graphs: Remembered[tuple[str, str, str, str], ModelGraph] = Remembered(4)


def drawn_figure(case: Case, settings: Mapping[str, Any], *, model: str | None = None) -> Figure:
    """As `figure_of`, for Python: a style may be a file, and a group that cannot be drawn is an error."""
    given = dict(settings)
    style = given.pop("style", None)
    if style is not None:
        given = style_settings(figures.make_style(style, {})) | given
    found = figure_of(CaseModel(case, model, files=True), given)
    figures.check_groups(found)
    return found


def picture_of(case: Case, given: Any, *, files: bool = False) -> Sample:
    """A picture of the case by its row, or one that was kept; with ``files`` anything that `read_sample` reads."""
    if isinstance(given, int) and not isinstance(given, bool):
        if not 0 <= given < case.folder.manifest.instances:
            raise DataError(f"there is no instance {given}; rows go from 0 to {case.folder.manifest.instances - 1}.")
        image = case.folder.media.image(given)
        if image is None:
            raise DataError(f"instance {given} is no picture: {case.folder.media.missing(given) or 'it has none'}.")
        return read_sample(image)
    if isinstance(given, str) and given.startswith("kept:"):
        kept = kept_result(case, SAMPLES, given.removeprefix("kept:"), FORM)
        if kept is None:
            raise DataError(f"the picture {given} is not kept with this case; give it again.")
        return read_sample(kept.arrays["bytes"].tobytes())
    if not files:
        raise DataError(f"the sample {given!r} is neither the row of an instance nor a picture kept with the case.")
    return read_sample(given)
