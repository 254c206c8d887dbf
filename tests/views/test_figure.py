"""Does a captured model's figure come out of its case as it does of the model, and is every refusal in words?"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import underglass as ug
from figured import Small
from planted import planted_case
from underglass.case import Case
from underglass.errors import DataError, ModelError, RoleError, UnderglassError
from underglass.roles import Person, acting
from underglass.views.figure import VIEW

call = VIEW.calls


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "small.case"
    pictures = np.random.default_rng(0).integers(0, 255, (12, 8, 8, 3), np.uint8)
    torch.manual_seed(0)
    with Case.create(path, ug.datasets.arrays(pictures, [0, 1] * 6, classes=["a", "b"])) as case:
        case.capture(ug.models.torch(Small(), preprocess=ug.models.to_tensor, classes=["a", "b"]), layers=["fc"])
    return path


@pytest.fixture
def case(folder):
    with Case.open(folder) as opened:
        yield opened


def plain(value):
    return json.loads(json.dumps(value, allow_nan=False))


def types(answer):
    return [(one["type"], one["times"]) for one in answer["glyphs"]]


def test_a_case_draws_its_model_without_the_model(case):
    answer = plain(call["scene"](case, settings={"depth": 2}))

    assert types(answer) == [("Input", 1), ("Conv2d", 1), ("MaxPool2d", 1), ("Block", 3), ("mean", 1), ("Linear", 1)]
    again = ug.figure(Small(), (1, 3, 8, 8), depth=2)
    scenes = answer["scene"], plain(again.as_json()["scene"])
    drawn, expected = ([part["marks"] for part in scene["parts"]] for scene in scenes)
    assert drawn == expected
    assert answer["parameters"] == sum(one.numel() for one in Small().parameters())
    assert {"type": "Block", "kind": "aggregate", "count": 3}.items() <= next(
        one for one in answer["kinds"] if one["type"] == "Block"
    ).items()
    assert {"type": "relu", "kind": "hidden", "count": 3}.items() <= next(
        one for one in answer["kinds"] if one["type"] == "relu"
    ).items()


def test_what_is_picked_becomes_a_group_and_the_group_a_figure(case):
    settings = {"depth": 0, "routes": True}
    answer = plain(call["scene"](case, settings=settings))
    ids = [one["id"] for one in answer["glyphs"]]

    picked = call["between"](case, settings=settings, first="pool route", last="blocks.0.add")
    group = call["group"](case, settings=settings, glyphs=picked)
    grouped = plain(call["scene"](case, settings={**settings, "groups": [group]}))

    assert picked == ids[ids.index("pool route") : ids.index("blocks.0.add") + 1]
    assert group == {"name": "Group 1", "first": "pool route", "last": "blocks.0.add"}
    assert ("Group 1", 3) in types(grouped)
    assert grouped["groups"] == [{"name": "Group 1", "places": 3, "problem": None}]
    run = next(one["id"] for one in grouped["glyphs"] if one["type"] == "Group 1")
    more = call["group"](case, settings={**settings, "groups": [group]}, glyphs=["pool", run])
    assert (more["name"], more["first"]) == ("Group 2", "pool")
    nested = plain(call["scene"](case, settings={**settings, "groups": [group, more]}))
    assert ("Group 2", 1) in types(nested)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("between", {"first": "blocks.0.a", "last": "blocks.0.add"}, "Turn on route layers"),
        ("between", {"first": "pool", "last": "pol"}, "no glyph named 'pol'; did you mean 'pool'"),
        ("group", {"glyphs": ["stem"]}, "a group needs two layers or more"),
        ("group", {"glyphs": ["stem", "fc"]}, "also takes"),
        ("module", {"path": "blocks.9"}, "no module named 'blocks.9'; did you mean 'blocks.2'"),
        ("scene", {"settings": {"palete": "x"}}, "no setting named 'palete'; did you mean 'palette'"),
        ("scene", {"settings": {"width": "wide"}}, "width is 'wide'"),
        ("scene", {"settings": {"depth": "two"}}, "depth is 'two'"),
        ("scene", {"settings": {"samples": {"x": 99}}}, "there is no instance 99; rows go from 0 to 11"),
        ("scene", {"settings": {"samples": {"x": "/etc/passwd"}}}, "neither the row of an instance nor a picture kept"),
        ("scene", {"settings": {"samples": {"x": "kept:abc"}}}, "is not kept with this case"),
        ("export", {"ending": ".gif"}, "no format named '.gif'"),
        ("export", {"ending": ".svg", "part": "half"}, "no part of a figure named 'half'"),
        ("sample", {"data": "%%"}, "did not arrive whole"),
        ("sample", {"data": base64.b64encode(b"no picture").decode()}, "is no picture that can be read"),
        ("read_style", {"name": "a.json", "text": "{"}, "the style file a.json cannot be used"),
    ],
)
def test_refusals_are_in_words(case, name, arguments, said):
    given = arguments if "settings" in arguments or name in ("sample", "read_style") else {"settings": {"depth": 0}, **arguments}

    if name == "export":
        with pytest.raises(UnderglassError, match=re.escape(said)):
            call[name](case, **given)
    else:
        assert said in call[name](case, **given)["refused"]


def test_modules_and_repetitions(case):
    settings = {"depth": 0, "hide": []}

    assert call["module"](case, settings=settings, path="blocks.1") == [
        *("blocks.1.a", "blocks.1.relu", "blocks.1.b", "blocks.1.add"),
    ]
    assert call["repetition"](case, settings=settings) == {"name": "Group 1", "first": "blocks.0.a", "last": "blocks.0.b"}
    assert "no glyph lies in 'blocks.1' alone" in call["module"](case, settings={"depth": 1}, path="blocks.1")["refused"]


def test_the_python_makes_the_same_bytes_as_the_export(case, tmp_path):
    kept = call["sample"](case, data=base64.b64encode(_png()).decode())
    settings = {
        "depth": 0,
        "routes": True,
        "groups": [
            {"name": "Residual “x”", "first": "pool route", "last": "blocks.0.add"},
            {"name": "Not possible", "first": "stem", "last": "stem"},
            {"name": "Open", "first": "stem", "last": "pool", "active": False},
        ],
        "samples": {"x": 3, "output": kept},
        "aliases": {"Conv2d": "3 × 3 'conv'"},
        "colours": {"Linear": "#123456"},
        "width": "8.5cm",
    }
    answer = call["scene"](case, settings=settings)
    (tmp_path / "make.py").write_text(answer["code"])

    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True, timeout=120)

    assert (tmp_path / "small.svg").read_bytes() == call["export"](case, settings=settings, ending=".svg")
    assert "Not possible" not in answer["code"]
    assert [one["problem"] is None for one in answer["groups"]] == [True, False, True]


def _png():
    file = io.BytesIO()
    Image.new("RGB", (10, 20), (10, 200, 30)).save(file, "PNG")
    return file.getvalue()


def test_settings_are_kept_with_the_case_and_come_back(case, folder):
    assert call["scene"](case)["settings"] == {}
    call["keep"](case, settings={"depth": 1, "palette": "hues"})
    with Case.open(folder) as again:
        assert call["scene"](again)["settings"] == {"depth": 1, "palette": "hues"}
    with pytest.raises(UnderglassError):
        call["keep"](case, settings={"depth": -1})
    with acting(Person("viewer")), pytest.raises(RoleError):
        call["keep"](case, settings={})
    assert call["scene"](case)["settings"] == {"depth": 1, "palette": "hues"}
    call["keep"](case, settings={})


def test_a_style_goes_out_and_comes_in(case):
    settings = {"palette": "okabe-ito", "width": "8.5cm"}

    for ending in (".json", ".toml"):
        text = call["style"](case, settings=settings, ending=ending).decode()
        style = call["read_style"](case, name=f"paper{ending}", text=text)

        assert style["palette"] == "okabe-ito"
        assert style["fit"] is False
        assert call["export"](case, settings={**style, "width": "8.5cm"}, ending=".svg")


def test_every_format_of_every_part(case):
    starts = {".svg": b"<svg", ".pdf": b"%PDF", ".png": b"\x89PNG", ".tex": b"%", ".json": b"{"}
    for ending, start in starts.items():
        for part in ("figure", "network", "legend"):
            assert call["export"](case, settings={}, ending=ending, part=part).startswith(start)


def test_a_case_without_a_graph_says_so(tmp_path):
    with Case(planted_case(tmp_path / "planted.case", 40)) as case:
        answer = call["scene"](case)

        assert answer["scene"] is None
        assert "no graph" in answer["problem"]
        with pytest.raises(ModelError, match="no graph"):
            case.figure()


def test_an_exported_page_keeps_the_figure_as_it_was_left(case):
    kept = {name: answer for name, _, answer in VIEW.kept(case)}

    assert plain(kept["scene"]) == plain(call["scene"](case))
    assert kept["font"][:4] == b"\x00\x01\x00\x00"


def test_python_refuses_what_the_editor_leaves_out(case):
    with pytest.raises(UnderglassError, match="the group 'Stem' cannot be drawn: no layer named 'stemm'; did you mean 'stem'"):
        case.figure(groups=[ug.Group("Stem", "stemm", "pool")])
    with pytest.raises(DataError, match="there is no instance 12"):
        case.figure(samples={"input": 12})
    assert case.figure(samples={"input": _png()}, depth=2).drawing.blocks[3].times == 3


@pytest.mark.parametrize(
    "settings", [7, "deep", [1], True, {"hide": 7}, {"groups": 7}, {"groups": {"a": 7}}, {"samples": 7}, {"gap": 1e308}]
)
def test_settings_of_another_shape_are_refused_in_words(case, settings):
    with pytest.raises(UnderglassError, match=r"settings|hide|group|samples|gap"):
        call["export"](case, settings=settings, ending="svg")
    with pytest.raises(UnderglassError, match=r"settings|hide|group|samples|gap"):
        call["keep"](case, settings=settings)
