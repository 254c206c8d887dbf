"""Does the command line answer in sentences, with the right exit code, and leave nothing half-done?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from underglass.hosts.command_line import app

MODULE = """
import numpy as np
import torch
from torch import nn

import underglass as ug


def make():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2)).eval()
    return ug.models.torch(net, preprocess=ug.models.to_tensor, name="tiny", accuracy=0.5)


def both():
    return ug.datasets.arrays(np.zeros((9, 6, 6), np.uint8), [0, 1] * 4 + [0], classes=["a", "b"]), make()


def broken():
    return 1 / 0


def bare():
    return make().net


number = 3
"""


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a model and a folder of pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_model", raising=False)
    (tmp_path / "my_model.py").write_text(MODULE)
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(4):
            pixels = random.integers(0, 256, (6, 6), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{number}.png")
    return tmp_path


@pytest.fixture
def case(here):
    assert run("capture", "my_model:make", "pictures", "--layers", "0,1", "--out", "p.case")[0] == 0
    return here / "p.case"


def test_help_names_every_command():
    code, out, _ = run("--help")

    assert code == 0
    assert all(name in out for name in ("demo", "check", "capture", "open", "info", "patterns"))


def test_a_command_typed_wrong_ends_with_2_and_suggests_the_right_one():
    code, _, err = run("chek")

    assert code == 2
    assert "Did you mean 'check'?" in err


def test_the_version_is_said():
    code, out, _ = run("--version")

    assert (code, out.split()[0]) == (0, "underglass")


def test_starting_imports_nothing_heavy():
    heavy = ("torch", "numpy", "pyarrow", "duckdb", "PIL")
    script = f"import sys, underglass.hosts.command_line; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=_environment())

    assert done.stdout.strip() == "[]"


def test_check_shows_examples_and_what_to_type_next(here):
    code, out, err = run("check", "my_model:make", "pictures")

    assert code == 0
    assert "a/0.png" in out
    assert "8 images, 2 classes, read as image_folder" in out
    assert "Next: underglass capture my_model:make pictures" in err


def test_check_says_what_is_suspicious(here):
    (here / "pictures" / "a" / "cut.png").write_bytes((here / "pictures" / "a" / "0.png").read_bytes()[:40])

    code, _, err = run("check", "my_model:make", "pictures")

    assert code == 0
    assert "! 1 of 9 instances could not be read and are left out." in err


def test_a_function_may_give_the_data_too(here):
    code, out, _ = run("check", "my_model:both")

    assert code == 0
    assert "9 images" in out


def test_a_file_can_be_named_in_place_of_a_module(here):
    assert run("check", "my_model.py", "pictures")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["my_model:make", "picture"], "no file or folder named 'picture'; did you mean 'pictures'?"),
        (["my_model:make"], "my_model:make gives a model alone; say where the data are: underglass check my_model:make DATA"),
        (["my_modl:make", "pictures"], "no module named 'my_modl'; did you mean 'my_model'?"),
        (["my_model:mak", "pictures"], "my_model has no function named 'mak'; did you mean 'make'?"),
        (["gone.py:make", "pictures"], "'gone.py' is not there; it must be a Python file."),
        (
            ["my_model:broken", "pictures"],
            "my_model:broken failed: ZeroDivisionError: division by zero (my_model.py, line 20: return 1 / 0)",
        ),
        (
            ["my_model:bare", "pictures"],
            "my_model:bare gives Sequential, and a model of underglass.models is needed: return underglass.models",
        ),
        (["my_model:number", "pictures"], "my_model:number is int; it must be a function that makes a model."),
        (["my_model:make", "my_model.py"], "is neither a folder of pictures, nor .npz, nor a table"),
        (["my_model:make", "pictures", "--layers", "9"], "no layer named '9'"),
    ],
)
def test_mistakes_end_with_1_and_a_sentence(here, words, message):
    code, out, err = run("check", *words)

    assert code == 1
    assert message in err
    assert "Traceback" not in out + err


def test_a_syntax_error_in_the_model_is_said_with_its_line(here):
    (here / "wrong.py").write_text("def make(:\n    pass\n")

    code, _, err = run("check", "wrong.py:make", "pictures")

    assert code == 1
    assert "SyntaxError" in err
    assert "wrong.py, line 1" in err


def test_capture_makes_a_case(case):
    code, out, _ = run("info", str(case), "--json")

    found = json.loads(out)
    assert code == 0
    assert found["instances"] == 8
    assert found["classes"] == {"a": 4, "b": 4}
    assert found["models"][0]["layers"] == {"0": 4, "1": 4}
    assert found["models"][0]["factory"] == "my_model:make"
    assert found["damaged"] == []


def test_capture_again_adds_layers(case):
    code, _, err = run("capture", "my_model:make", "pictures", "--layers", "3", "--out", str(case))

    assert code == 0
    assert "is there already; what is missing is added." in err
    assert json.loads(run("info", str(case), "--json")[1])["models"][0]["layers"] == {"0": 4, "1": 4, "3": 2}


def test_capture_names_what_it_leaves_out(here):
    (here / "pictures" / "a" / "empty.png").touch()

    _, _, err = run("capture", "my_model:make", "pictures")

    assert "! left out: a/empty.png, the file is empty" in err
    assert (here / "pictures.case").is_dir()


def test_capture_into_another_data_set_s_case_is_refused(case, here):
    (here / "pictures" / "a" / "0.png").write_bytes((here / "pictures" / "a" / "1.png").read_bytes())

    code, _, err = run("capture", "my_model:make", "pictures", "--out", str(case))

    assert code == 1
    assert "ids or bytes of this data set are not those the case was made from" in err


def test_info_for_people_names_models_and_layers(case):
    code, out, _ = run("info", str(case))

    assert code == 0
    assert "8 images, 0 without a label" in out
    assert "0 (4), 1 (4)" in out


def test_info_says_which_files_were_changed(case):
    shard = next((case / "models").rglob("shard-00000.npy"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")

    assert "is not as it was written" in run("info", str(case))[2]


def test_tables_and_arrays_are_data_too(here):
    pixels = np.stack([np.asarray(Image.open(path)) for path in sorted((here / "pictures").rglob("*.png"))])
    np.savez(here / "arrays.npz", x=pixels, y=[0] * 4 + [1] * 4)
    names = sorted(str(path.relative_to(here)) for path in (here / "pictures").rglob("*.png"))
    (here / "list.csv").write_text("file,kind\n" + "".join(f"{name},{name[9]}\n" for name in names))

    assert run("check", "my_model:make", "arrays.npz")[0] == 0
    assert run("check", "my_model:make", "list.csv", "--image", "file", "--label", "kind")[0] == 0


def test_arrays_without_images_are_refused(here):
    np.savez(here / "arrays.npz", z=[1])

    code, _, err = run("check", "my_model:make", "arrays.npz")

    assert code == 1
    assert "holds z; the instances must be called images or x." in err


def test_damaged_arrays_are_said(here):
    (here / "bad.npz").write_bytes(b"PK\x03\x04junk")

    code, _, err = run("check", "my_model:make", "bad.npz")

    assert code == 1
    assert "'bad.npz' cannot be read as arrays: File is not a zip file" in err


def test_a_place_that_cannot_be_written_is_said(here):
    (here / "file").touch()

    code, out, err = run("capture", "my_model:make", "pictures", "--out", "file/p.case")

    assert code == 1
    assert "file" in err
    assert "Traceback" not in out + err


def test_patterns_are_listed_and_written(here):
    random = np.random.default_rng(0)
    bright, dark = (random.integers(low, low + 20, (12, 6, 6), dtype=np.uint8) for low in (0, 230))
    np.savez(here / "arrays.npz", x=np.concatenate([bright, dark]), y=[0] * 12 + [1] * 12)
    run("capture", "my_model:make", "arrays.npz", "--layers", "0", "--out", "a.case")

    code, out, _ = run("patterns", "a.case", "--table", "patterns.csv")

    assert code == 0
    assert "patterns  2" in out
    assert len(Path("patterns.csv").read_text().splitlines()) == 25


def test_patterns_need_a_captured_layer(case):
    code, _, err = run("patterns", str(case), "--layer", "9")

    assert code == 1
    assert "no layer named '9'" in err


def test_no_case_is_said(tmp_path):
    code, _, err = run("info", str(tmp_path / "gone.case"))

    assert code == 1
    assert "there is no case at" in err


def test_an_unknown_demo_suggests_a_known_one():
    code, _, err = run("demo", "fashon")

    assert code == 1
    assert "no demo named 'fashon'; did you mean 'fashion'? Known: fashion, labels, adult, sounds, photos." in err


def test_a_model_without_a_case_is_no_place_to_attach_it():
    code, _, err = run("open", "--model", "my_model:make")

    assert code == 1
    assert "--model needs a case to be attached to" in err


INTERRUPTED = """

def interrupted():
    import itertools
    import os
    import signal

    model, calls = make(), itertools.count()
    plain = model.preprocess

    def preprocess(image):
        if next(calls) == 100:
            os.kill(os.getpid(), signal.SIGINT)
        return plain(image)

    model.preprocess = preprocess
    return ug.datasets.arrays(np.zeros((400, 6, 6), np.uint8)), model
"""


def test_ctrl_c_ends_with_130_and_says_what_is_kept(here):
    (here / "my_model.py").write_text(MODULE + INTERRUPTED)
    command = [sys.executable, "-m", "underglass", "capture", "my_model:interrupted", "--out", "s.case", "--batch-size", "4"]

    done = subprocess.run(command, cwd=here, env=_environment(), capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 130
    assert "stopped. 0 of 400 instances are kept; the same capture goes on from there." in done.stderr
    assert "Traceback" not in done.stderr


def _environment() -> dict[str, str]:
    import underglass

    return {**os.environ, "PYTHONPATH": str(Path(underglass.__file__).parents[1]), "COLUMNS": "160"}
