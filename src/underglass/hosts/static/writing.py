"""What is in the file? One HTML that holds script, style and data; or a folder of them, since a page on a disk may not fetch."""

from __future__ import annotations

import html
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import underglass
from underglass.errors import CaseError, UnderglassError
from underglass.hosts.static.blocks import Block, block
from underglass.hosts.static.recordings import NAME as RECORDINGS

STATIC = Path(underglass.__file__).parent / "static"
FORMAT = 1
PROGRAM = "the program"
GENERATOR = '<meta name="generator" content="underglass'
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:{own}; worker-src blob:; "
    "style-src 'unsafe-inline'{own}; font-src data:; img-src data: blob:{own}; {plays}; "
    "base-uri 'none'; form-action 'none'"
)
SILENT, PLAYS = "connect-src 'none'", "connect-src blob:; media-src blob:"
"""Of the policy: a page with sounds or films reads them from itself; no address of its own leads anywhere else."""
BODY = (
    '<div id="app"></div><noscript>This page draws its data with JavaScript, which is switched off. '
    "It asks no network and needs no server.</noscript>"
)
FIRST = ("head", "instances")
"""Blocks that the page draws its first picture from; the others stand behind the program, so that it does not wait for them."""


def built(name: str) -> bytes:
    """A file of the built browser half.

    Raises
    ------
    UnderglassError
        It is not built.
    """
    try:
        return (STATIC / name).read_bytes()
    except OSError:
        raise UnderglassError("the browser half is not built: run make web, or install the package") from None


@dataclass(frozen=True)
class Program:
    """The page's program: what runs at once, and the parts that it asks for when they are wanted.

    Parameters
    ----------
    first : script of all that the views shown first need, which runs by itself.
    parts : blocks of the others.
    """

    first: bytes
    parts: tuple[Block, ...]


def program_of(views: Sequence[str], *, engine: bool) -> Program:
    """The program of a page that shows some views first.

    Parameters
    ----------
    views : names; of views by other packages nothing is needed here.
    engine : whether the page carries DuckDB.
    """
    said = json.loads(built("page/parts.json"))
    imports: dict[str, list[str]] = said["imports"]
    first: dict[str, None] = {}

    def add(name: str) -> None:
        for other in imports[name]:
            if other not in first:
                add(other)
        first[name] = None

    for name in (said["entry"], *(said["views"][view] for view in views if view in said["views"])):
        add(name)
    script = b"".join(built(f"page/{name}") for name in first) + f'underglassRun("{said["entry"]}");\n'.encode()
    parts = [block(f"part-{name.removesuffix('.js')}", built(f"page/{name}"), PROGRAM) for name in imports if name not in first]
    if engine:
        parts.append(block("driver", built("single/duckdb.js"), PROGRAM))
    return Program(script, tuple(parts))


def single_file(title: str, blocks: Sequence[Block], program: Program) -> bytes:
    """The page as one HTML: what is wanted first, then the script that starts it, then the rest."""
    style, script = block("style", built("page/static.css"), PROGRAM), block("program", program.first, PROGRAM)
    early = [style, script, *(one for one in blocks if one.name in FIRST)]
    late = [*(one for one in blocks if one.name not in FIRST), *program.parts]
    start = built("page/start.js").decode()
    held, rest = ("".join(_held(one) for one in some) for some in (early, late))
    return (_head(title, "", blocks) + f"</head><body>{BODY}{held}<script>{start}</script>{rest}</body></html>\n").encode()


def _held(one: Block) -> str:
    return f'<script type="text/plain" id="ug-{one.name}"{" data-gzip" if one.gzip else ""}>{one.text}</script>'


def write_folder(folder: Path, title: str, blocks: Sequence[Block], program: Program) -> None:
    """The page as a folder: ``index.html``, script and style, and a file for each block, read when it is wanted."""
    (folder / "d").mkdir()
    links = []
    for one in (*blocks, *program.parts):
        path = f"d/{one.name}.js"
        text = f'(globalThis.underglassBlocks??={{}})["{one.name}"]="{one.text}"\n'
        (folder / path).write_text(text, encoding="ascii")
        links.append(f'<link data-block="{one.name}" data-path="{path}"{" data-gzip" if one.gzip else ""}>')
    for name, data in folder_files(program).items():
        (folder / name).write_bytes(data)
    page = (
        _head(title, " 'self' file:", blocks)
        + f'<link rel="stylesheet" href="static.css">{"".join(links)}</head>'
        + f'<body>{BODY}<script src="start.js"></script><script src="static.js"></script></body></html>\n'
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


def folder_files(program: Program) -> dict[str, bytes]:
    """What lies beside ``index.html`` as it is."""
    return {"start.js": built("page/start.js"), "static.js": program.first, "static.css": built("page/static.css")}


def _head(title: str, own: str, blocks: Sequence[Block]) -> str:
    plays = PLAYS if any(one.name.startswith(RECORDINGS) for one in blocks) else SILENT
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(own=own, plays=plays)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f'{GENERATOR} {html.escape(underglass.__version__)}; page format {FORMAT}">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)} · underglass</title>'
    )


def put_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    CaseError
        It cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as out:
            out.write(data)
        Path(out.name).chmod(0o644)
        Path(out.name).replace(path)
    except OSError as error:
        if "out" in locals():
            Path(out.name).unlink(missing_ok=True)
        raise CaseError(f"{path} cannot be written: {error.strerror or error}") from None


def put_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Write a folder whole or not at all; one that an export made before is replaced, any other is left alone.

    Raises
    ------
    CaseError
        There is another folder of that name, or it cannot be written.
    """
    if path.exists() and not is_export(path):
        raise CaseError(f"{path} is there already and is no exported page: choose another name, or remove it first")
    try:
        made = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    except OSError as error:
        raise CaseError(f"{path} cannot be made: {error.strerror or error}") from None
    try:
        fill(made)
        made.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        made.rename(path)
    except OSError as error:
        raise CaseError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


def is_export(path: Path) -> bool:
    """Whether a folder is an exported page, or empty."""
    if not path.is_dir():
        return False
    try:
        if not any(path.iterdir()):
            return True
        return GENERATOR in (path / "index.html").read_text(encoding="utf-8")[:4000]
    except (OSError, UnicodeDecodeError):
        return False
