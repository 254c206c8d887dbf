"""An auditor's way from a file to groups, with all that files get wrong: what the start page says, and what it makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame
from playwright.sync_api import Page
from sklearn.metrics import accuracy_score, recall_score

from browser.audit_page import seen, strip
from browser.conftest import running
from browser.describing import until

N = 3_000


def applicants() -> pd.DataFrame:
    """Applicants as an office writes them: words for yes and no, an id for each, gaps, decimal commas, umlauts."""
    random = np.random.default_rng(6)
    granted = random.random(N) < 0.3
    return pd.DataFrame(
        {
            "aktenzeichen": [f"AZ {i:05d}" for i in range(N)],
            "geschlecht": random.choice(np.array(["männlich", "weiblich", ""]), N, p=[0.5, 0.4, 0.1]),
            "alter": random.integers(18, 80, N),
            "bewilligt": np.where(granted, "ja", "nein"),
            "wert": np.clip(random.normal(np.where(granted, 0.65, 0.35), 0.15), 0, 0.99).round(4),
        }
    )


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    home = tmp_path_factory.mktemp("auditor")
    with running("open", "--no-open", home=home) as address:
        yield home, address


@pytest.fixture
def begin(browser, start):
    """The start page; refused tables are errors of the console there."""
    contexts = []

    def open_(width: int = 1440) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.goto(start[1])
        return page

    yield open_
    for context in contexts:
        context.close()


def test_what_is_wrong_with_a_file_is_said_with_a_way_on(start, begin):
    home, _ = start
    files = {
        "no header.csv": (b"39,Private,0,0.2\n40,State,1,0.4\n", "seems to have no header: its first line holds 39, 0, 0.2"),
        "one column.csv": (b"score\n1\n2\n", "has one column only, 'score'"),
        "empty.csv": (b"", "is empty; the first line must hold the names of the columns."),
        "picture.csv": (b"\x89PNG\x00\x00", "is not text: it holds zero bytes."),
        "ragged.csv": (b"y,p\n1,0.4\n0,0.2,7\n", "have another number of fields than the header's 2: line 3 has 3"),
    }
    page = begin(800)
    for name, (content, message) in files.items():
        (home / name).write_bytes(content)
        page.set_input_files("input[type=file]", home / name)
        page.get_by_text("The table cannot be read").wait_for()
        said = page.locator("main").inner_text()
        assert message in said
        assert "--" not in said
        page.get_by_role("button", name="Another file").click()
    (home / "bar.csv").write_text("sex!y!p\nf!1!0.4\nm!0!0.2\n")
    page.set_input_files("input[type=file]", home / "bar.csv")
    page.get_by_text("has one column only").wait_for()
    page.get_by_label("fields parted by").select_option(label="comma")
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("is not parted by ','").wait_for()


def test_a_table_of_an_office_is_read_as_it_was_meant_and_counts_to_the_last_person(start, begin):
    home, _ = start
    data = applicants()
    text = data.to_csv(index=False, sep=";", decimal=",")
    (home / "anträge.csv").write_bytes(text.encode("cp1252"))
    page = begin()
    page.set_input_files("input[type=file]", home / "anträge.csv")
    page.get_by_text("read with semicolon between fields, windows-1252").wait_for()
    page.locator("form select").first.select_option("bewilligt")
    page.get_by_role("group", name="Columns of scores").get_by_role("checkbox").nth(1).check()
    page.get_by_text("say which label counts as positive: 'ja' or 'nein'.").wait_for()
    page.locator("form select").nth(1).select_option("ja")
    assert page.get_by_role("checkbox", name="aktenzeichen", exact=True).is_disabled()
    assert "3,000 different texts: too many for groups" in page.locator("main").inner_text()
    page.get_by_role("checkbox", name="geschlecht", exact=True).check()
    page.get_by_role("checkbox", name="alter", exact=True).check()
    page.get_by_label("Bins of alter").fill("jung, alt")
    page.get_by_text("write a count of bins, such as 4, or the numbers to cut at").wait_for()
    assert page.get_by_role("button", name="See for whom it fails").is_disabled()
    page.get_by_label("Bins of alter").fill("30; 60")
    page.get_by_role("textbox", name="Threshold").fill("")
    page.get_by_text("the threshold is not a number").wait_for()
    page.get_by_role("textbox", name="Threshold").fill("0,6")
    until(page, "document.querySelector('[data-preview]')?.dataset.preview === '9'")
    granted, said = (data["bewilligt"] == "ja").to_numpy(), (data["wert"] >= 0.6).to_numpy()
    assert f"ja is true of {granted.sum():,} of 3,000" in page.locator("[data-preview]").inner_text()
    assert f"predicted for {said.sum():,}." in page.locator("[data-preview]").inner_text()
    page.get_by_role("button", name="See for whom it fails").click()

    found = seen(page, "d.strips[0]?.groups.length === 9")
    assert (found["n"], found["threshold"]) == (N, 0.6)
    groups = pd.DataFrame(
        {
            "geschlecht": data["geschlecht"].replace("", "missing"),
            "alter": pd.cut(
                data["alter"], [-np.inf, 30, 60, np.inf], right=False, labels=["below 30", "30 to below 60", "60 and above"]
            ),
        }
    )
    frame = MetricFrame(
        metrics={"accuracy": accuracy_score, "recall": recall_score},
        y_true=granted,
        y_pred=said,
        sensitive_features=groups.astype(str),
    )
    for metric, turned in (("accuracy", False), ("fnr", True)):
        for group in strip(found, metric)["groups"]:
            key = tuple(part.split(" = ")[1] for part in group["name"].split(", "))
            expected = frame.by_group["recall" if turned else metric][key]
            assert group["value"] == pytest.approx(1 - expected if turned else expected, abs=1e-12)
    assert {one["name"] for one in found["features"]} == {"geschlecht", "alter"}

    page.get_by_label("Add metric").select_option("precision")
    page.get_by_label("Threshold, exactly").fill("1")
    page.keyboard.press("Enter")
    found = seen(page, "d.threshold === 1 && d.strips.length === 4")
    assert strip(found, "precision") == {"metric": "precision", "all": None, "without": 9, "groups": [], "sides": []}
    assert {group["value"] for group in strip(found, "fnr")["groups"]} == {1}


def test_one_class_alone_is_audited_with_what_can_be_known(serve_audit, open_page):
    table = {"sex": np.array(["f", "m"] * 60), "y": np.ones(120, int), "p": np.linspace(0, 0.999, 120).round(3)}
    _, address = serve_audit(table, by="sex")
    page = open_page(address, width=800, dark=True)
    found = seen(page, "d.strips.length === 3")
    assert page.get_by_text("Every label is '1': what needs the other class").is_visible()
    fpr, fnr = strip(found, "fpr"), strip(found, "fnr")
    assert (fpr["all"], fpr["groups"], fpr["without"]) == (None, [], 2)
    for group in fnr["groups"]:
        mine = table["sex"] == group["name"][-1]
        assert group["value"] == pytest.approx((table["p"][mine] < 0.5).mean(), abs=1e-12)
