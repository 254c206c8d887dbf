"""What other people's packages bring, and what is said of those that are broken."""

from __future__ import annotations

import re

import pytest

import underglass as ug
from planted import planted_case
from their_packages import VIEW
from underglass.case import Case
from underglass.errors import DataError
from underglass.extensions import Module, find, load
from underglass.hosts.answering import NotFound, answer
from underglass.pages.origins import view_of
from underglass.views import discover

MOUNT = "export function mount() { return {}; }"
SPREAD = VIEW.format(name="spread")
ENTRY = {"underglass.views": {"spread": "theirs:VIEW"}}


def test_a_view_of_somebody_else_stands_in_the_rail_with_the_address_of_its_module(install, tmp_path):
    install("theirs", ENTRY, {"theirs/__init__.py": VIEW.format(name="spread"), "theirs/browser/view.js": MOUNT})

    with Case(planted_case(tmp_path / "a.case", 20)) as case:
        info = next(view for view in case.info()["views"] if view["name"] == "spread")
        assert info["listed"]
        assert re.fullmatch(r"extensions/spread/[0-9a-f]{16}/view\.js", info["module"])
        assert case.info()["broken"] == []
        _, name, digest, file = info["module"].split("/")
        asked = {"ask": "module", "name": name, "digest": digest, "file": file}
        assert answer(case, asked).buffers == (MOUNT.encode(),)
        assert answer(case, {"ask": "call", "view": "spread", "name": "doubled", "arguments": {"number": 4}}).json == {
            "number": 8
        }
        for wrong in (
            {"file": "../__init__.py"},
            {"file": "__init__.py"},
            {"digest": "0" * 16},
            {"name": "about"},
            {"name": "nowhere"},
        ):
            with pytest.raises(NotFound):
                answer(case, {**asked, **wrong})


def test_only_files_for_browsers_are_sent_and_no_link_leads_out(tmp_path):
    folder = tmp_path / "browser"
    folder.mkdir()
    (folder / "view.js").write_text(MOUNT)
    (folder / "style.css").write_text("p{}")
    (folder / "secret.py").write_text("KEY = 1")
    (tmp_path / "outside.js").write_text("secret")
    (folder / "link.js").symlink_to(tmp_path / "outside.js")

    module = Module(folder / "view.js")

    assert sorted(module.files) == ["style.css", "view.js"]
    before = module.digest
    (folder / "style.css").write_text("p { color: red }")
    assert module.digest != before
    with pytest.raises(DataError, match="it has changed since this page was opened: load the page anew"):
        module.read(before, "view.js")


@pytest.mark.parametrize(
    ("package", "reason"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys; sys.exit(3)", "it ends Python when it is imported (3)"),
        ("VIEW = 3", "theirs:VIEW is a int, not a View"),
        (VIEW.format(name="about"), "underglass itself has a view of the name 'about'"),
        (VIEW.format(name="My View"), "its name 'My View' is not made of small letters, digits and underscores"),
        (
            SPREAD.replace('"case"', '"mine"'),
            "its group 'mine' is none of case, learned, fails for, labels, learn",
        ),
        (SPREAD.replace('why="a"', 'why=" "'), "its card does not say: why"),
        (SPREAD.replace("view.js", "other.js"), "DataError: its browser half other.js is not there"),
        (
            SPREAD.split(", module=")[0] + ")",
            'it has no browser half: module=Path(__file__).with_name("….js")',
        ),
    ],
)
def test_a_broken_view_is_reported_with_its_reason_and_the_others_live(install, package, reason):
    install("theirs", ENTRY, {"theirs/__init__.py": package, "theirs/browser/view.js": MOUNT})

    found = discover()

    assert [str(one) for one in found.broken] == [f"the view 'spread' of theirs cannot be used: {reason}"]
    assert found.views["about"].module is None
    assert "spread" not in found.views


def test_views_of_one_name_by_two_packages_are_both_there_in_whatever_order_they_were_installed(install):
    for package in ("ben", "ann"):
        entry = {"underglass.views": {"spread": f"{package}:VIEW"}}
        install(package, entry, {f"{package}/__init__.py": SPREAD, f"{package}/browser/view.js": MOUNT + f"// {package}"})

    found = discover()

    assert {name: (view.by, view.title) for name, view in found.views.items() if view.by} == {
        "spread": ("ann 1.0", "spread"),
        "spread@ben": ("ben 1.0", "spread (ben)"),
    }
    assert found.broken == []
    modules = [found.views[name].info()["module"] for name in ("spread", "spread@ben")]
    assert [module.split("/")[1] for module in modules] == ["spread", "spread@ben"]
    assert modules[0].split("/")[2] != modules[1].split("/")[2]


def test_a_page_means_the_view_of_the_package_it_was_made_with(install, tmp_path):
    install("ben", {"underglass.views": {"spread": "ben:VIEW"}}, {"ben/__init__.py": SPREAD, "ben/browser/view.js": MOUNT})
    with Case(planted_case(tmp_path / "a.case", 20)) as case:
        page = ug.page([case.view("spread"), case.view("column")])
    mine, ours = page.spec["tabs"][0]["tiles"]
    assert mine["by"] == "ben 1.0"
    assert "by" not in ours
    install("ann", {"underglass.views": {"spread": "ann:VIEW"}}, {"ann/__init__.py": SPREAD, "ann/browser/view.js": MOUNT})

    views = discover().views

    assert view_of(mine, views) == "spread@ben"
    assert view_of(ours, views) == "column"
    assert view_of({**mine, "by": "ben 0.9"}, views) == "spread@ben", "another version of that package will do"
    assert view_of({**mine, "by": "ann 1.0"}, views) == "spread"
    with pytest.raises(
        DataError, match=r"the view 'spread' of cho 3\.1 is not installed here; the one of that name is of ann 1\.0"
    ):
        view_of({**mine, "by": "cho 3.1"}, views)


def test_readers_and_analyses_stand_beside_ours(install):
    text = "def read(path):\n    return f'read {path}'\n\ndef measure(values):\n    return sum(values)\n"
    entries = {"underglass.readers": {"their_folder": "theirs:read"}, "underglass.analyses": {"their_sum": "theirs:measure"}}
    install("theirs", entries, {"theirs.py": text})

    assert ug.datasets.their_folder("x") == "read x"
    assert ug.analyses.their_sum([1, 2]) == 3
    with pytest.raises(AttributeError, match=re.escape("no reader named 'their_foldre'; did you mean 'their_folder'?")):
        _ = ug.datasets.their_foldre
    with pytest.raises(AttributeError, match="no analysis named 'nothing_such'"):
        _ = ug.analyses.nothing_such
    with pytest.raises(DataError, match="no reader named 'nowhere'"):
        load("underglass.readers", "nowhere")


def test_a_broken_renderer_is_said_and_an_image_case_needs_none(install, tmp_path):
    install("theirs", {"underglass.instances": {"sound": "theirs:R"}}, {"theirs.py": "R = 'no renderer'"})

    with Case(planted_case(tmp_path / "a.case", 20)) as case:
        info = case.info()

    assert info["renderer"] is None
    assert info["broken"] == [
        {
            "name": "sound",
            "kind": "instance renderer",
            "package": "theirs",
            "reason": "theirs:R is a str, not an InstanceRenderer",
        }
    ]
    assert find("underglass.instances").loaded == {"sound": "no renderer"}
