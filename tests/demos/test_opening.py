"""Is a demo's case made once, found again, finished when it was stopped, and never lost?"""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from underglass import datasets, models
from underglass.capture import silent
from underglass.demos import DEMOS, cache_folder, fashion, open_demo
from underglass.errors import DataError, JobCancelled, ModelError
from underglass.views.discovery import discover


@pytest.fixture
def tiny(monkeypatch):
    """The demo with a tenth of its pictures."""
    plain = fashion.make_dataset()
    rows = range(200)

    def make():
        labels, ids = (plain.table[name].to_numpy()[:200] for name in ("label", "id"))
        return datasets.arrays(np.stack(plain.load(rows)), labels, classes=fashion.CLASSES, ids=ids), fashion.make_model()

    monkeypatch.setattr(fashion, "make", make)


@pytest.mark.usefixtures("tiny")
def test_the_demo_is_captured_with_its_model_attached(tmp_path):
    with open_demo(folder=tmp_path, progress=silent) as case:
        assert case.name == "fashion"
        assert case.model.record.done
        assert [layer.name for layer in case.model.record.layers] == list(fashion.LAYERS)
        assert case.model.record.factory == "underglass.demos.fashion:make"
        assert case.attached.name == "cnn"


@pytest.mark.usefixtures("tiny")
def test_what_was_edited_is_there_the_next_time(tmp_path):
    with open_demo(folder=tmp_path, progress=silent) as case:
        case.tag([3], "odd")
    stages = []

    with open_demo(folder=tmp_path, progress=lambda done, total, stage: stages.append(stage)) as again:
        assert len(again.history()) == 1
        assert again.attached.name == "cnn"
    assert stages == [], "nothing is computed again"


@pytest.mark.usefixtures("tiny")
def test_a_stopped_demo_goes_on(tmp_path):
    def stop(done, total, stage):
        if stage.startswith("capturing"):
            raise JobCancelled("enough")

    with pytest.raises(JobCancelled):
        open_demo(folder=tmp_path, progress=stop)

    with open_demo(folder=tmp_path, progress=silent) as case:
        assert case.model.record.done
    assert [path.name for path in tmp_path.iterdir()] == ["fashion.case"]


@pytest.mark.usefixtures("tiny")
def test_a_case_of_another_version_stays_beside_the_new_one(tmp_path, monkeypatch):
    open_demo(folder=tmp_path, progress=silent).close()

    def other():
        torch.manual_seed(0)
        data, _ = fashion.make_dataset(), None
        net = nn.Sequential(nn.Conv2d(1, 4, 9), nn.ReLU(), nn.Flatten(), nn.Linear(1600, 10))
        return datasets.arrays(np.stack(data.load(range(50)))), models.torch(net, preprocess=models.to_tensor, name="cnn")

    monkeypatch.setattr(fashion, "make", other)
    monkeypatch.setattr(fashion, "LAYERS", ("0",))
    open_demo(folder=tmp_path, progress=silent).close()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["fashion-2.case", "fashion.case"]


@pytest.mark.usefixtures("tiny")
def test_another_network_on_the_same_pictures_gets_a_case_of_its_own(tmp_path, monkeypatch):
    open_demo(folder=tmp_path, progress=silent).close()
    plain = fashion.make_model

    def changed():
        model = plain()
        with torch.no_grad():
            model.net.fc2.bias += 1
        return model

    monkeypatch.setattr(fashion, "make_model", changed)
    with open_demo(folder=tmp_path, progress=silent) as case:
        assert Path(case.folder.path).name == "fashion-2.case"


@pytest.mark.usefixtures("tiny")
def test_a_damaged_case_is_left_alone(tmp_path):
    (tmp_path / "fashion.case").mkdir()

    with open_demo(folder=tmp_path, progress=silent) as case:
        assert Path(case.folder.path).name == "fashion-2.case"
    assert list((tmp_path / "fashion.case").iterdir()) == []


@pytest.mark.usefixtures("tiny")
def test_a_demo_that_cannot_be_captured_says_so_once(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion, "LAYERS", ("conv9",))

    with pytest.raises(ModelError, match="no layer named 'conv9'; did you mean 'conv"):
        open_demo(folder=tmp_path, progress=silent)
    assert [path.name for path in tmp_path.iterdir()] == ["fashion.case"]


def test_an_unknown_demo_suggests_a_known_one(tmp_path):
    with pytest.raises(DataError, match=r"no demo named 'fasion'; did you mean 'fashion'\? Known: fashion, .*photos"):
        open_demo("fasion", folder=tmp_path)


def test_cases_lie_where_each_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "underglass"

    monkeypatch.setenv("XDG_CACHE_HOME", "not absolute")
    assert cache_folder() == Path.home() / ".cache" / "underglass"


def test_every_demo_says_what_it_is():
    assert all(demo.title and demo.text for demo in DEMOS.values())


def test_a_demo_with_a_question_of_its_own_opens_on_the_view_that_answers_it():
    assert (DEMOS["labels"].view, DEMOS["adult"].view, DEMOS["sounds"].view) == ("suspects", "subgroups", "associations")
    assert {demo.view for demo in DEMOS.values()} - {None} <= set(discover().views)
