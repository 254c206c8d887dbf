"""Which model and which data does a person mean on the command line?"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from underglass.errors import DataError, ModelError, UnderglassError, unknown
from underglass.hosts.commands.model_files import FileSettings, model_from_file, refuse_settings
from underglass.models.files import is_model_file
from underglass.models.graphs import framework_of

if TYPE_CHECKING:
    from underglass.datasets import Dataset
    from underglass.models import Model

MAKE = "make"
TABLES = (".csv", ".tsv", ".parquet", ".pq", ".arrow", ".feather", ".ipc", ".gz")
IMAGES, LABELS = ("images", "x", "data", "x_test", "arr_0"), ("labels", "y", "targets", "y_test", "arr_1")


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are, where their names do not say it."""

    image: str | None = None
    text: str | None = None
    features: tuple[str, ...] | None = None
    label: str | None = None
    id: str | None = None
    split: str | None = None


def make_model(spec: str, settings: FileSettings | None = None) -> tuple[Model, Dataset | None]:
    """Read the model's file, or call the function that makes it; that may give the data as well: ``(dataset, model)``.

    Parameters
    ----------
    spec : "net.onnx", "net.keras", "net.h5", "package.module:function" or "path/file.py:function"
        The function is ``make`` when none is named. Modules are found from the working directory too.
    settings : what was typed about a file.

    Raises
    ------
    ModelError
        There is no such module or function, it fails (its own error is said with file and line), or it gives no model.
    """
    settings = settings or FileSettings()
    if is_model_file(spec):
        return model_from_file(spec, settings), None
    refuse_settings(spec, settings)
    made = make_anything(spec)
    dataset, model = made if isinstance(made, tuple) and len(made) == 2 else (None, made)
    if not hasattr(model, "forward") or not hasattr(model, "fingerprint"):
        kind = framework_of(model) if hasattr(model, "state_dict") or framework_of(model) != "torch" else ""
        hint = f": return underglass.models.{kind}(net, preprocess=…, classes=…)" if kind else ""
        raise ModelError(f"{spec} gives {type(model).__name__}, and a model of underglass.models is needed{hint}.")
    model.factory = spec
    return model, dataset


def make_anything(spec: str) -> Any:
    """What the named function gives, whatever it is; see `make_model` for how it is named and what may be wrong."""
    return _guarded(find_function(spec, "a function that makes a model"), spec)


def find_function(spec: str, what: str = "a function") -> Callable[..., Any]:
    """A person's own function by its name, ``package.module:function`` or ``file.py:function``; ``make`` if none is named.

    Raises
    ------
    ModelError
        There is no such module or function.
    """
    name, _, function = spec.rpartition(":") if ":" in spec.replace(":\\", "") else (spec, "", MAKE)
    module = _module(name or spec, spec)
    found = getattr(module, function or MAKE, None)
    if found is None:
        known = [one for one, value in vars(module).items() if callable(value) and not one.startswith("_")]
        raise ModelError(f"{name} has {unknown('function', function or MAKE, known)}")
    if not callable(found):
        raise ModelError(f"{spec} is {type(found).__name__}; it must be {what}.")
    function_found: Callable[..., Any] = found
    return function_found


def read_data(path: str, model: Model | None, columns: Columns, labels: str | None = None) -> Dataset:
    """The data set at a path: a folder of pictures, a table, or arrays.

    Parameters
    ----------
    path : folder, table or .npz
        Of an ``.npz``, the arrays called images (or x) and labels (or y) are taken.
    model : Model or None
        Its class names give the order of the labels, if the labels are among them.
    columns : Columns
        For tables.
    labels : path of a table
        For a folder, in place of the folders' names.

    Raises
    ------
    DataError
        Nothing there that can be read.
    """
    from underglass.capture import shown

    place = Path(path)
    classes = model.classes if model is not None and model.classes else None
    if not place.exists():
        near = sorted(one.name for one in place.parent.iterdir()) if place.parent.is_dir() else []
        raise DataError(unknown("file or folder", place.name, near) if near else f"{path!r} is not there.")
    if place.suffix == ".npz":
        return _arrays(place, classes)
    with shown() as progress:
        if place.is_dir():
            return _folder(place, classes, labels, progress)
        return _table(place, classes, columns, progress)


def _folder(place: Path, classes: Sequence[str] | None, labels: str | None, progress: Any) -> Dataset:
    from underglass import datasets

    given = labels if labels is not None else "folders"
    if classes is not None:
        try:
            return datasets.image_folder(place, labels=given, classes=classes, progress=progress)
        except DataError as error:
            if "class named" not in str(error):
                raise
    return datasets.image_folder(place, labels=given, progress=progress)


def _table(place: Path, classes: Sequence[str] | None, columns: Columns, progress: Any) -> Dataset:
    from underglass import datasets

    if not place.name.endswith(TABLES):
        raise DataError(f"{str(place)!r} is neither a folder of pictures, nor .npz, nor a table ({', '.join(TABLES[:6])}).")
    return datasets.table(
        place,
        image=columns.image,
        text=columns.text,
        features=columns.features,
        label=columns.label,
        id=columns.id,
        split=columns.split,
        classes=classes,
        progress=progress,
    )


def _arrays(place: Path, classes: Sequence[str] | None) -> Dataset:
    import numpy as np

    from underglass import datasets

    try:
        with np.load(place, allow_pickle=False) as file:
            found = {name.lower(): file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise DataError(f"{str(place)!r} cannot be read as arrays: {error}") from error
    x = next((found[name] for name in IMAGES if name in found), None)
    if x is None:
        raise DataError(f"{str(place)!r} holds {', '.join(found) or 'nothing'}; the instances must be called images or x.")
    return datasets.arrays(x, next((found[name] for name in LABELS if name in found), None), classes=classes)


def _module(name: str, spec: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    if name.endswith(".py") or "/" in name or "\\" in name:
        return _file(Path(name), spec)
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        found = None
    except ValueError:
        raise ModelError(f"{name!r} is no module's name.") from None
    if found is None:
        near = sorted(one.stem for one in Path.cwd().glob("*.py"))
        raise ModelError(f"{unknown('module', name, near)} A file is named with its ending: path/to/file.py:{MAKE}")
    module: ModuleType = _guarded(lambda: importlib.import_module(name), spec)
    return module


def _file(path: Path, spec: str) -> ModuleType:
    if not path.is_file():
        raise ModelError(f"{str(path)!r} is {'a folder' if path.is_dir() else 'not there'}; it must be a Python file.")
    found = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if found is None or found.loader is None:
        raise ModelError(f"{str(path)!r} is no Python file.")
    module = importlib.util.module_from_spec(found)
    beside = str(path.resolve().parent)
    if beside not in sys.path:
        sys.path.insert(0, beside)
    sys.modules[path.stem] = module
    _guarded(lambda: found.loader.exec_module(module), spec)  # type: ignore[union-attr]
    return module


def _guarded(call: Callable[[], Any], spec: str) -> Any:
    """Run a person's own code; what it raises becomes one line with its place."""
    try:
        return call()
    except UnderglassError:
        raise
    except (Exception, SystemExit) as error:  # a person's own code may raise anything
        raise ModelError(f"{spec} failed: {_said(error)}") from error


def _said(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    own = [frame for frame in frames if "site-packages" not in frame.filename and frame.filename != __file__] or frames
    place = f" ({_short(own[-1].filename)}, line {own[-1].lineno}: {own[-1].line})" if own else ""
    return f"{type(error).__name__}: {error}{place}"


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename
