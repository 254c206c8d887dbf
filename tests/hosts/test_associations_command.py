"""Does the command line lead from a table of labels to numbers, and say what is wrong with one in a sentence?"""

import numpy as np
import pyarrow.csv
import pytest
from typer.testing import CliRunner

from underglass.case import Case
from underglass.datasets import read_npmi
from underglass.hosts.command_line import app
from underglass.views.associations import offer


def run(*arguments):
    return CliRunner().invoke(app, ["associations", *map(str, arguments)])


@pytest.fixture
def tags(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    r = np.random.default_rng(0)
    lines = ["id,labels"]
    for item in range(300):
        who = "man" if item % 2 else "woman"
        extra = [name for name, p in (("tie", 0.6 if who == "man" else 0.1), ("tree", 0.3)) if r.random() < p]
        lines.append(f"{item},{'|'.join([who, *extra])}")
    path = tmp_path / "tags.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_table_becomes_a_case_with_both_ends_said_and_files_written(tags, tmp_path):
    told = run(tags, "-i", "man,woman", "--no-show", "--table", "out.csv", "--events", "logs")
    assert told.exit_code == 0, told.output
    assert "tie" in told.output
    assert "300" in told.output
    table = pyarrow.csv.read_csv(tmp_path / "out.csv")
    assert table["label"].to_pylist() == ["tie", "tree"]
    assert read_npmi(tmp_path / "logs")[0].identities() == ("man", "woman")
    with Case.open(tmp_path / "tags.case") as case:
        assert offer(case)["begin"] == ["man", "woman"]


def test_a_case_and_a_log_folder_are_taken_too(tags, tmp_path):
    assert run(tags, "-i", "man,woman", "--no-show", "--events", "logs").exit_code == 0
    again = run("tags.case", "logs", "-i", "woman,man", "--no-show")
    assert again.exit_code == 0, again.output
    with Case.open(tmp_path / "tags.case") as case:
        assert [source["kind"] for source in offer(case)["sources"]] == ["table", "run"]
        assert offer(case)["begin"] == ["woman", "man"]
    alone = run("logs", "--out", "alone.case", "--no-show")
    assert alone.exit_code == 0, alone.output
    with Case.open(tmp_path / "alone.case") as case:
        assert offer(case)["begin"] == ["man", "woman"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "nowhere.csv does not exist"),
        (["tags.csv", "-i", "men,woman"], "no identity named 'men'; did you mean 'man'"),
        (["tags.csv", "--labels", "label"], "no column named 'label'; did you mean 'labels'"),
        (["tags.csv", "--threshold", "0.5"], "already yes or no"),
        (["tags.csv", "-i", "man,woman", "--metric", "npmi"], "no metric named 'npmi'; did you mean"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tags, tmp_path, arguments, message):
    told = run(*arguments, "--no-show")
    assert told.exit_code == 1
    assert message in " ".join(told.output.split())
    assert "Traceback" not in told.output
    if "--metric" not in arguments:
        assert not (tmp_path / "tags.case").exists()
