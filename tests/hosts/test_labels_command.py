"""Does ``underglass labels`` make a case from a file of labels and probabilities, and say what is suspect?"""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from judged import CLASSES, digits
from underglass.case import Case
from underglass.errors import ModelError
from underglass.hosts.command_line import app
from underglass.hosts.commands.given import find_function
from underglass.views.label_results import current


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["labels", *words], env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_file_becomes_a_case_with_its_suspects(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = digits()
    np.savez("digits.npz", probabilities=given.probabilities, labels=given.given, classes=CLASSES, images=given.images)

    code, said, aside = run("digits.npz", "--no-show")

    assert code == 0, aside
    assert "the probabilities that were given with the labels" in said
    assert "underglass open digits.case" in aside
    with Case.open("digits.case") as case:
        found = current(case)
        assert f"{len(found.suspects)}, of which about" in said
        assert given.wrong[found.suspects].mean() > 0.7


def test_probabilities_that_are_none_are_refused_in_a_sentence_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("bad.npz", probabilities=np.ones((4, 2)), labels=[0, 1, 0, 1])

    code, _, aside = run("bad.npz", "--no-show")

    assert code == 1
    assert "they must sum to 1" in aside
    assert not (tmp_path / "bad.case").exists()


def test_a_training_function_is_named_like_a_model_and_its_absence_says_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_training.py").write_text("def train(rows, labels):\n    return labels\n")

    assert find_function("own_training.py:train")([1], [2]) == [2]
    with pytest.raises(ModelError, match="did you mean 'train'"):
        find_function("own_training.py:trian")
    result = CliRunner().invoke(app, ["open", "--trainer", "own_training.py:train"], env={"COLUMNS": "160", "NO_COLOR": "1"})
    assert result.exit_code == 1
    assert "--trainer needs a case" in result.stderr
