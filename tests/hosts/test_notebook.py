"""Does the Python half of a widget answer, tell the news, and keep what is small small? With a comm that only writes down."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import comm
import pyarrow as pa
import pytest
from comm.base_comm import BaseComm

from hosts.serving_case import N, make_case
from underglass.case import Case
from underglass.errors import DataError
from underglass.hosts import notebook
from underglass.hosts.notebook import drawing, sessions
from underglass.pages import CaseView, markdown
from underglass.pages import page as compose

CODE = {
    "core-1.js": "export const core = 1;\n" * 500,
    "notebook.js": 'import "underglass-part:core-1.js";',
    "odd-2.js": "1",
    "bars-3.js": "2",
}
NEEDS = {"odd-2.js": ["bars-3.js"], "bars-3.js": []}


class WrittenComm(BaseComm):
    """A comm whose other end is a list."""

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any) -> None:
        self.__dict__.setdefault("published", []).append((msg_type, data or {}, list(buffers or [])))


@pytest.fixture(autouse=True)
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, code in CODE.items():
        (tmp_path / name).write_text(code)
    (tmp_path / "parts.json").write_text(json.dumps({"first": ["core-1.js", "notebook.js"], "needs": NEEDS}))
    monkeypatch.setattr(drawing, "BUILT", tmp_path)
    monkeypatch.setattr(comm, "create_comm", WrittenComm)
    drawing.drawing.cache_clear()
    yield
    drawing.drawing.cache_clear()


class Page:
    """The browser's end of one widget."""

    def __init__(self, widget: Any, name: str = "page") -> None:
        self.widget, self.name, self.count = widget, name, 0

    @property
    def heard(self) -> list[tuple[dict, list]]:
        return [(data["content"], buffers) for _, data, buffers in self.widget.comm.published if data.get("method") == "custom"]

    def say(self, *buffers: bytes, **content: Any) -> None:
        data = {"method": "custom", "content": content}
        self.widget.comm.handle_msg({"content": {"data": data}, "buffers": [memoryview(one) for one in buffers]})

    def ask(self, **content: Any) -> tuple[dict, list]:
        self.count += 1
        number = f"{self.name}-{self.count}"
        self.say(id=number, **content)
        return until(lambda: next((said for said in self.heard if said[0].get("id") == number), None))

    def news(self, kind: str) -> list[dict]:
        return [said["news"] for said, _ in self.heard if said.get("news", {}).get("type") == kind]


def until(find: Callable[[], Any], patience: float = 60) -> Any:
    end = time.monotonic() + patience
    while not (found := find()):
        assert time.monotonic() < end, "nothing was heard"
        time.sleep(0.005)
    return found


def view(case: Case, name: str = "odd", **props: Any) -> CaseView:
    return CaseView(case, name, props)


@pytest.fixture
def page(case: Case) -> Page:
    return Page(notebook.widget(view(case)))


def test_a_widget_carries_names_and_no_data(case: Case) -> None:
    made = notebook.widget(view(case, bins=20), width=800, height=400)

    state = made.get_state()
    assert state["page"]["tabs"][0]["tiles"][0]["props"] == {"bins": 20}
    assert (state["width"], state["height"], state["picture"]) == (800, 400, "")
    assert len(made._esm) < 3000
    assert sum(len(str(value)) for value in state.values()) < 6000


def test_the_drawing_code_comes_by_its_hash_and_compressed(page: Page) -> None:
    page.say(ask="runtime", hash=page.widget.runtime)

    said, buffers = until(lambda: next((one for one in page.heard if "runtime" in one[0]), None))

    assert said == {"runtime": page.widget.runtime, "needs": NEEDS}
    assert list(json.loads(gzip.decompress(buffers[0])).items()) == list(CODE.items())[:2]
    page.say(ask="runtime", hash="another")
    assert page.ask(ask="ping")[0]["json"] is True
    assert sum("runtime" in one[0] for one in page.heard) == 1


def test_the_code_of_views_comes_by_name(page: Page) -> None:
    runtime = page.widget.runtime

    _, [data] = page.ask(ask="parts", runtime=runtime, names=["bars-3.js", "odd-2.js"])
    assert json.loads(gzip.decompress(data)) == {"bars-3.js": "2", "odd-2.js": "1"}

    for names in (["../parts.json"], ["parts.json"], [], "odd-2.js", [["odd-2.js"]], None):
        said, buffers = page.ask(ask="parts", runtime=runtime, names=names)
        assert said["error"], names
        assert not buffers
    assert page.ask(ask="parts", runtime=runtime, names=["odd.js"])[0]["error"] == "there is no part named 'odd.js'"
    assert "load the page again" in page.ask(ask="parts", runtime="older", names=["odd-2.js"])[0]["error"]


def test_a_query_is_answered_with_bytes(page: Page) -> None:
    said, buffers = page.ask(ask="query", type="arrow", sql="SELECT count(*) AS n FROM instances")

    assert pa.ipc.open_stream(bytes(buffers[0])).read_all().to_pylist() == [{"n": N}]
    assert said["json"] is None


def test_errors_travel_as_words(page: Page) -> None:
    assert page.ask(ask="query", type="arrow", sql="DROP TABLE instances")[0]["status"] == 400
    assert page.ask(ask="call", view="od", name="adds")[0]["error"].startswith("no view named 'od'; did you mean 'odd'?")
    assert page.ask(ask="call", view="odd", name="nan")[0]["status"] == 500
    said, _ = page.ask(ask="call", view="odd", name="crashes")
    assert said["details"].startswith("ZeroDivisionError")


def test_noise_is_not_answered(page: Page) -> None:
    for content in (None, [], "x", {"id": 7, "ask": "ping"}, {"ask": "abort", "id": "gone"}):
        page.widget.comm.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    assert page.ask(ask="ping")[0]["json"] is True
    assert len(page.heard) == 1


def test_an_aborted_query_ends(page: Page) -> None:
    page.say(
        id="slow",
        ask="query",
        type="arrow",
        sql=f"SELECT sum(a0.row{'*a1.row*a2.row*a3.row'}) FROM {', '.join(f'instances a{i}' for i in range(6))}",
    )
    page.say(ask="abort", id="slow")

    said, _ = until(lambda: next((one for one in page.heard if one[0].get("id") == "slow"), None))
    assert "error" in said


def test_a_page_that_listens_is_greeted_and_hears_of_edits_once(case: Case, page: Page) -> None:
    other = Page(notebook.widget(view(case)), "page")
    greeting, _ = page.ask(ask="listen", page="page")
    assert greeting["json"]["type"] == "hello"
    assert greeting["json"]["version"] == case.serving.version
    other.ask(ask="listen", page="page")

    case.tag([0, 1], "odd")

    assert until(lambda: other.news("version"))[0]["version"] == case.serving.version
    assert page.news("version") == []


def test_news_are_numbered_in_order(case: Case, page: Page) -> None:
    page.ask(ask="listen", page="page")
    for name in ("a", "b", "c"):
        case.tag([0], name)

    serials = [said["serial"] for said, _ in page.heard if "news" in said]
    assert serials == sorted(set(serials))
    assert len(serials) == 3


def test_an_edit_by_another_process_is_heard_of(case: Case, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LOOKED_AT_EVERY", 0.02)
    page.ask(ask="listen", page="page")
    with Case.open(case.folder.path) as other:
        other.tag([3], "from elsewhere")

    until(lambda: page.news("version"))
    assert "from elsewhere" in case.folder.journal.state().tags


def test_views_of_one_case_share_a_session_and_of_two_do_not(case: Case, tmp_path: Path) -> None:
    with make_case(tmp_path / "other.case") as other, Case.open(case.folder.path) as again:
        first, second = notebook.widget(view(case)), notebook.widget(view(case, a=1))
        assert first.session == second.session
        assert first.name != second.name
        assert notebook.widget(view(other)).session != first.session
        assert notebook.widget(view(again, "overview")).session == f"{first.session}-2"


def test_a_case_opened_anew_is_known_again(case: Case) -> None:
    before = notebook.widget(view(case)).session
    case.close()

    with Case.open(case.folder.path) as again:
        assert notebook.widget(view(again, "overview")).session == before


def test_a_closed_case_says_so(case: Case, page: Page) -> None:
    page.ask(ask="listen", page="page")

    case.close()

    assert until(lambda: page.news("closed")) == [{"type": "closed"}]
    assert page.ask(ask="listen", page="page")[0]["json"] == {"type": "closed"}


def test_a_picture_is_handed_on(page: Page) -> None:
    kept: list[tuple[bytes, str]] = []
    page.widget.pictured = lambda picture, words: kept.append((picture, words))

    page.say(b"\x89PNG", ask="picture", words="it looked so")

    assert until(lambda: kept) == [(b"\x89PNG", "it looked so")]


def test_what_a_page_picks_is_the_cases_selection(case: Case, page: Page) -> None:
    tree = {"op": "compare", "column": "age", "is": ">", "value": 0}

    page.ask(ask="select", parts=[{"tree": tree, "text": "age > 0", "pinned": False}], tree=tree, page="page")

    age = case.folder.instances["age"].to_numpy()
    assert case.selection is not None
    assert case.selection.rows.tolist() == (age > 0).nonzero()[0].tolist()
    assert page.news("selection") == []


def test_code_run_after_a_pick_finds_it(case: Case, page: Page) -> None:
    for least in range(20):
        tree = {"op": "compare", "column": "age", "is": ">", "value": least / 10}
        page.say(id=f"page-{least}", ask="select", parts=[{"tree": tree, "text": "age", "pinned": False}], tree=tree, page="page")
        assert case.selection is not None  # no answer is waited for
        assert case.selection.tree == tree


def test_what_python_picks_is_told_to_the_page(case: Case, page: Page) -> None:
    page.ask(ask="listen", page="page")

    case.selection = "age > 1"

    told = until(lambda: page.news("selection"))[0]["selection"]
    assert [part["text"] for part in told["parts"]] == ["age > 1"]
    late = Page(notebook.widget(view(case)), "late")
    assert late.ask(ask="listen", page="late")[0]["json"]["selection"] == told


def test_only_views_pages_and_cases_are_shown() -> None:
    with pytest.raises(DataError, match="a cell shows a view, a page or a case of underglass, not int"):
        notebook.page_of(7)


@pytest.mark.parametrize(
    ("settings", "said"), [({"width": 5}, "a width of 5"), ({"height": 10**6}, "a height"), ({"chrome": "x"}, "no chrome")]
)
def test_a_wrong_size_is_refused(case: Case, settings: dict, said: str) -> None:
    with pytest.raises(DataError, match=said):
        notebook.widget(view(case), **settings)


def test_where_nothing_runs_words_are_left(case: Case) -> None:
    data, _ = notebook.bundle(view(case))

    assert data["text/plain"] == f"Odd · What is odd? (small: {N} instances)"
    assert "application/vnd.jupyter.widget-view+json" in data


def test_this_is_no_notebook(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert not notebook.in_notebook()

    view(case)._ipython_display_()

    assert capsys.readouterr().out == "<view 'odd' of case 'small'>\n"


def test_a_page_and_a_case_stand_in_a_cell_too(case: Case) -> None:
    made = compose([view(case), markdown("and so on")], title="Both").as_widget()
    app = notebook.widget(case)

    assert [tile["kind"] for tile in made.page["tabs"][0]["tiles"]] == ["view", "text"]
    assert made.words.startswith("Both · What is odd?")
    assert (app.chrome, app.height) == ("app", 720)


def test_a_page_without_a_case_cannot_stand_in_a_cell() -> None:
    with pytest.raises(DataError, match="no view of a case"):
        compose(["only words"]).as_widget()
