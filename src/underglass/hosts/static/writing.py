"""What is in the file? One HTML that holds script, style and data; or a folder of them, since a page on a disk may not fetch."""

from __future__ import annotations

import base64
import gzip
import html
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import underglass
from underglass.errors import CaseError, UnderglassError
from underglass.hosts.static.blocks import Block

STATIC = Path(underglass.__file__).parent / "static" / "single"
FORMAT = 1
GENERATOR = '<meta name="generator" content="underglass'
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:{own}; worker-src blob:; "
    "style-src 'unsafe-inline'{own}; font-src data:; img-src data: blob:{own}; connect-src 'none'; "
    "base-uri 'none'; form-action 'none'"
)
START = (
    "(async()=>{const t=async i=>{const e=document.getElementById(i),s=e.textContent;"
    "const b=Uint8Array.fromBase64?Uint8Array.fromBase64(s):Uint8Array.from(atob(s),c=>c.charCodeAt(0));"
    "const r=new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream('gzip')));e.remove();return r.text()};"
    "const s=document.createElement('style');s.textContent=await t('ug-style');document.head.append(s);"
    "for(const i of ['ug-duckdb','ug-script'])if(document.getElementById(i)){"
    "const c=document.createElement('script');c.textContent=await t(i);document.body.append(c)}})()"
)


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


def single_file(title: str, blocks: Sequence[Block], *, engine: bool) -> bytes:
    """The page as one HTML."""
    scripts = {"ug-style": built("static.css"), "ug-script": built("static.js")}
    if engine:
        scripts["ug-duckdb"] = built("duckdb.js")
    held = "".join(
        f'<script type="text/plain" id="{name}">{base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()}</script>'
        for name, data in scripts.items()
    )
    data = "".join(
        f'<script type="text/plain" id="ug-{one.name}"{" data-gzip" if one.gzip else ""}>{one.text}</script>' for one in blocks
    )
    return (_head(title, "") + f"</head><body>{BODY}{data}{held}<script>{START}</script></body></html>\n").encode()


BODY = (
    '<div id="app"></div><noscript>This page draws its data with JavaScript, which is switched off. '
    "It asks no network and needs no server.</noscript>"
)


def write_folder(folder: Path, title: str, blocks: Sequence[Block], *, engine: bool) -> None:
    """The page as a folder: ``index.html``, script and style, and a file for each block, read when it is wanted."""
    (folder / "d").mkdir()
    links = []
    for one in blocks:
        path = f"d/{one.name}.js"
        text = f'(globalThis.underglassBlocks??={{}})["{one.name}"]="{one.text}"\n'
        (folder / path).write_text(text, encoding="ascii")
        links.append(f'<link data-block="{one.name}" data-path="{path}"{" data-gzip" if one.gzip else ""}>')
    for name in ("static.css", "static.js", *(("duckdb.js",) if engine else ())):
        (folder / name).write_bytes(built(name))
    if engine:
        links.append('<link data-driver="duckdb.js">')
    page = (
        _head(title, " 'self' file:")
        + f'<link rel="stylesheet" href="static.css">{"".join(links)}</head>'
        + f'<body>{BODY}<script src="static.js"></script></body></html>\n'
    )
    (folder / "index.html").write_text(page, encoding="utf-8")


def _head(title: str, own: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(own=own)}">'
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
