"""What is in an exported page, and what must not be."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import underglass as ug
from hosts.static.reading import blocks_of, everything_in, head_of, packed_of, table_of
from planted import planted_case
from underglass.case import Case
from underglass.errors import CaseError, DataError
from underglass.hosts.static import writing


@pytest.fixture
def case(tmp_path: Path):
    opened = Case(planted_case(tmp_path / "planted.case", 200))
    yield opened
    opened.close()


def test_a_page_holds_the_instances_with_their_values_of_now(case: Case, tmp_path: Path):
    case.relabel([3, 4], "Coat")
    case.tag("confidence < .5", "unsure")

    case.export(tmp_path / "page.html")

    expected, found = case.table(), table_of(tmp_path / "page.html")
    assert found.column_names == expected.column_names
    assert found.to_pylist() == expected.to_pylist()


def test_a_page_says_what_made_it_and_of_which_data(case: Case, tmp_path: Path):
    case.export(tmp_path / "page.html")

    head = head_of(tmp_path / "page.html")
    assert head["format"] == writing.FORMAT
    assert head["underglass"] == ug.__version__
    assert head["data_fingerprint"] == case.folder.manifest.data_fingerprint
    assert f"underglass {ug.__version__}; page format {writing.FORMAT}" in (tmp_path / "page.html").read_text()[:4000]


@pytest.mark.parametrize("name", ["page.html", "page"])
def test_nothing_in_a_page_tells_of_this_machine_or_of_who_works_at_it(tmp_path: Path, name: str):
    home = tmp_path / "home" / "mara-lindqvist" / "secret-project"
    home.mkdir(parents=True)
    case = Case(planted_case(home / "planted.case", 60))
    case.author = "mara.lindqvist.login"
    case.subset("doubtful", "confidence < .5")
    case.note([1], "look again")
    case.exclude([5])
    case.author = "second.person.login"
    case.subset("first ten", range(10))

    case.export(tmp_path / name)
    case.close()

    inside = everything_in(tmp_path / name)
    for secret in (str(tmp_path), "planted.case/", "secret-project", "mara-lindqvist", "login", str(Path.home()), "token="):
        assert secret.encode() not in inside, secret
    assert {one["author"] for one in head_of(tmp_path / name)["subsets"]} == {"author 1", "author 2"}


def test_values_that_would_end_a_script_are_inert(tmp_path: Path):
    wicked = '</script><img src=x onerror="alert(1)">'
    names = [f"{wicked}{i}" for i in range(20)]
    case = Case(planted_case(tmp_path / "planted.case", 20, classes=(wicked, "fine"), ids=names))

    case.export(tmp_path / "page.html")
    case.close()

    page = (tmp_path / "page.html").read_text()
    assert "onerror" not in page
    assert page.count("</script>") == page.count("<script")
    assert table_of(tmp_path / "page.html")["id"].to_pylist() == names


def test_a_page_runs_only_the_views_it_shows_first_and_carries_the_others(case: Case, tmp_path: Path):
    case.export(tmp_path / "whole.html")
    composed = ug.page([case.view("patterns")], title="Patterns")
    composed.export(tmp_path / "patterns.html")

    registered: dict[str, tuple[set[str], set[str]]] = {}
    for name in ("whole", "patterns"):
        found = blocks_of(tmp_path / f"{name}.html")
        later = [data for key, data in found.items() if key.startswith("part-")]
        told = [set(re.findall(r'underglassPart\("([^"]+)"', data.decode())) for data in (found["program"], b"".join(later))]
        registered[name] = (told[0], told[1])
        assert not told[0] & told[1]
        assert len(later) == len(told[1])

    (whole, rest), (patterns, other) = registered["whole"], registered["patterns"]
    assert whole | rest == patterns | other
    assert "overview.js" in whole
    assert "patterns.js" in rest
    assert "patterns.js" in patterns
    assert "overview.js" in other


def test_a_case_of_one_instance_can_be_exported(tmp_path: Path):
    table = pa.table({"id": ["only"], "x": [1.5], "label": ["a"]})
    case = Case.create(tmp_path / "few.case", ug.datasets.table(table, label="label", id="id", features=["x"]))

    case.export(tmp_path / "page.html")
    case.close()

    assert table_of(tmp_path / "page.html")["id"].to_pylist() == ["only"]


def test_a_part_of_the_instances_keeps_its_own_rows_and_says_which_they_were(case: Case, tmp_path: Path):
    case.subset("some", [0, 1, 2, 50, 51])

    case.export(tmp_path / "page.html", where="label = 'Coat'")

    head, found = head_of(tmp_path / "page.html"), table_of(tmp_path / "page.html")
    rows = case.rows("label = 'Coat'")
    assert head["rows"] == rows.tolist()
    assert found["row"].to_pylist() == list(range(len(rows)))
    assert found["id"].to_pylist() == case.table("label = 'Coat'")["id"].to_pylist()
    assert head["subsets"][0]["rows"] == np.flatnonzero(np.isin(rows, [0, 1, 2, 50, 51])).tolist()
    assert "only some of the instances" in head["reasons"]["projection"]


def test_details_are_those_of_the_side_panel(case: Case, tmp_path: Path):
    case.export(tmp_path / "page.html")

    said, parts = packed_of(blocks_of(tmp_path / "page.html")["details"])
    detail = case.instance(17)
    k, units = said["neighbours"], said["units"]
    codes = np.frombuffer(parts["probability_codes"], "<i2").reshape(-1, said["most"])[17]
    values = np.frombuffer(parts["probabilities"], "<f4").reshape(-1, said["most"])[17]
    assert [(said["classes"][code], float(value)) for code, value in zip(codes, values, strict=True)] == detail["probabilities"]
    assert np.frombuffer(parts["neighbour_rows"], "<i4").reshape(-1, k)[17].tolist() == [
        one["row"] for one in detail["neighbours"]
    ]
    np.testing.assert_allclose(
        np.frombuffer(parts["neighbour_distances"], "<f4").reshape(-1, k)[17], [one["distance"] for one in detail["neighbours"]]
    )
    np.testing.assert_allclose(np.frombuffer(parts["units"], "<f2").reshape(-1, units)[17], detail["units"], rtol=1e-3)


def test_an_answer_is_kept_for_what_a_view_asks_of_python(case: Case, tmp_path: Path):
    case.projection("fc")

    case.export(tmp_path / "page.html")

    said, _ = packed_of(blocks_of(tmp_path / "page.html")["answers"])
    kept = said["answers"]['projection/summary {"layer":"fc"}']
    assert kept["state"] == "found"
    assert kept["columns"] == {"x": "x.fc", "y": "y.fc"}
    assert "x.fc" in table_of(tmp_path / "page.html").column_names


def test_pictures_travel_as_sheets_that_lose_nothing_when_they_are_small(case: Case, tmp_path: Path):
    import io

    case.export(tmp_path / "page.html")

    head, blocks = head_of(tmp_path / "page.html"), blocks_of(tmp_path / "page.html")
    edge, across = head["media"]["edge"], head["media"]["across"]
    sheet = np.asarray(Image.open(io.BytesIO(blocks["sheet-0"])).convert("L"))
    row = 77
    y, x = edge * (row // across), edge * (row % across)
    original = case.folder.media.image(row)
    assert original is not None
    np.testing.assert_array_equal(sheet[y : y + edge, x : x + edge], np.asarray(original))


def test_a_folder_holds_the_pictures_as_files(case: Case, tmp_path: Path):
    page = case.export(tmp_path / "page", media="copy")

    files = sorted((tmp_path / "page" / "media").iterdir())
    assert len(files) == 200
    assert (tmp_path / "page" / "index.html").is_file()
    assert page.bytes == pytest.approx(
        sum(file.stat().st_size for file in (tmp_path / "page").rglob("*") if file.is_file()), rel=0.05
    )
    assert head_of(tmp_path / "page")["media"]["paths"][3] == "media/3.png"


def test_links_stay_below_the_page(tmp_path: Path):
    photos = tmp_path / "site" / "photos"
    for label in ("cat", "dog"):
        (photos / label).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (120, 100), (40 * i, 90, 10)).save(photos / label / f"{label} {i}.png")
    case = Case.create(tmp_path / "photos.case", ug.datasets.image_folder(photos))

    case.export(tmp_path / "site" / "page.html", media="link")
    with pytest.raises(DataError, match="write the page into the pictures' folder, or take media='copy'"):
        case.export(photos / "cat" / "page.html", media="link")
    case.close()

    paths = head_of(tmp_path / "site" / "page.html")["media"]["paths"]
    assert sorted(paths)[0] == "photos/cat/cat%200.png"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"engine": "smal"}, "no engine named 'smal'; did you mean 'small'?"),
        ({"media": "inlin"}, "no way for media named 'inlin'; did you mean 'inline'?"),
        ({"views": ["overviw"]}, "no view named 'overviw'; did you mean 'overview'?"),
        ({"views": []}, "a page needs at least one view"),
        ({"media": "copy"}, "media='copy' puts pictures beside the page, so it needs a folder: page and not page.html"),
        ({"where": "label = 'Coat' and label = 'Dress'"}, "none of the instances is chosen by where="),
        ({"max_mb": 0.1}, r"the page would have 0\.\d MB, more than max_mb=0\.1: the program 0\.\d MB"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(case: Case, tmp_path: Path, given: dict, said: str):
    with pytest.raises(DataError, match=said):
        case.export(tmp_path / "page.html", **given)

    assert not (tmp_path / "page.html").exists()


def test_a_page_that_is_too_large_says_what_makes_it_so_and_what_to_do(case: Case, tmp_path: Path):
    with pytest.raises(DataError, match=r"DuckDB 1\d\.\d MB.*leave DuckDB out with engine='small'.*allow it with max_mb=1\d"):
        case.export(tmp_path / "page.html", engine="duckdb", max_mb=5)


def test_a_folder_that_is_no_export_is_left_alone(case: Case, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")

    with pytest.raises(CaseError, match="is there already and is no exported page"):
        case.export(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_an_export_replaces_an_earlier_one(case: Case, tmp_path: Path):
    case.export(tmp_path / "page", views=["overview"])
    (tmp_path / "page" / "d" / "old.js").write_text("")

    case.export(tmp_path / "page")

    assert not (tmp_path / "page" / "d" / "old.js").exists()
