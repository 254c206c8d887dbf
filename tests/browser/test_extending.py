"""Other people's packages in a real browser: a wheel, a broken one, two versions on one page, a stock anywidget."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import underglass as ug
from browser.describing import settled, until
from their_packages import VIEW, Install, installing
from underglass.errors import DataError
from underglass.extensions.scaffolding import new_view, project_files

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    with installing(tmp_path) as put:
        yield put


def go(page, fragment):
    page.evaluate("to => { location.hash = to; }", fragment)


def write_tone(path, frequency, loudest, seconds=0.5):
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        tone = np.sin(np.arange(int(8000 * seconds)) * 2 * np.pi * frequency / 8000) * loudest
        file.writeframes((tone * 32767).astype("<i2").tobytes())


def drawn_as_played(page, names):
    """The tallest column of a sine of half the full scale is half as high as the picture."""
    for row, name in enumerate(names):
        until(page, f"window.underglass?.describe('instance:{row}:tile')?.seconds > 0")
        told = page.evaluate(f"underglass.describe('instance:{row}:tile')")
        assert told["seconds"] == pytest.approx(0.5, abs=0.01)
        assert told["tallest"] == pytest.approx(0.5 if name == "low" else 0.25, abs=0.06)


def test_the_audio_example_is_built_as_a_wheel_and_draws_sounds_in_the_app_and_in_an_exported_page(
    install, tmp_path, open_page, serve_case, open_offline
):
    write_tone(tmp_path / "sounds" / "low" / "a.wav", 220, 0.5)
    write_tone(tmp_path / "sounds" / "high" / "a.wav", 880, 0.25)
    target = tmp_path / "site" / "audio"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--target",
        str(target),
    ]
    subprocess.run([*command, str(ROOT / "examples" / "audio_waveform")], check=True, timeout=300)
    install.add(target, "audio_waveform")

    case = ug.Case.create(tmp_path / "sounds.case", ug.datasets.wav_folder(tmp_path / "sounds"))
    assert case.info()["renderer"]["title"] == "Waveform"
    page = open_page(serve_case(case))
    go(page, "instances?p.mode=%22grid%22")
    until(page, "document.querySelectorAll('[data-rendered] canvas').length === 2")
    page.locator("[data-row='1']").first.click()
    until(page, "window.underglass?.describe('instance:1:panel')?.seconds > 0")

    names = case.table()["label"].to_pylist()
    drawn_as_played(page, names)
    assert page.locator("aside audio").get_attribute("src") == "api/media/1"
    page.keyboard.press("Escape")

    # the renderer and the sounds travel, from a file and from a folder, without a network
    for out in (tmp_path / "sounds.html", tmp_path / "folder"):
        written = case.export(out, media="copy" if out.suffix == "" else "inline")
        assert written.parts["sounds and films"] > 2 * 8000
        index = written.path if out.suffix else written.path / "index.html"
        page = open_offline(index.as_uri())
        go(page, "instances?p.mode=%22grid%22")
        drawn_as_played(page, names)
        page.locator("[data-row='1']").first.click()
        until(page, "window.underglass?.describe('instance:1:panel')?.seconds > 0")
        played = "document.querySelector('aside audio').play().then(() => true)"
        assert page.evaluate(played), "the page's own policy lets it play"
        until(page, "document.querySelector('aside audio').duration > 0.49")
        page.keyboard.press("Escape")
    silent = case.export(tmp_path / "silent.html", media="none")
    assert "sounds and films" not in silent.parts
    assert b"connect-src 'none'" in silent.path.read_bytes()
    case.close()
    write_tone(tmp_path / "long" / "low" / "a.wav", 220, 0.5, seconds=200)
    case = ug.Case.create(tmp_path / "long.case", ug.datasets.wav_folder(tmp_path / "long"))
    with pytest.raises(DataError, match="leave the sounds and films out with media='none'"):
        case.export(tmp_path / "large.html", max_mb=2)
    assert not (tmp_path / "large.html").exists()
    case.close()


def checked(project):
    """What `underglass check-view` says, in a process of its own: passed and not passed, with the reasons."""
    done = subprocess.run(
        [sys.executable, "-m", "underglass", "check-view", str(project)], capture_output=True, text=True, timeout=300, check=False
    )
    found = {"✓": {}, "✗": {}, "–": {}}
    for sign, what, why in re.findall(r"^([✓✗–]) \w+: (.*)\n?((?:    .*)?)", done.stdout, re.MULTILINE):
        found[sign][what] = why.strip()
    assert done.returncode == (1 if found["✗"] else 0), done.stdout + done.stderr
    return found


def test_a_scaffolded_view_passes_its_own_check(tmp_path):
    found = checked(new_view("spread", tmp_path))

    assert found["✗"] == found["–"] == {}
    assert {"draws 200 instances", "draws no instances", "draws 1 instance", "leaves nothing behind when it is removed"} <= set(
        found["✓"]
    )


LEAKS = """
  document.head.append(document.createElement("style"));
  window.addEventListener("resize", () => draw());
  setInterval(() => {}, 1000);
"""


def test_the_check_finds_what_a_view_must_not_do(tmp_path):
    project = new_view("spread", tmp_path)
    script = project / "underglass_spread" / "browser" / "spread.js"
    text = script.read_text()
    text = text.replace("  element.append(list);", "  element.append(list);" + LEAKS)
    text = text.replace("sentence: rarest?.value", "share: n / 0 - n / 0,\n        sentence: rarest?.value")
    script.write_text(text)

    failed = checked(project)["✗"]

    assert failed["leaves nothing behind when it is removed"] == "1 more listeners, 1 more timers, 1 more head"
    assert failed["sets no style outside itself"].startswith("it added a style or script to the page")
    assert failed["describes 200 instances with finite numbers"] == "describe()['share'] is not finite"
    assert failed["describes 1 instance with finite numbers"] == "describe()['share'] is not finite"
    assert len(failed) == 4


BAR = """
export function mount(element, context, props) {
  const box = document.createElement("p");
  element.append(box);
  const draw = (given) => {
    box.textContent = `VERSION ${given.text ?? "nothing"}`;
    context.drawn();
  };
  draw(props);
  context.case.host.call("bar", "doubled", { number: 21 }).then((found) => {
    box.dataset.number = found.number;
  });
  return {
    update: draw,
    describe: () => ({ n: context.case.info.instances, text: box.textContent, number: Number(box.dataset.number ?? 0) }),
    destroy: () => box.remove(),
  };
}
"""


def test_two_versions_of_a_view_and_a_broken_one_stand_on_one_page(install, planted_app, open_page):
    for package, version, times in (("ann", "first", 2), ("ben", "second", 3)):
        half = VIEW.format(name="bar").replace("2 * number", f"{times} * number")
        files = {f"{package}/__init__.py": half, f"{package}/browser/view.js": BAR.replace("VERSION", version)}
        install(package, {"underglass.views": {"bar": f"{package}:VIEW"}}, files)
    throws = "export function mount() { throw new Error('no licence'); }"
    files = {"cid/__init__.py": VIEW.format(name="throws"), "cid/browser/view.js": throws}
    install("cid", {"underglass.views": {"throws": "cid:VIEW"}}, files)
    install("dan", {"underglass.views": {"gone": "dan:VIEW"}}, {"dan/__init__.py": "raise RuntimeError('out of date')"})
    case, address = planted_app(100)
    items = [
        case.view("bar", text="one"),
        case.view("bar", text="two", unknown_setting={"kept": True}),
        case.view("bar@ben", text="three"),
        case.view("throws"),
        case.view("column"),
    ]
    spec = ug.page(items, title="Guests", layout=2).spec
    tiles = spec["tabs"][0]["tiles"]
    # as another machine kept it: the name of one, the package of the other; an older version; a package that is not here
    tiles.append({**tiles[0], "id": "t6", "y": 40, "view": "bar", "by": "ben 0.9", "props": {"text": "four"}})
    tiles.append({**tiles[0], "id": "t7", "y": 50, "by": "cho 3.1"})
    case.keep_page(spec)
    page = open_page(address)
    go(page, 'pages?p.page="Guests"')
    for tile in ("t1", "t2", "t3", "t5", "t6"):
        until(page, f"window.underglass?.describe({tile!r})?.n === 100")
    until(page, "['t1', 't2', 't3', 't6'].every(id => underglass.describe(id).number > 0)")

    for tile in ("t4", "t7"):
        page.locator(f"[data-tile={tile}]").get_by_role("alert").wait_for()

    told = [page.evaluate(f"(one => [one.text, one.number])(underglass.describe({tile!r}))") for tile in ("t1", "t2", "t3", "t6")]
    assert told == [["first one", 42], ["first two", 42], ["second three", 63], ["second four", 63]]
    assert "put here with ben 0.9, drawn by ben 1.0" in page.locator("[data-tile=t6]").inner_text()
    assert "put here with" not in page.locator("[data-tile=t3]").inner_text()
    lacking = page.locator("[data-tile=t7]").inner_text()
    assert "The view “bar” of cho 3.1 is not installed here; the one of that name is of ann 1.0. Install cho" in lacking
    assert "no licence" in page.locator("[data-tile=t4]").inner_text()
    assert "the rest of the page goes on" in page.locator("[data-tile=t4]").inner_text()
    assert case.page("Guests").spec["tabs"][0]["tiles"][1]["props"] == {"text": "two", "unknown_setting": {"kept": True}}
    page.get_by_role("button", name="Extensions that cannot be used").click()
    assert "gone, view of dan" in page.locator(".reasons").inner_text()
    assert "RuntimeError: out of date" in page.locator(".reasons").inner_text()


ESM = """
function render({ model, el }) {
  const button = document.createElement("button");
  const bytes = document.createElement("output");
  button.className = "counter-button";
  const draw = () => {
    button.textContent = `count is ${model.get("value")}`;
    bytes.textContent = String(model.get("data")?.getUint8(0));
  };
  button.addEventListener("click", () => {
    model.set("value", model.get("value") + 1);
    model.save_changes();
  });
  button.addEventListener("dblclick", () => model.send({ ask: "double" }));
  const heard = (message) => (el.dataset.heard = message.answer);
  model.on("change:value change:data", draw);
  model.on("msg:custom", heard);
  draw();
  el.append(button, bytes);
  return () => model.off("msg:custom", heard);
}
export default { render };
"""


def test_a_stock_anywidget_counts_in_two_pages_and_in_python(planted_app, open_page):
    anywidget = pytest.importorskip("anywidget")
    import traitlets

    class Counter(anywidget.AnyWidget):
        _esm = ESM
        _css = ".counter-button { color: rgb(1, 2, 3); }"
        value = traitlets.Int(3).tag(sync=True)
        data = traitlets.Bytes(b"\x07").tag(sync=True)

    counter = Counter()
    counter.on_msg(lambda widget, content, buffers: widget.send({"answer": f"{content['ask']} {widget.value}"}))
    case, address = planted_app(60)
    ug.page([case.add_widget("counter", counter), case.view("column")], title="Widgets", layout=2).save()
    first, second = open_page(address), open_page(address)
    for page in (first, second):
        go(page, 'pages?p.page="Widgets"')
        until(page, "document.querySelector('.counter-button')?.textContent === 'count is 3'")
    settled(first)

    first.locator(".counter-button").click()
    until(second, "document.querySelector('.counter-button').textContent === 'count is 4'")
    assert counter.value == 4
    assert first.locator(".counter-button").evaluate("button => getComputedStyle(button).color") == "rgb(1, 2, 3)"
    counter.value = 40
    counter.data = b"\xff"
    for page in (first, second):
        until(page, "document.querySelector('.counter-button').textContent === 'count is 40'")
        until(page, "document.querySelector('[data-widget] output').textContent === '255'")
    second.locator(".counter-button").dispatch_event("dblclick")
    until(second, "document.querySelector('[data-heard]')?.dataset.heard === 'double 40'")

    first.locator(".counter-button").evaluate("button => { button.dataset.same = 'yes'; }")
    case.exclude([0])
    until(first, f"window.underglass.case.version === {case.serving.version}")
    assert first.locator(".counter-button").get_attribute("data-same") == "yes", "an edit does not draw a widget anew"

    class Other(Counter):
        _esm = ESM.replace("count is", "number is")

    case.add_widget("counter", Other(value=5))
    until(first, "document.querySelector('.counter-button')?.textContent === 'number is 5'")
    assert first.locator(".counter-button").count() == 1
    go(first, "overview")
    until(first, "!document.querySelector('[data-widget]')")
    assert re.search(
        r"widget-counter/[0-9a-f]{16}/widget\.js", case.views["pages"].calls["open_widget"](case, "counter")["module"]
    )


def test_the_tutorial_shows_what_the_scaffold_writes():
    text = (ROOT / "docs" / "extending.md").read_text()

    for path, wanted in project_files("spread").items():
        if path != "README.md":
            assert wanted.strip() in text, path


NAMES = """
export function mount(element, context) {
  element.textContent = context.case.info.name;
  const describe = () => ({ n: context.case.info.instances, drawn: element.textContent });
  return { describe, destroy: () => element.replaceChildren() };
}
"""


def test_another_packages_view_travels_in_an_exported_page(install, planted_app, open_offline, tmp_path):
    view = VIEW.format(name="nameplate").replace('calls={"doubled": doubled}, ', "")
    files = {"ann/__init__.py": view, "ann/browser/view.js": NAMES}
    install("ann", {"underglass.views": {"nameplate": "ann:VIEW"}}, files)
    case, _ = planted_app(60, images=False)
    files = {"ben/__init__.py": view, "ben/browser/view.js": NAMES.replace("info.name;", "info.name + ' by ben';")}
    install("ben", {"underglass.views": {"nameplate": "ben:VIEW"}}, files)
    case = ug.Case.open(case.folder.path)
    for out in (tmp_path / "page.html", tmp_path / "folder"):
        written = case.export(out, views=["overview", "nameplate", "nameplate@ben"]).path
        index = written if written.suffix == ".html" else written / "index.html"
        page = open_offline(index.as_uri())
        go(page, "nameplate")
        until(page, "window.underglass?.describe('nameplate')?.n === 60")
        assert page.evaluate("underglass.describe('nameplate').drawn") == case.name
        go(page, "nameplate@ben")
        until(page, "window.underglass?.describe('nameplate@ben')?.n === 60")
        assert page.evaluate("underglass.describe('nameplate@ben').drawn") == f"{case.name} by ben"
    case.close()
