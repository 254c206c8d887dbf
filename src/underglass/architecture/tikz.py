"""A scene as TikZ: a ``tikzpicture`` to input into a LaTeX document, its words in the document's own font."""

from __future__ import annotations

from underglass.architecture.scene import Line, Mark, Picture, Scene, Word
from underglass.architecture.svg import number

SPECIAL = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "×": r"$\times$",
    "…": r"\dots{}",
}
ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def to_tikz(scene: Scene, *, points_wide: float | None = None, stem: str = "figure") -> str:
    r"""Write a scene; it needs ``\usepackage{tikz}`` and nothing else.

    Parameters
    ----------
    points_wide : width in 1/72 inch; None for the scene's own size at 96 screen points an inch.
    stem : begins the names of the pictures' files, see `picture_files`.
    """
    scale = points_wide / scene.width if points_wide is not None else 0.75
    lines = [f"% {_one_line(scene.title)}", rf"\begin{{tikzpicture}}[x={number4(scale)}bp,y=-{number4(scale)}bp,line join=round]"]
    colours: dict[str, str] = {}
    files = list(picture_files(scene, stem).items())
    body = []
    for mark in (mark for part in scene.parts for mark in part.marks):
        if isinstance(mark, Picture):
            name = next(name for name, data in files if data == mark.data)
            size = f"width={number4(mark.width * scale)}bp,height={number4(mark.height * scale)}bp"
            place = f"({number(mark.x)},{number(mark.y)})"
            body.append(rf"\node[anchor=north west,inner sep=0pt] at {place} {{\includegraphics[{size}]{{{name}}}}};")
        else:
            body.append(_mark(mark, scale, colours))
    lines += [rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:].upper()}}}" for colour, name in colours.items()]
    return "\n".join([*lines, *body, r"\end{tikzpicture}", ""])


def picture_files(scene: Scene, stem: str) -> dict[str, bytes]:
    """The pictures that a ``tikzpicture`` includes: file name → bytes."""
    pictures = dict.fromkeys((mark.data, mark.kind) for part in scene.parts for mark in part.marks if isinstance(mark, Picture))
    return {f"{stem}-sample{i}.{'jpg' if kind == 'jpeg' else 'png'}": data for i, (data, kind) in enumerate(pictures, 1)}


def number4(value: float) -> str:
    """A length with four decimals at most."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _mark(mark: Mark, scale: float, colours: dict[str, str]) -> str:
    def named(colour: str) -> str:
        return colours.setdefault(colour, f"figure{len(colours)}")

    if isinstance(mark, Word):
        size = number4(mark.size * scale)
        font = rf"\fontsize{{{size}bp}}{{{size}bp}}\selectfont"
        place = f"({number(mark.x)},{number(mark.y)})"
        turn = ",rotate=90" if mark.turned else ""
        style = f"anchor={ANCHORS[mark.anchor]}{turn},inner sep=0pt,outer sep=0pt,text={named(mark.fill)},font={font}"
        return rf"\node[{style}] at {place} {{{escaped(mark.text)}}};"
    assert not isinstance(mark, Picture)
    path = " -- ".join(f"({number(x)},{number(y)})" for x, y in mark.points)
    if isinstance(mark, Line):
        return rf"\draw[{named(mark.stroke)},line width={number4(mark.width * scale)}bp] {path};"
    options = [f"fill={named(mark.fill)}"] if mark.fill else []
    if mark.stroke:
        options += [f"draw={named(mark.stroke)}", f"line width={number4(mark.width * scale)}bp"]
    if mark.dash:
        options.append(f"dash pattern=on {number4(mark.dash * scale)}bp off {number4(mark.dash * scale)}bp")
    return rf"\path[{','.join(options)}] {path} -- cycle;"


def escaped(text: str) -> str:
    r"""A text that LaTeX sets as it is.

    Examples
    --------
    >>> escaped("a_b 3×3")
    'a\\_b 3$\\times$3'
    """
    return "".join(SPECIAL.get(letter, letter) for letter in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
