"""Stock anywidgets as panels: their state and messages, with ipywidgets as the oracle."""

from __future__ import annotations

import json
import re

import pytest

from planted import planted_case
from underglass.case import Case
from underglass.errors import DataError, RoleError
from underglass.pages.widgets import packed, unpacked
from underglass.roles import Person, acting

anywidget = pytest.importorskip("anywidget")
traitlets = pytest.importorskip("traitlets")


class Counter(anywidget.AnyWidget):
    _esm = "export default { render() {} };"
    _css = "p { color: red }"
    value = traitlets.Int(3).tag(sync=True)
    items = traitlets.List([1.5, float("nan")]).tag(sync=True)
    data = traitlets.Bytes(b"\x00\xff").tag(sync=True)
    private = traitlets.Int(1)


@pytest.fixture
def case(tmp_path):
    case = Case(planted_case(tmp_path / "a.case", 20))
    yield case
    case.close()


@pytest.fixture
def counter(case):
    made = Counter()
    case.add_widget("counter", made)
    return made


def test_a_page_gets_the_state_and_files_of_a_widget(case, counter):
    opened = case.views["pages"].calls["open_widget"](case, "counter")

    assert opened["state"] == {"value": 3, "items": [1.5, {"$number": "NaN"}], "data": {"$bytes": "AP8="}}
    assert json.loads(json.dumps(opened, allow_nan=False)) == opened
    half = case.widgets["counter"].browser_half
    assert half.read(half.digest, "widget.js") == (b"export default { render() {} };", "text/javascript; charset=utf-8")
    assert half.read(half.digest, "widget.css")[0] == b"p { color: red }"
    with pytest.raises(DataError, match="there is no file 'secret' beside its module"):
        half.read(half.digest, "secret")


def test_what_a_page_sets_is_in_python_and_what_python_sets_is_told(case, counter):
    told = []
    stop = case.follow(lambda event: told.append((event["widget"], event["message"])) if event["type"] == "widget" else None)
    send = case.views["pages"].calls["send_widget"]

    send(case, "counter", {"method": "update", "state": {"value": 4, "data": {"$bytes": "AQI="}}}, "page-1")

    assert (counter.value, counter.data) == (4, b"\x01\x02")
    assert told[-1] == ("counter", {"method": "update", "state": {"value": 4, "data": {"$bytes": "AQI="}}, "page": "page-1"})
    told.clear()
    counter.value = 9
    counter.data = b"\x07"
    assert told == [
        ("counter", {"method": "update", "state": {"value": 9}}),
        ("counter", {"method": "update", "state": {"data": {"$bytes": "Bw=="}}}),
    ]
    stop()
    counter.value = 10
    assert len(told) == 2


def test_messages_go_both_ways_with_their_bytes(case, counter):
    told, heard = [], []
    case.follow(lambda event: told.append(event["message"]) if event["type"] == "widget" else None)
    counter.on_msg(lambda widget, content, buffers: (heard.append((content, buffers)), widget.send({"back": 1}, [b"\x05"])))

    message = {"method": "custom", "content": {"ask": "it"}, "buffers": [{"$bytes": "AA=="}]}
    case.views["pages"].calls["send_widget"](case, "counter", message)

    assert heard == [({"ask": "it"}, [b"\x00"])]
    assert told == [{"method": "custom", "content": {"back": 1}, "buffers": [{"$bytes": "BQ=="}]}]


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ({"method": "delete"}, 'a widget is sent "update" with a state or "custom" with a content, not \'delete\''),
        ({"method": "update", "state": {"value": "many"}}, "the widget 'counter' failed: TraitError: The 'value' trait"),
        ({"method": "update", "state": 3}, 'a widget is sent "update" with a state'),
    ],
)
def test_what_a_widget_refuses_is_said_in_its_words(case, counter, message, wrong):
    with pytest.raises(DataError, match=re.escape(wrong)):
        case.views["pages"].calls["send_widget"](case, "counter", message)
    assert counter.value == 3


def test_a_viewer_changes_no_widget_and_no_page_reaches_its_private_parts(case, counter):
    send = case.views["pages"].calls["send_widget"]
    with acting(Person("viewer")), pytest.raises(RoleError):
        send(case, "counter", {"method": "update", "state": {"value": 5}})
    send(case, "counter", {"method": "update", "state": {"_esm": "evil", "private": 2}})

    assert (counter.value, counter.private, str(counter._esm)) == (3, 1, "export default { render() {} };")


def test_what_is_no_widget_is_refused(case, counter):
    class Elsewhere(anywidget.AnyWidget):
        _esm = "https://example.org/widget.js"

    for name, widget, wrong in (
        (
            "text",
            "text",
            "a str is no anywidget: it has no _esm, get_state, set_state, _send, _handle_msg; give an instance of a subclass",
        ),
        ("../x", counter, "a widget's name has letters, digits, - and _, not '../x'"),
        ("far", Elsewhere(), "the module of the widget 'far' lies on another machine; pages load nothing from there"),
    ):
        with pytest.raises(DataError, match=re.escape(wrong)):
            case.add_widget(name, widget)
    with pytest.raises(DataError, match=re.escape("no widget named 'countre'; did you mean 'counter'? Known: counter.")):
        case.views["pages"].calls["open_widget"](case, "countre")


@pytest.mark.parametrize(
    "value", [None, True, 1, 1.5, "é🙂", b"\x00", [1, [b"a"]], {"a": {"b": b"\xff"}}, float("inf"), -float("inf")]
)
def test_what_is_packed_is_unpacked(value):
    assert unpacked(json.loads(json.dumps(packed(value), allow_nan=False))) == value
