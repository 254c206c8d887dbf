"""Does ``underglass audit`` go from a table to groups, and say in a sentence what is wrong with a table?"""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from scored_tables import people
from underglass.case import Case
from underglass.hosts.command_line import app


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["audit", *words], env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = people(400)
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return tmp_path


GIVEN = ("scores.csv", "--label", "y", "--score", "p", "--no-serve")


def test_a_table_becomes_groups_and_a_case(here):
    code, out, err = run(*GIVEN, "--by", "region,sex", "--bins", "age=3", "--threshold", "0.6")

    table = people(400)
    right = ((np.array(table["p"]) >= 0.6) == (np.array(table["y"]) == 1)).mean()
    assert code == 0
    assert f"{right:.0%}".replace("%", " %") in next(line for line in out.splitlines() if line.startswith("everyone"))
    assert "region = east, sex = female" in out
    assert "Next: underglass open scores.case" in err
    with Case.open(here / "scores.case") as case:
        served = case.table()
        assert (served["prediction"].to_numpy() == "1").tolist() == (np.array(table["p"]) >= 0.6).tolist()
        assert served["correct"].to_numpy().mean() == pytest.approx(right)
        assert case.folder.verify() == []


def test_the_same_table_opens_the_same_case_and_another_is_refused(here):
    run(*GIVEN)
    with Case.open(here / "scores.case") as case:
        case.tag([1, 2], "seen")

    again, other = run(*GIVEN), run(*GIVEN, "--threshold", "0.7")

    assert again[0] == 0
    assert "was made from this table before" in again[2]
    assert other[0] == 1
    assert "made of another table or in another way; give another place: --out NAME.case" in other[2]
    with Case.open(here / "scores.case") as case:
        assert "seen" in case.folder.journal.state().tags


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("scores.csv", "--label", "yy", "--score", "p"), "no column named 'yy'; did you mean 'y'?"),
        (("scores.csv", "--label", "y", "--score", "pp"), "no column named 'pp'; did you mean 'p'?"),
        (("scores.csv", "--label", "y"), "say where the scores are"),
        (("score.csv", "--label", "y", "--score", "p"), "'score.csv' is not there; a table of scores is a file."),
        ((*GIVEN, "--by", "regoin"), "no feature named 'regoin'; did you mean 'region'?"),
        ((*GIVEN, "--by", "p"), "column 'p' is the label or the score; groups are made by features."),
        ((*GIVEN, "--bins", "age"), "--bins 'age' is not understood; write --bins age=4 or --bins age=25,45,65."),
        ((*GIVEN, "--bins", "sex=3"), "feature 'sex' holds string, not numbers, and cannot be put into bins."),
        ((*GIVEN, "--separator", ";"), "is not parted by ';'"),
        ((*GIVEN, "--positive", "2"), "the positive class: no label named '2'"),
        ((*GIVEN, "--threshold", "7"), "a threshold lies between 0 and 1; got 7."),
    ],
)
def test_mistakes_are_said_in_a_sentence_and_nothing_is_left(here, words, message):
    code, _, err = run(*words)

    assert code == 1
    assert message in err
    assert "Traceback" not in err
    assert not list(here.glob("*.case"))


def test_a_table_without_a_header_or_with_bad_scores_is_refused(here):
    (here / "bare.csv").write_text("39,Private,0,0.2\n40,State,1,0.4\n")
    (here / "percent.csv").write_text("sex,y,p\nf,1,87\nm,0,12\n")

    bare, percent = run("bare.csv", "--label", "y", "--score", "p"), run("percent.csv", "--label", "y", "--score", "p")

    assert "seems to have no header" in bare[2]
    assert "2 scores of 'p' lie outside 0 to 1, the first in row 1: 87. Scores are probabilities; percentages need" in percent[2]


def test_small_groups_and_no_positives_are_said_and_never_zero(here):
    (here / "none.csv").write_text("sex,y,p\n" + "f,0,0.2\nm,0,0.7\n" * 20)

    code, out, err = run("none.csv", "--label", "y", "--score", "p", "--by", "sex", "--no-serve", "--min-size", "25")

    assert code == 0
    assert "No label is '1'" in err
    assert "– (0 of 0)" in out
    assert "2 of 2 groups have fewer than 25 instances: their rates say little" in err
