"""``underglass figure``: a model as a figure for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The function that makes the module: [cyan]my_pkg:make[/].")]
InputShape = Annotated[
    str, typer.Option(metavar="SIZES", help="With the batch: 1,3,224,224. Several inputs with semicolons; names with =.")
]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help=".svg, .pdf, .png, .tex (TikZ) or .json.")]


def figure(
    model: Model,
    *,
    input_shape: InputShape,
    output: Output = Path("figure.svg"),
    depth: Annotated[int | None, typer.Option(help="Level of modules drawn as one; 0 for none.")] = None,
    palette: Annotated[str, typer.Option(help="tol-light, okabe-ito or tol-muted.")] = "tol-light",
    texture: Annotated[bool, typer.Option("--texture", help="Hatchings in place of colours.")] = False,
    names: Annotated[bool, typer.Option("--names", help="Write types above the glyphs.")] = False,
    no_legend: Annotated[bool, typer.Option("--no-legend", help="Leave out the legend.")] = False,
    width: Annotated[str | None, typer.Option(help="On paper, such as 8.5cm.")] = None,
) -> None:
    """Draw a model: width for features, height for resolution, repeats folded, with a legend."""
    from underglass import figures
    from underglass.errors import UnderglassError, unknown
    from underglass.hosts.commands.given import make_anything
    from underglass.hosts.commands.saying import aside, out

    if output.suffix.lower() not in figures.FORMATS:
        raise UnderglassError(unknown("format", output.suffix, figures.FORMATS))
    made = make_anything(model)
    if isinstance(made, tuple) and len(made) == 2:
        made = made[1]
    drawn = figures.figure(
        made,
        read_shape(input_shape),
        depth=depth,
        width=width,
        palette=palette,
        texture=texture,
        names=names,
        legend=not no_legend,
    )
    drawn.save(output)
    if drawn.graph.reason:
        aside().print(drawn.graph.reason, style="dim", markup=False)
    out().print(f"{output} · {len(drawn.drawing.blocks)} glyphs · {drawn.graph.parameters:,} parameters", markup=False)


def read_shape(text: str) -> Sequence[Any] | dict[str, Any]:
    """Sizes as typed.

    Examples
    --------
    >>> read_shape("1,3,224,224")
    (1, 3, 224, 224)
    >>> read_shape("1,3,8,8; 1,5")
    [(1, 3, 8, 8), (1, 5)]
    >>> read_shape("image=1,3,8,8; text=1,5")
    {'image': (1, 3, 8, 8), 'text': (1, 5)}
    """
    from underglass.errors import UnderglassError

    shapes: list[tuple[str, tuple[int, ...]]] = []
    for piece in text.split(";"):
        name, _, sizes = piece.rpartition("=")
        try:
            shapes.append((name.strip(), tuple(int(one) for one in sizes.split(","))))
        except ValueError:
            message = f"--input-shape is {text!r}; write whole numbers with commas, the batch first: 1,3,224,224."
            raise UnderglassError(message) from None
    if all(name for name, _ in shapes):
        return dict(shapes)
    return shapes[0][1] if len(shapes) == 1 else [one for _, one in shapes]
