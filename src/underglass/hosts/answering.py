"""What does a page's request to its host mean, and what is the answer? The same in every host.

A request is a JSON object; ``ask`` says what is wanted, the rest are its arguments, and any carrier will do::

    {"ask": "query", "type": "arrow", "sql": "SELECT …"}      → Arrow IPC stream as a buffer
    {"ask": "call", "view": "patterns", "name": "start", "arguments": {…}}
    {"ask": "edit", "op": "tag", "where": {…}, "value": "odd"}
    {"ask": "sheet", "rows": [0, 1, 2], "size": 56}           → PNG as a buffer

`ASKS` lists them all. Every browser query passes the lock around browser SQL; every edit goes through the case's journal.
"""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeGuard

from underglass.errors import DataError, EditError, JobCancelled, RoleError, StaleError, UnderglassError, unknown
from underglass.extensions import BrowserHalf
from underglass.extensions.renderers import renderers
from underglass.hosts.sheets import contact_sheet, picture
from underglass.jobs import Job, Jobs
from underglass.roles import who
from underglass.serving import QueryError, Serving, Stop
from underglass.store import CaseFolder
from underglass.wire import CaseInfo, EditAnswer, InstanceDetail, SelectionPart, ServerEvent

ARROW = "application/vnd.apache.arrow.stream"
BYTES = "application/octet-stream"
STATUS: tuple[tuple[type[UnderglassError], int], ...] = ((StaleError, 409), (JobCancelled, 409), (RoleError, 403))


class NotFound(UnderglassError):
    """Something a request names is not there."""


class HasCalls(Protocol):
    """What a host needs of a view."""

    @property
    def calls(self) -> Mapping[str, Callable[..., Any]]:
        """What its browser half may ask: functions of (case, **arguments) that give plain JSON, or bytes."""


class ServedCase(Protocol):
    """What a host needs of a case."""

    folder: CaseFolder

    @property
    def author(self) -> str:
        """Who edits, where a page does not say."""

    @property
    def serving(self) -> Serving:
        """The tables that browsers ask."""

    @property
    def jobs(self) -> Jobs:
        """The queue of long work."""

    @property
    def views(self) -> Mapping[str, HasCalls]:
        """The views by name."""

    def info(self, author: str | None = None) -> CaseInfo:
        """The case's card."""

    def instance(self, row: int, layer: str | None = None) -> InstanceDetail:
        """What the side panel shows."""

    def edit(
        self,
        op: str,
        *,
        where: Mapping[str, Any] | None = None,
        rows: Any = None,
        value: Any = None,
        seen: Any = None,
        author: str | None = None,
    ) -> EditAnswer:
        """Make one edit."""

    def undo(self, author: str | None = None) -> EditAnswer:
        """Take back the last edit."""

    def redo(self, author: str | None = None) -> EditAnswer:
        """Do it again."""

    def use_model(self, name: str) -> None:
        """Make another model the active one."""

    def sync(self) -> int:
        """Take in edits of other processes; the data version after it."""

    def take_selection(self, tree: Mapping[str, Any] | None, parts: Sequence[SelectionPart], *, page: str) -> None:
        """Take what a page has picked."""

    def greeting(self) -> ServerEvent:
        """Where things stand, for a page that begins to listen."""

    def follow(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Hear of everything that open pages are told: versions, jobs, the selection, problems."""

    @property
    def widgets(self) -> Mapping[str, Any]:
        """Stock anywidgets by name."""

    def close(self) -> None:
        """Let go of files, tables and threads."""


class Reply(NamedTuple):
    """An answer.

    Parameters
    ----------
    json : plain JSON; None where the buffers say it all.
    buffers : bytes that travel as they are.
    type : media type of the buffers.
    version : data version a query was read at.
    """

    json: Any
    buffers: tuple[bytes, ...] = ()
    type: str = "application/json"
    version: int | None = None


def answer(case: ServedCase, request: Mapping[str, Any], *, stop: Stop | None = None) -> Reply:
    """Answer one request of a page; any thread may do it.

    Parameters
    ----------
    case : that the page shows.
    request : see the module; what it holds is not trusted.
    stop : ends a query from another thread.

    Raises
    ------
    NotFound
        If it names something that is not there.
    UnderglassError
        If it is not understood, not allowed or fails; the message is for people.
    """
    asked = request.get("ask")
    if not isinstance(asked, str) or asked not in ASKS:
        raise NotFound(unknown("request", str(asked), ASKS))
    return ASKS[asked](case, request, stop)


def refusal(error: Exception) -> tuple[int, dict[str, Any]]:
    """An error as pages are told of it: HTTP's number for its kind, and a message.

    What nobody foresaw is printed to the terminal in full.
    """
    if isinstance(error, NotFound):
        return 404, {"error": str(error)}
    if isinstance(error, UnderglassError):
        body: dict[str, Any] = {"error": str(error)}
        if hasattr(error, "position"):
            body["position"] = error.position
        return next((code for kind, code in STATUS if isinstance(error, kind)), 400), body
    traceback.print_exception(error, file=sys.stderr)
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(frame[0].filename).name}, line {frame[0].lineno})" if frame else ""
    said = str(error).strip().split("\n", 1)[0]
    details = f"{type(error).__name__}: {said}{where}" if said else f"{type(error).__name__}{where}"
    return 500, {"error": "the server met an error it did not expect; the terminal says more", "details": details}


def to_json(value: object) -> bytes:
    """JSON as it is sent; NaN is no JSON and is refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def signature(given: Any) -> str | None:
    """Who signs, if the page says so; whom the host knows by name signs with that name."""
    if given is not None and not isinstance(given, str):
        raise EditError("an author is a name")
    return who().name or (given.strip() or None if given else None)


def _case(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    return Reply(case.info(_author(asked)))


def _query(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    kind, sql, serving = asked.get("type"), asked.get("sql"), case.serving
    if kind not in ("arrow", "exec") or not isinstance(sql, str):
        raise QueryError('a query is {"type": "arrow" or "exec", "sql": a text}')
    if kind == "exec":
        try:
            serving.exec(sql, stop=stop)
        except StaleError as error:  # the data moved on while it was asked for: no mistake of anybody's, and nothing is made
            return Reply({"stale": str(error)}, version=serving.version)
        return Reply({}, version=serving.version)
    found = serving.answer(sql, stop=stop)
    return Reply(None, (found.data,), ARROW, found.version)


def _call(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    view, name, arguments = str(asked.get("view")), str(asked.get("name")), asked.get("arguments") or {}
    if view not in case.views:
        raise NotFound(unknown("view", view, case.views))
    return called(case, case.views[view].calls, name, arguments, of=view)


def called(subject: Any, calls: Mapping[str, Callable[..., Any]], name: str, arguments: Any, *, of: str) -> Reply:
    """What a page asks of a subject by the name of a function.

    Parameters
    ----------
    subject : the first argument: a case, or what is shown without one.
    calls : what may be asked.
    arguments : a JSON object; not trusted.
    of : what the functions belong to, for messages.

    Raises
    ------
    NotFound
        There is no such function.
    UnderglassError
        It does not take these arguments, or refuses.
    """
    if name not in calls:
        raise NotFound(unknown(f"call of {of}", name, calls))
    if not isinstance(arguments, Mapping):
        raise UnderglassError("the arguments of a call are a JSON object")
    try:
        inspect.signature(calls[name]).bind(None, **arguments)
    except TypeError as error:
        raise UnderglassError(f"wrong arguments: {error}") from None
    found = calls[name](subject, **arguments)
    if isinstance(found, bytes | bytearray | memoryview):
        return Reply(None, (bytes(found),), BYTES)
    return Reply(found.info() if isinstance(found, Job) else found)


def _edit(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    if not isinstance(asked.get("op"), str):
        raise EditError("an edit needs an op")
    given = {key: asked.get(key) for key in ("where", "rows", "value", "seen")}
    return Reply(case.edit(asked["op"], **given, author=_author(asked)))


def _undo(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    return Reply(case.undo(_author(asked)))


def _redo(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    return Reply(case.redo(_author(asked)))


def _model(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    name = asked.get("name")
    if not isinstance(name, str):
        raise DataError("a model is named by a text")
    case.use_model(name)
    return Reply({"version": case.serving.version})


def _pick(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    serving = case.serving
    if "polygon" in asked:
        inside = serving.rows_in_polygon(str(asked.get("layer")), asked["polygon"])
        return Reply({"name": serving.make_pick(inside, keep=True), "count": len(inside)})
    rows: Any = asked.get("rows")
    if not _are_numbers(rows):
        raise DataError("a pick needs rows, or a polygon and a layer")
    return Reply({"name": serving.make_pick(rows, keep=True), "count": len(set(rows))})


def _instance(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    layer = asked.get("layer")
    return Reply(case.instance(_row(asked), None if layer is None else str(layer)))


def _image(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    row, media = _row(asked), case.folder.media
    try:
        found = picture(media, row)
    except DataError as error:
        raise NotFound(str(error)) from None
    if found is not None:
        return Reply(None, (found[0],), found[1])
    text = media.text(row)
    if text is None:
        raise NotFound(media.missing(row) or "there is nothing to show")
    return Reply(None, (text.encode(),), "text/plain; charset=utf-8")


def _sheet(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    rows: Any = asked.get("rows")
    size: Any = asked.get("size", 56)
    if not _are_numbers(rows) or not _are_numbers([size]):
        raise DataError("a sheet is asked for by rows, such as 1,2,3, and size, such as 56")
    return Reply(None, (contact_sheet(case.folder.media, rows, size),), "image/png")


def _module(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    """A file of the browser half of somebody else's view or renderer."""
    name, digest, file = (str(asked.get(key)) for key in ("name", "digest", "file"))
    found = browser_half(case, name)
    if found is None:
        raise NotFound(f"no extension named {name!r} has a browser half")
    try:
        data, kind = found.read(digest, file)
    except DataError as error:
        raise NotFound(f"{name}: {error}") from None
    return Reply(None, (data,), kind)


def browser_half(case: ServedCase, name: str) -> BrowserHalf | None:
    """The module of a view, a renderer or a widget by its name."""
    if name.startswith("widget-"):
        panel = case.widgets.get(name.removeprefix("widget-"))
        text: BrowserHalf | None = None if panel is None else panel.browser_half
        return text
    view: Any = case.views.get(name)
    if view is not None:
        half: BrowserHalf | None = view.browser_half
        return half
    renderer = next((one for one in renderers().loaded.values() if one.module_name == name), None)
    return None if renderer is None else renderer.browser_half


def _select(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    parts, tree = asked.get("parts"), asked.get("tree")
    if not isinstance(parts, list) or not (tree is None or isinstance(tree, Mapping)):
        raise DataError('a selection is {"parts": [{"tree", "text"}, …], "tree": a filter tree, or null}')
    if who().role != "owner":
        return Reply({})  # Python is the owner's: what others pick is their own
    case.take_selection(tree, [_part(one) for one in parts], page=str(asked.get("page", "")))
    return Reply({})


def _jobs(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    return Reply([job.info() for job in case.jobs.all()])


def _cancel(case: ServedCase, asked: Mapping[str, Any], stop: Stop | None) -> Reply:
    return Reply(case.jobs.cancel(str(asked.get("job"))).info())


Ask = Callable[[ServedCase, Mapping[str, Any], Stop | None], Reply]
ASKS: Mapping[str, Ask] = {
    "case": _case,
    "query": _query,
    "call": _call,
    "edit": _edit,
    "undo": _undo,
    "redo": _redo,
    "model": _model,
    "pick": _pick,
    "instance": _instance,
    "image": _image,
    "sheet": _sheet,
    "module": _module,
    "select": _select,
    "jobs": _jobs,
    "cancel": _cancel,
}


def _author(asked: Mapping[str, Any]) -> str | None:
    """Who signs, if the page says so."""
    return signature(asked.get("author"))


def _part(given: Any) -> SelectionPart:
    if not isinstance(given, Mapping) or not isinstance(given.get("tree"), dict) or not isinstance(given.get("text"), str):
        raise DataError("a part of a selection has a filter tree and a text")
    return SelectionPart(tree=given["tree"], text=given["text"], pinned=given.get("pinned") is True)


def _row(asked: Mapping[str, Any]) -> int:
    row = asked.get("row")
    if not _are_numbers([row]):
        raise DataError("an instance is named by its row, a whole number")
    assert isinstance(row, int)
    return row


def _are_numbers(given: Any) -> TypeGuard[list[int]]:
    return isinstance(given, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in given)
