"""How does a case become a page that needs no server? Its instances, results and answers, with the views that read them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import underglass
from underglass.errors import CaseError, DataError, unknown
from underglass.hosts.sheets import picture
from underglass.hosts.static.answers import kept_answers
from underglass.hosts.static.blocks import Block, block, zipped
from underglass.hosts.static.details import details
from underglass.hosts.static.pictures import Pictures, pictures_of
from underglass.hosts.static.recordings import WHAT as SOUNDS
from underglass.hosts.static.recordings import recordings_of
from underglass.hosts.static.tables import arrow_stream, chosen_rows, instance_table, subset_definitions
from underglass.hosts.static.writing import (
    FORMAT,
    PROGRAM,
    Program,
    built,
    folder_files,
    program_of,
    put_file,
    put_folder,
    single_file,
    write_folder,
)
from underglass.pages.origins import with_names_here
from underglass.wire import CaseInfo

if TYPE_CHECKING:
    from underglass.case import Case, Where

ENGINES = ("auto", "small", "duckdb")
MEDIA = ("inline", "copy", "link", "none")
MOST_SMALL = 100_000
"""Instances; above, DuckDB answers faster than typed arrays do."""
MAX_MB = 50.0


class HasSpec(Protocol):
    """A page made by `underglass.page`."""

    @property
    def spec(self) -> Any:
        """Its tabs and tiles."""


@dataclass(frozen=True)
class ExportedPage:
    """A page that was written.

    Parameters
    ----------
    path : the HTML, or the folder that holds ``index.html``.
    bytes : size of all of it.
    parts : bytes by what they are.
    engine : ``"small"`` or ``"duckdb"``.
    reasons : why views are not whole in it, by name.
    """

    path: Path
    bytes: int
    parts: Mapping[str, int]
    engine: str
    reasons: Mapping[str, str]


def export(
    case: Case,
    path: str | Path,
    *,
    views: Sequence[str] | HasSpec | Mapping[str, Any] | None = None,
    page: Mapping[str, Any] | None = None,
    engine: str = "auto",
    media: str = "inline",
    max_mb: float = MAX_MB,
    where: Where | None = None,
) -> ExportedPage:
    """Write a case as a page; see `underglass.case.Case.export`."""
    if engine not in ENGINES:
        raise DataError(unknown("engine", engine, ENGINES))
    if media not in MEDIA:
        raise DataError(unknown("way for media", media, MEDIA))
    out = Path(os.path.abspath(path))
    single = out.suffix.lower() in (".html", ".htm")
    if single and media == "copy":
        raise DataError(
            f"media='copy' puts pictures beside the page, so it needs a folder: {out.with_suffix('').name} and not {out.name}"
        )
    if not out.parent.is_dir():
        raise CaseError(f"there is no folder {out.parent} to write {out.name} into")
    if single and out.is_dir():
        raise CaseError(f"{out} is a folder: an exported page ending in .html is a file")
    if page is None and not isinstance(views, list | tuple | str | None):
        page = views if isinstance(views, Mapping) else views.spec  # type: ignore[union-attr]
    page = None if page is None else with_names_here(page, case.views)
    names = _views(case, page, None if page is not None else views)  # type: ignore[arg-type]
    rows = chosen_rows(case, where)
    whole = len(rows) == case.folder.manifest.instances
    chosen = engine if engine != "auto" else "duckdb" if len(rows) > MOST_SMALL else "small"
    shots = pictures_of(case, rows, media, out.parent if single else out)
    answers, reasons = kept_answers(case, names, whole=whole)
    table = instance_table(case, rows)
    people = _people(case)
    recordings = recordings_of(case, rows, media)
    info = _info(case, names, len(rows), people)
    info["renderer"] = None if recordings is None else recordings.renderer.info()
    head = {
        "format": FORMAT,
        "underglass": underglass.__version__,
        "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        "data_fingerprint": case.folder.manifest.data_fingerprint,
        "instances": case.folder.manifest.instances,
        "sequence": case.folder.journal.sequence,
        "engine": chosen,
        "info": info,
        "subsets": subset_definitions(case.subsets, rows, people),
        "media": shots.info,
        "recordings": None if recordings is None else recordings.starts,
        "page": None if page is None else dict(page),
        "reasons": reasons,
        "rows": None if whole else rows.tolist(),
    }
    blocks = [
        block("head", _json(head), "the card of the case"),
        block("instances", arrow_stream(table), "instances"),
        block("answers", answers, "answers kept for the views"),
        block("details", details(case, rows), "details of single instances"),
        *_modules(case, names),
        *shots.blocks,
        *([] if recordings is None else recordings.blocks),
    ]
    if chosen == "duckdb":
        blocks += [
            zipped("engine", built("single/duckdb-eh.wasm.gz"), "DuckDB"),
            zipped("worker", built("single/duckdb-browser-eh.worker.js.gz"), "DuckDB"),
        ]
    title = case.name if page is None else str(page.get("title") or page.get("name") or case.name)
    program = program_of(_shown_first(page), engine=chosen == "duckdb")
    return _written(
        case, out, title, blocks, shots, program=program, single=single, engine=chosen, max_mb=max_mb, reasons=reasons
    )


def _shown_first(page: Mapping[str, Any] | None) -> list[str]:
    """Names of the views that are seen when the page opens."""
    if page is None:
        return ["overview"]
    return [tile["view"] for tab in page["tabs"][:1] for tile in tab["tiles"] if tile["kind"] == "view"]


def _written(
    case: Case,
    out: Path,
    title: str,
    blocks: list[Block],
    shots: Pictures,
    *,
    program: Program,
    single: bool,
    engine: str,
    max_mb: float,
    reasons: dict[str, str],
) -> ExportedPage:
    parts: Counter[str] = Counter()
    for one in blocks:
        parts[one.what] += len(one.text)
    sizes = {path: _size(case, row) for path, row in shots.files.items()}
    parts["pictures"] += sum(sizes.values())
    page = single_file(title, blocks, program) if single else b""
    held = sum(len(one.text) for one in blocks)
    files = sum(len(data) for data in folder_files(program).values()) + sum(len(one.text) for one in program.parts)
    parts[PROGRAM] = len(page) - held if single else files
    total = sum(parts.values())
    if total > max_mb * 1e6:
        raise DataError(_too_large(total, max_mb, parts, len(shots.blocks), single=single))
    if single:
        put_file(out, page)
    else:

        def fill(folder: Path) -> None:
            write_folder(folder, title, blocks, program)
            if shots.files:
                (folder / "media").mkdir()
            for path, row in shots.files.items():
                found = picture(case.folder.media, row)
                if found is not None:
                    (folder / path).write_bytes(found[0])

        put_folder(out, fill)
    return ExportedPage(out, total, dict(+parts), engine, reasons)


def _size(case: Case, row: int) -> int:
    found = picture(case.folder.media, row)
    return 0 if found is None else len(found[0])


def _too_large(total: int, max_mb: float, parts: Mapping[str, int], sheets: int, *, single: bool) -> str:
    """How large it would be, what makes it so, and what can be done."""
    largest = sorted(parts.items(), key=lambda one: -one[1])[:3]
    made_of = ", ".join(f"{what} {size / 1e6:.1f} MB" for what, size in largest if size)
    ways = []
    if parts.get("pictures", 0) > total / 4:
        ways.append("leave the pictures out with media='none'")
        if single and sheets:
            ways.append("link to them with media='link'")
    if parts.get(SOUNDS, 0) > total / 4:
        ways.append(f"leave the {SOUNDS} out with media='none'")
    if parts.get("DuckDB", 0) > total / 4:
        ways.append("leave DuckDB out with engine='small'")
    ways += ["take fewer instances with where=…", f"allow it with max_mb={-(-total // 1_000_000)}"]
    return (
        f"the page would have {total / 1e6:.1f} MB, more than max_mb={max_mb:g}: {made_of}. "
        f"You can {', '.join(ways[:-1])}, or {ways[-1]}"
    )


def _views(case: Case, page: Mapping[str, Any] | None, views: Sequence[str] | None) -> list[str]:
    """Names of the views to take along."""
    listed = [view["name"] for view in case.info()["views"] if view["listed"]]
    if page is not None:
        wanted = [tile["view"] for tab in page["tabs"] for tile in tab["tiles"] if tile["kind"] == "view"]
    elif views is None:
        return list(case.views)
    elif isinstance(views, str):
        wanted = [views]
    else:
        wanted = list(views)
    for name in wanted:
        if name not in case.views:
            raise DataError(unknown("view", name, listed))
    if not wanted and page is None:
        raise DataError(f"a page needs at least one view. Known: {', '.join(listed)}")
    return wanted


def _people(case: Case) -> dict[str, str]:
    """What the authors of edits are called in the page: not by their login names."""
    names = dict.fromkeys(edit.author for edit in case.history())
    return {name: f"author {number}" for number, name in enumerate(names, 1)}


def _info(case: Case, names: Sequence[str], n: int, people: Mapping[str, str]) -> CaseInfo:
    """The case's card without what tells of this machine or of who works at it."""
    info = case.info()
    parts_of_pages = [view["name"] for view in info["views"] if not view["listed"]]
    kept = set(names) | set(parts_of_pages)
    return CaseInfo(
        **{
            **info,
            "instances": n,
            "models": [{**model, "attached": False} for model in info["models"]],
            "views": [{**view, "listed": view["listed"] and view["name"] in kept} for view in info["views"]],
            "subsets": [{**one, "author": people.get(one["author"], "")} for one in info["subsets"]],
            "author": "",
            "preaggregate": False,
            "version": 1,
        }
    )


def _modules(case: Case, names: Sequence[str]) -> list[Block]:
    """The browser halves of other people's views that are taken along: each one file, since a page on a disk imports none."""
    halves = [(name, case.views[name].browser_half) for name in names]
    return [
        block(f"module-{name}", half.path.read_bytes(), "views of other packages") for name, half in halves if half is not None
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
