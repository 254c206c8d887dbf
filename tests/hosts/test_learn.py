"""`underglass learn`: pages served without a token, or written as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from underglass.errors import UnderglassError
from underglass.hosts.command_line import app
from underglass.hosts.commands.learn import create_learn_app
from underglass.learn.points import LETTERS, packed_file

BUILT = (Path(__file__).resolve().parents[2] / "src/underglass/static/single/learn.js").is_file()


def unpacked(text: str) -> np.ndarray:
    codes = [LETTERS.index(one) for one in text]
    whole = np.array([high * 64 + low for high, low in zip(codes[::2], codes[1::2], strict=True)])
    return (whole / 4095 * 2 - 1).reshape(-1, 2)


def test_points_travel_in_the_address_to_a_thousandth(tmp_path: Path):
    file = tmp_path / "points.csv"
    file.write_text("x,y\n0.1,0.2\n-0.3;0.4\n0.5 -0.6\n")

    assert np.abs(unpacked(packed_file(file)) - [[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]]).max() < 1e-3


def test_points_of_an_array_are_scaled_into_the_square(tmp_path: Path):
    file = tmp_path / "points.npy"
    np.save(file, np.array([[100.0, 10.0], [200.0, 30.0], [300.0, 20.0]]))

    found = unpacked(packed_file(file))

    assert np.abs(found).max() == pytest.approx(0.8, abs=1e-3)
    assert found[0, 0] == pytest.approx(-found[2, 0], abs=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2\n3,4\n", "should hold at least three points"),
        ("1,2\n1,2\n1,2\n", "all 3 points of"),
        ("a\nb\n", "should hold at least three points"),
        ("nan,1\n1,2\n2,3\n", "two finite numbers each"),
    ],
)
def test_points_that_cannot_be_learned_are_refused_in_words(tmp_path: Path, text: str, said: str):
    file = tmp_path / "points.csv"
    file.write_text(text)

    with pytest.raises(UnderglassError, match=said):
        packed_file(file)


def test_an_unknown_explorable_names_those_there_are():
    answer = CliRunner().invoke(app, ["learn", "gann", "--no-open"])

    assert answer.exit_code == 1
    assert "no explorable named 'gann'; did you mean 'gan'?" in " ".join(answer.output.split())


def test_the_server_refuses_a_foreign_host_name_and_sends_its_policy():
    with TestClient(create_learn_app(), base_url="http://127.0.0.1") as client:
        page = client.get("/learn.html")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert client.get("/learn.html", headers={"host": "evil.example"}).status_code == 400
        assert client.get("/nothing.js").status_code == 404


def test_an_export_is_one_file_each_and_names_no_other(tmp_path: Path):
    answer = CliRunner().invoke(app, ["learn", "gan", "--export", str(tmp_path / "pages")])

    assert answer.exit_code == 0, answer.output
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["gan.html", "index.html"]
    page = (tmp_path / "pages/gan.html").read_text()
    assert 'data-explorable="gan"' in page
    assert " src=" not in page.split("<script>")[0]
    assert "default-src 'none'" in page
