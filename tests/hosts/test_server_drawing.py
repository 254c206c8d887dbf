"""Is a model drawn that stands in no case, from a file that a page sent, and is none of its code run?"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import underglass as ug
from hosts.serving_case import BASE, OURS, TOKEN, browser
from underglass.errors import DataError, RoleError, UnderglassError
from underglass.hosts.answering import NotFound
from underglass.hosts.commands.figure import address_of, alone
from underglass.hosts.commands.given import make_anything
from underglass.hosts.server import create_app
from underglass.hosts.server.drawing import MOST, Drawing, lone_file
from underglass.hosts.server.start import Recent
from underglass.roles import Person, acting
from underglass.views.lone_model import MOST_PICTURES

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install "underglass[onnx]"')


def small(width=8):
    """Three convolutions, the last two equal, as ONNX."""
    from onnx import TensorProto, helper, numpy_helper

    value = helper.make_tensor_value_info
    weights = {"a.w": (width, 3, 3, 3), "b.w": (width, width, 3, 3), "c.w": (width, width, 3, 3)}
    nodes = [
        helper.make_node("Conv", [source, f"{name}.w"], [name], name=name, pads=[1] * 4)
        for source, name in (("x", "a"), ("a", "b"), ("b", "c"))
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [value("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [value("c", TensorProto.FLOAT, [1, width, 8, 8])],
        [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.fixture(scope="module")
def bytes_of_small():
    return small().SerializeToString()


@pytest.fixture
def drawing(tmp_path, bytes_of_small):
    """A drawing of `small`, sent in two pieces, and its name there."""
    made = Drawing(home=tmp_path / "home")
    made.receive("my net.onnx", 0, bytes_of_small[:100])
    made.receive("my net.onnx", 100, bytes_of_small[100:])
    yield made, made.open()["model"]
    made.close()


def png(colour=(10, 200, 30)):
    file = io.BytesIO()
    Image.new("RGB", (10, 20), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_sent_model_is_drawn_and_its_file_is_gone(drawing, tmp_path, bytes_of_small):
    made, name = drawing
    (tmp_path / "my net.onnx").write_bytes(bytes_of_small)

    found = made.answer(name, "scene", {"settings": {"depth": 0}}).json

    expected = ug.figure(tmp_path / "my net.onnx", depth=0)
    marks = [[part["marks"] for part in one["parts"]] for one in (found["scene"], expected.as_json()["scene"])]
    assert json.loads(json.dumps(marks[0])) == json.loads(json.dumps(marks[1]))
    assert re.fullmatch("my-net-[0-9a-f]{10}", name)
    assert found["model"] == "my-net"
    assert found["parameters"] == 3 * 8 * 9 + 2 * 8 * 8 * 9
    assert "no model was sent yet" in made.open()["refused"]


def test_settings_and_pictures_are_kept_for_this_model_alone(drawing, tmp_path, bytes_of_small):
    made, name = drawing
    word = made.answer(name, "sample", {"data": png()}).json
    settings = {"depth": 0, "samples": {"x": word}, "groups": [{"name": "Two", "first": "b", "last": "c"}]}

    made.answer(name, "keep", {"settings": settings})

    (tmp_path / "my net.onnx").write_bytes(bytes_of_small)
    (tmp_path / "other.onnx").write_bytes(small(16).SerializeToString())
    again, other = (lone_file(tmp_path / file, home=tmp_path / "home", said="…") for file in ("my net.onnx", "other.onnx"))
    both = Drawing([again, other], tmp_path / "home")
    assert both.answer(again.id, "scene", {}).json["settings"] == settings
    assert both.answer(other.id, "scene", {}).json["settings"] == {}
    assert "is not kept for this model" in both.answer(other.id, "scene", {"settings": {"samples": {"x": word}}}).json["refused"]
    (again.folder / "settings.json").write_text('{"form": 1, "settings": {"depth": -4}}')
    left = both.answer(again.id, "scene", {}).json
    assert left["settings"] == {}
    assert "cannot be drawn any more" in left["problem"]
    (again.folder / "settings.json").write_text("{")
    assert both.answer(again.id, "scene", {}).json["problem"] is None


def test_pictures_given_long_ago_go_unless_they_are_drawn(drawing):
    made, name = drawing
    first = made.answer(name, "sample", {"data": png()}).json
    made.answer(name, "keep", {"settings": {"samples": {"x": first}}})
    words = [made.answer(name, "sample", {"data": png((shade, 0, 0))}).json for shade in range(MOST_PICTURES + 3)]

    kept = [word for word in words if "refused" not in made.answer(name, "scene", {"settings": {"samples": {"x": word}}}).json]

    assert kept == words[-MOST_PICTURES + 1 :]
    assert "refused" not in made.answer(name, "scene", {"settings": {"samples": {"x": first}}}).json


def test_the_python_beside_the_file_makes_the_same_bytes(drawing, tmp_path, bytes_of_small):
    made, name = drawing
    word = made.answer(name, "sample", {"data": png()}).json
    settings = {"depth": 0, "samples": {"x": word}, "palette": "okabe-ito", "width": "8.5cm"}
    (tmp_path / "my net.onnx").write_bytes(bytes_of_small)
    (tmp_path / "make.py").write_text(made.answer(name, "scene", {"settings": settings}).json["code"])

    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True, timeout=120)

    reply = made.answer(name, "export", {"settings": settings, "ending": ".svg"})
    assert (tmp_path / "my-net.svg").read_bytes() == reply.buffers[0]


NETS = """
from torch import nn
def make():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3))
def both():
    return None, make()
"""


def test_makers_typed_with_options_are_drawn_by_the_python_that_the_editor_shows(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    for file in ("code/nets.py", "nets_here.py"):
        (tmp_path / file).write_text(NETS)
    (tmp_path / "photo.png").write_bytes(base64.b64decode(png()))
    expected = {}
    for spec, pair in (("code/nets.py:make", False), ("nets_here:both", True), ("nets_here.py", False)):
        net = make_anything(spec)
        drawn = ug.figure(net[1] if pair else net, (1, 1, 8, 8), palette="hues", depth=0)

        lone, settings = alone(drawn, spec, (1, 1, 8, 8), pair=pair, samples={"input": "photo.png"}, home=tmp_path / "home")

        made = Drawing([lone], tmp_path / "home")
        found = made.answer(lone.id, "scene", {"settings": settings}).json
        assert {"palette": "hues", "depth": 0}.items() <= found["settings"].items()
        link = dict(parse_qsl(address_of(lone, settings).removeprefix("draw?")))
        assert {name: json.loads(one) for name, one in link.items()} == {"p.model": lone.id, "p.settings": settings}
        assert list(dict(parse_qsl(address_of(lone, {}).removeprefix("draw?")))) == ["p.model"]
        (tmp_path / f"{len(expected)}.py").write_text(found["code"])
        expected[f"{len(expected)}.svg"] = made.answer(lone.id, "export", {"settings": settings, "ending": ".svg"}).buffers[0]
    run = "import os, runpy; [(runpy.run_path(f'{i}.py'), os.rename('Sequential.svg', f'{i}.svg')) for i in range(3)]"
    subprocess.run([sys.executable, "-c", run], cwd=tmp_path, check=True, timeout=200)
    assert {name: (tmp_path / name).read_bytes() for name in expected} == expected


@pytest.mark.parametrize(
    "sample", ["/etc/passwd", "kept:../../settings.json", "kept:" + "0" * 32 + ".png", "kept:" + "0" * 32 + "/../a.png", 3, True]
)
def test_a_link_brings_no_file_of_this_machine_into_a_figure(drawing, sample):
    made, name = drawing

    refused = made.answer(name, "scene", {"settings": {"samples": {"x": sample}}}).json["refused"]

    assert "kept for this model; give" in refused


@pytest.mark.parametrize(
    ("file", "data", "said"),
    [
        ("net.pt", b"PK", "no model file named '.pt'"),
        ("net", b"", "no model file named 'net'"),
        ("net.onnx", b"\x08", "'net.onnx' cannot be read as ONNX"),
        ("net.onnx", b"", "'net.onnx' cannot be read as ONNX: it holds no operation"),
    ],
)
def test_what_is_no_model_is_said_without_a_path_of_the_server(tmp_path, file, data, said):
    made = Drawing(home=tmp_path)
    made.receive(file, 0, data)

    refused = made.open()["refused"]

    assert said in refused
    assert "underglass-" not in refused
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_code_in_a_keras_file_is_not_run(tmp_path, monkeypatch, ending):
    pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')
    from underglass.models.adapters import import_keras

    keras = import_keras()
    mark = tmp_path / "was run"
    monkeypatch.setenv("UNDERGLASS_MARK", str(mark))
    ours = keras.layers.Lambda(lambda x: (__import__("pathlib").Path(__import__("os").environ["UNDERGLASS_MARK"]).touch(), x)[1])
    net = keras.Sequential([keras.Input((4,)), ours, keras.layers.Dense(2)])
    assert mark.exists()
    net.save(tmp_path / f"net{ending}")
    mark.unlink()
    made = Drawing(home=tmp_path / "home")
    made.receive(f"net{ending}", 0, (tmp_path / f"net{ending}").read_bytes())

    assert "cannot be read as a Keras model" in made.open()["refused"]
    assert not mark.exists()
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(tmp_path / f"plain{ending}")
    made.receive(f"plain{ending}", 0, (tmp_path / f"plain{ending}").read_bytes())
    assert made.answer(made.open()["model"], "scene", {}).json["parameters"] == 4 * 2 + 2


def test_what_is_not_open_or_not_known_is_said(drawing):
    made, name = drawing

    with pytest.raises(NotFound, match="not open here any more: choose its file again"):
        made.answer("net-0123456789", "export", {})
    assert made.answer("net-0123456789", "scene", {}).json["problem"].startswith("this model is not open here any more")
    with pytest.raises(NotFound, match="no call of a figure named 'scen'; did you mean 'scene'"):
        made.answer(name, "scen", {})
    with pytest.raises(UnderglassError, match="wrong arguments: got an unexpected keyword argument 'model'"):
        made.answer(name, "scene", {"model": "other"})
    with pytest.raises(DataError, match="a piece of the file is missing"):
        made.receive("late.onnx", 50, b"abc")
    with acting(Person("viewer")), pytest.raises(RoleError):
        made.answer(name, "keep", {"settings": {}})


def test_only_the_last_models_are_held(tmp_path):
    made = Drawing(home=tmp_path)
    names = []
    for width in range(1, MOST + 2):
        made.receive("net.onnx", 0, small(width).SerializeToString())
        names.append(made.open()["model"])
        made.answer(names[0], "repetition", {"settings": {}})

    assert len(set(names)) == MOST + 1
    made.answer(names[0], "repetition", {"settings": {}})
    with pytest.raises(NotFound):
        made.answer(names[1], "repetition", {"settings": {}})


def test_it_is_served_to_the_owner_alone(tmp_path, bytes_of_small):
    app = create_app(
        None, token=TOKEN, viewer_token="v" * 32, recent=Recent(tmp_path / "state"), drawing=Drawing(home=tmp_path / "home")
    )
    with browser(app) as owner:
        assert owner.post("/api/draw/send?name=net.onnx&at=0", content=bytes_of_small).json()["received"] == len(bytes_of_small)
        name = owner.post("/api/draw/open", json={}).json()["model"]
        assert owner.post(f"/api/draw/{name}/scene", json={"settings": {"depth": 0}}).json()["parameters"] == 1368
        font = owner.post(f"/api/draw/{name}/font", json={})
        assert (font.content[:4], font.headers["content-type"]) == (b"\x00\x01\x00\x00", "application/octet-stream")
        assert owner.post("/api/draw/nothing/scene", json={}).json()["scene"] is None
        assert owner.post("/api/draw/send?name=a&at=x", content=b"").status_code == 400
        viewer = TestClient(app, base_url=BASE)
        viewer.get(f"/?token={'v' * 32}")
        for path in ("send?name=a&at=0", "open", f"{name}/scene"):
            assert viewer.post(f"/api/draw/{path}", json={}, headers=OURS).status_code == 403
