"""``underglass figure``: a model as a figure for a paper, in a file or in the browser to be made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import typer

from underglass.hosts.commands.options import NoOpen, Port

if TYPE_CHECKING:
    from underglass.figures import Figure
    from underglass.views.lone_model import LoneModel

Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="An .onnx, .keras or .h5 file, or the function that makes it: [cyan]my_pkg:make[/]."),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        metavar="SIZES",
        help="With the batch: 1,3,224,224. Several inputs with semicolons; names with =. Keras and ONNX say their own.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help=".svg, .pdf, .png, .tex (TikZ) or .json; figure.svg by default."),
]
Edit = Annotated[bool, typer.Option("--edit", help="Make the figure by hand in the browser; no case and no data are needed.")]


def figure(
    model: Model,
    *,
    input_shape: InputShape = None,
    output: Output = None,
    edit: Edit = False,
    depth: Annotated[int | None, typer.Option(help="Level of modules drawn as one; 0 for none.")] = None,
    palette: Annotated[str | None, typer.Option(help="tol-light, okabe-ito, tol-muted or hues.")] = None,
    texture: Annotated[bool, typer.Option("--texture", help="Hatchings in place of colours.")] = False,
    names: Annotated[bool, typer.Option("--names", help="Write types above the glyphs.")] = False,
    no_legend: Annotated[bool, typer.Option("--no-legend", help="Leave out the legend.")] = False,
    legend_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The legend as a file of its own.")] = None,
    width: Annotated[str | None, typer.Option(help="On paper, such as 8.5cm.")] = None,
    routes: Annotated[bool, typer.Option("--routes", help="A glyph for every split.")] = False,
    group: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FIRST:LAST", help="Layers drawn as one: Stem=conv1:maxpool. Repeatable.")
    ] = None,
    sample: Annotated[
        list[str] | None, typer.Option(metavar="INPUT=FILE", help="A picture for a box: input=photo.png. Repeatable.")
    ] = None,
    style: Annotated[Path | None, typer.Option(metavar="FILE", help="A style, .json or .toml.")] = None,
    save_style: Annotated[Path | None, typer.Option(metavar="FILE", help="Write this figure's style for another one.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other setting: feature_scale=log. Repeatable.")
    ] = None,
    port: Port = None,
    no_open: NoOpen = False,
) -> None:
    """Draw a model: width for features, height for resolution, repeats folded, with a legend.

    With --edit the figure opens in the browser instead, on 127.0.0.1 with a token: group, rename, colour, save.
    """
    from underglass import figures
    from underglass.errors import UnderglassError, unknown
    from underglass.hosts.commands.given import make_anything
    from underglass.hosts.commands.saying import aside, out
    from underglass.models.files import is_model_file

    if edit and (output is not None or legend_file is not None):
        raise UnderglassError("with --edit the figure is saved from the browser: leave out -o and --legend-file.")
    place = output or Path("figure.svg")
    for file in (place, legend_file):
        if file is not None and file.suffix.lower() not in figures.FORMATS:
            raise UnderglassError(unknown("format", file.suffix, figures.FORMATS))
    look: dict[str, Any] = {} if palette is None else {"palette": palette}
    look |= {"texture": True} if texture else {}
    look |= {"names": True} if names else {}
    look |= {"legend": False} if no_legend else {}
    look |= {"depth": depth} if depth is not None else {}
    look |= {name: read_value(value) for name, value in pairs(set_, "--set", "feature_scale=log").items()}
    groups = [(name, *ends(name, value)) for name, value in pairs(group, "--group", "Stem=conv1:maxpool").items()]
    samples = pairs(sample, "--sample", "input=photo.png")
    made: Any = model
    pair = False
    if not is_model_file(model):
        made = make_anything(model)
        pair = isinstance(made, tuple) and len(made) == 2
        made = made[1] if pair else made
    shape = read_shape(input_shape) if input_shape is not None else None
    drawn = figures.figure(
        made,
        shape,
        width=width,
        routes=routes,
        groups=groups,
        samples=samples,
        style=style,
        **look,
    )
    if not edit:
        drawn.save(place, legend=legend_file)
    if save_style is not None:
        drawn.save_style(save_style)
    if drawn.graph.reason:
        aside().print(drawn.graph.reason, style="dim", markup=False)
    if edit:
        from underglass.hosts.commands.options import Reach
        from underglass.hosts.commands.serving import show
        from underglass.hosts.server.drawing import Drawing

        lone, settings = alone(drawn, model, shape, pair=pair, samples=samples)
        show(None, Reach(port, not no_open, view=address_of(lone, settings)), drawing=Drawing([lone]))
        return
    out().print(f"{place} · {len(drawn.drawing.blocks)} glyphs · {drawn.graph.parameters:,} parameters", markup=False)


def alone(
    drawn: Figure, model: str, shape: Any, *, pair: bool, samples: Mapping[str, str], home: Path | None = None
) -> tuple[LoneModel, dict[str, Any]]:
    """A model as the editor draws it without a case, and the settings that were typed.

    Parameters
    ----------
    pair : whether the maker gives data as well.
    home : folder for what is kept; the person's own by default.
    """
    from underglass.architecture.as_code import spelled
    from underglass.architecture.samples import read_sample
    from underglass.hosts.server.drawing import figures_folder, plain_name
    from underglass.models.files import is_model_file
    from underglass.views.lone_model import LoneModel, call_of

    if is_model_file(model):
        name, before, made = Path(model).stem, "", spelled(model)
    else:
        before, made = import_of(model)
        name, made = drawn.graph.name, f"{made}[1]" if pair else made
    lone = LoneModel(drawn.graph, plain_name(name), home or figures_folder(), call_of(made, shape), before)
    settings = dict(drawn.settings)
    if samples:
        settings["samples"] = {name: lone.keep_picture(read_sample(file)) for name, file in samples.items()}
    return lone, settings


def address_of(lone: LoneModel, settings: Mapping[str, Any]) -> str:
    """Where the page is: with the settings that were typed; without any it begins with what was kept."""
    said = {"p.model": json.dumps(lone.id)} | ({"p.settings": json.dumps(settings)} if settings else {})
    return f"draw?{urlencode(said)}"


def import_of(spec: str) -> tuple[str, str]:
    """The lines that import a maker, and its call.

    Examples
    --------
    >>> import_of("my_pkg.nets:resnet")
    ('from my_pkg.nets import resnet\\n', 'resnet()')
    >>> import_of("nets.py:make")
    ('from nets import make\\n', 'make()')
    >>> import_of("code/nets.py")[0]
    'import sys\\n\\nsys.path.insert(0, "code")\\nfrom nets import make\\n'
    """
    from underglass.architecture.as_code import spelled
    from underglass.hosts.commands.given import MAKE

    module, _, function = spec.rpartition(":") if ":" in spec.replace(":\\", "") else (spec, "", MAKE)
    function = function or MAKE
    if not module.endswith(".py"):
        return f"from {module} import {function}\n", f"{function}()"
    file = Path(module)
    beside = "" if file.parent == Path() else f"import sys\n\nsys.path.insert(0, {spelled(str(file.parent))})\n"
    return f"{beside}from {file.stem} import {function}\n", f"{function}()"


def pairs(given: Sequence[str] | None, option: str, example: str) -> dict[str, str]:
    """Options of the form NAME=VALUE.

    Examples
    --------
    >>> pairs(["a=1", "b = x=y"], "--set", "a=1")
    {'a': '1', 'b': 'x=y'}
    """
    from underglass.errors import UnderglassError

    found = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise UnderglassError(f"{option} is {one!r}; write a name and a value: {option} {example}.")
        found[name.strip()] = value.strip()
    return found


def ends(name: str, text: str) -> tuple[str, str]:
    """First and last layer of a group, written ``first:last``; a layer's own name may hold ``:1`` for its second call.

    Examples
    --------
    >>> ends("Stem", "conv1:maxpool"), ends("Tail", "relu:1:fc"), ends("Tail", "relu:relu:1"), ends("Two", "0:1")
    (('conv1', 'maxpool'), ('relu:1', 'fc'), ('relu', 'relu:1'), ('0', '1'))
    """
    from underglass.errors import UnderglassError

    words = text.split(":")
    at = 1 if len(words) == 2 else next((i for i in range(1, len(words)) if not words[i].isdigit()), len(words) - 1)
    if not all(words[:1] + words[at:]) or not at:
        raise UnderglassError(f"--group {name} is {text!r}; write its first layer and its last: {name}=conv1:maxpool.")
    return ":".join(words[:at]), ":".join(words[at:])


def read_value(text: str) -> Any:
    """A setting as typed: a number, true or false, a list, or a word.

    Examples
    --------
    >>> read_value("1.5"), read_value("true"), read_value("[8, 40]"), read_value("log")
    (1.5, True, [8, 40], 'log')
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_shape(text: str) -> Sequence[Any] | dict[str, Any]:
    """Sizes as typed.

    Examples
    --------
    >>> read_shape("1,3,224,224")
    (1, 3, 224, 224)
    >>> read_shape("N,3,H,W")
    ('N', 3, 'H', 'W')
    >>> read_shape("1,3,8,8; 1,5")
    [(1, 3, 8, 8), (1, 5)]
    >>> read_shape("image=1,3,8,8; text=1,5")
    {'image': (1, 3, 8, 8), 'text': (1, 5)}
    """
    from underglass.errors import UnderglassError

    shapes: list[tuple[str, tuple[int | str, ...]]] = []
    for piece in text.split(";"):
        name, _, sizes = piece.rpartition("=")
        try:
            shapes.append((name.strip(), tuple(_size(one.strip()) for one in sizes.split(","))))
        except ValueError:
            message = f"--input-shape is {text!r}; write whole numbers with commas, the batch first: 1,3,224,224."
            raise UnderglassError(message) from None
    if all(name for name, _ in shapes):
        return dict(shapes)
    return shapes[0][1] if len(shapes) == 1 else [one for _, one in shapes]


def _size(text: str) -> int | str:
    """A whole number, or a word for a size that may vary."""
    return text if text.isidentifier() else int(text)
