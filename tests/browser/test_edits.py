"""The view of edits in Chromium: what it lists is what the case holds, and each line can be taken back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from playwright.sync_api import Page

from browser.describing import describe, until
from planted import planted_case
from underglass.case import Case
from underglass.views.edits import patch

VIEW = "edits"


@pytest.fixture
def edited(planted_app, open_page):
    """A case with an edit of most kinds, and the view over it."""
    case, address = planted_app(300)
    case.author = "mara"
    trousers = np.flatnonzero(case.labels() == 1)[:5]
    case.relabel(trousers[:3], "Dress")
    case.tag(range(20), "odd")
    case.exclude([100, 101])
    case.flag([7, 8])
    case.note([9], "look <b>here</b>")
    case.subset("unsure", "confidence < .6")
    case.subset("a few", [1, 2, 3])
    return case, open_edits(open_page, address)


def open_edits(open_page, address: str) -> Page:
    page = open_page(f"{address}#edits")
    page.wait_for_selector("[data-view=edits] section[aria-label=Journal]")
    return page


def says(page: Page, name: str, expected: object) -> None:
    """Wait until a part of what the view draws is this."""
    text = json.dumps(json.dumps(expected, separators=(",", ":"), ensure_ascii=False))
    until(page, f"JSON.stringify(window.underglass.describe('{VIEW}')['{name}']) === {text}")


def line(page: Page, name: str, value: object):
    return page.locator(f'[data-{name}="{value}"]')


def selected(page: Page) -> str:
    return page.locator(".selection .count").inner_text()


def test_what_is_listed_is_what_the_case_holds(edited):
    case, page = edited
    found = describe(page, VIEW)

    assert found["subsets"] == [["unsure", case.count("in subset 'unsure'")], ["a few", 3]]
    assert found["tags"] == [["odd", 20]]
    assert found["changes"] == [["Trouser → Dress", 3]]
    assert found["states"] == [["excluded", 2], ["flagged", 2], ["note", 1]]
    assert [one["sequence"] for one in found["journal"]] == [7, 6, 5, 4, 3, 2, 1]
    assert found["sentence"] == "7 edits stand, by mara (7). 3 labels differ from the source, 2 excluded, 1 tag, 2 subsets."


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("subset", "unsure", "in subset 'unsure' and not excluded"),
        ("tag", "odd", "tags contains 'odd' and not excluded"),
        ("state", "flagged", "flagged and not excluded"),
        ("change", "Trouser → Dress", None),
        ("edit", "2", "tags contains 'odd' and not excluded"),
    ],
)
def test_a_line_is_selected_in_all_views(edited, name, value, where):
    case, page = edited
    expected = 3 if where is None else case.count(where)

    line(page, name, value).get_by_role("button", name="Select").click()

    until(page, f"document.querySelector('.selection .count')?.innerText === '{expected} selected'")


def test_undo_says_what_it_takes_back_and_the_line_is_struck_through(edited):
    case, page = edited

    # the second click of a double one comes before the button says what else it would take back
    page.get_by_role("button", name="Undo: defined the subset 'a few' of 3 instances").dblclick()
    page.get_by_role("button", name="Redo: defined the subset 'a few' of 3 instances").wait_for()
    says(page, "subsets", [["unsure", case.count("in subset 'unsure'")]])
    assert line(page, "edit", 7).get_attribute("data-undone") == "true"
    struck = line(page, "edit", 7).locator("[data-text]").evaluate("(one) => getComputedStyle(one).textDecorationLine")
    assert struck == "line-through"

    page.get_by_role("button", name="Redo: defined the subset 'a few' of 3 instances").click()
    until(page, f"window.underglass.describe('{VIEW}').subsets.length === 2")


def test_each_state_is_taken_back_from_its_line(edited):
    case, page = edited

    line(page, "tag", "odd").get_by_role("button", name="Untag all").click()
    says(page, "tags", [])
    line(page, "state", "excluded").get_by_role("button", name="Include all again").click()
    line(page, "state", "flagged").get_by_role("button", name="Unflag all").click()
    line(page, "change", "Trouser → Dress").get_by_role("button", name="Put back").click()
    says(page, "states", [["note", 1]])
    says(page, "changes", [])

    assert case.labels().tolist() == case.folder.source_labels.tolist()
    assert case.count("excluded or flagged") == 0


def test_a_subset_is_renamed_shown_alone_and_dropped(edited):
    case, page = edited

    page.get_by_role("button", name="Rename or drop unsure").click()
    page.get_by_label("Name", exact=True).fill("</script> doubtful")
    page.get_by_role("button", name="Rename", exact=True).click()
    until(
        page,
        f"window.underglass.describe('{VIEW}').subsets.some(([name]) => name === '</script> doubtful')".replace(
            "</script>", "<\\/script>"
        ),
    )
    page.locator(".subset", has_text="doubtful").get_by_role("button", name="Show only").click()
    expected = case.count("in subset '</script> doubtful' and not excluded")
    until(page, f"document.querySelector('.bar .count')?.innerText.startsWith('{expected} ')")

    page.get_by_role("button", name="Rename or drop a few").click()
    page.get_by_role("button", name="Drop the subset").click()
    until(page, f"window.underglass.describe('{VIEW}').subsets.length === 1")


def test_whoever_signs_is_who_the_journal_names(edited):
    case, page = edited

    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Edits are signed").fill("jo <img src=x onerror=window.pwned=1>")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("Nothing to undo").wait_for()
    line(page, "tag", "odd").get_by_role("button", name="Untag all").click()
    until(page, f"window.underglass.describe('{VIEW}').journal.length === 8")

    assert case.history()[-1].author == "jo <img src=x onerror=window.pwned=1>"
    assert page.evaluate("window.pwned") is None


def test_the_files_taken_away_hold_the_current_values(edited):
    case, page = edited
    files = {}
    for format in ("Parquet", "CSV", "JSON lines"):
        with page.expect_download() as download:
            page.locator("section[aria-label=Files] .line").first.get_by_role("button", name=format).click()
        files[format] = Path(download.value.path()).read_bytes()
        assert download.value.suggested_filename.startswith("planted-300-instances.")

    labels = case.table()["label"].to_pylist()
    gaps = pa.csv.ConvertOptions(strings_can_be_null=True)
    assert pa.parquet.read_table(io.BytesIO(files["Parquet"]))["label"].to_pylist() == labels
    assert pa.csv.read_csv(io.BytesIO(files["CSV"]), convert_options=gaps)["label"].to_pylist() == labels
    assert [json.loads(one)["label"] for one in files["JSON lines"].splitlines()] == labels


@pytest.fixture
def patches(tmp_path):
    """A patch of a copy with one edit, and one of other data."""
    with Case(planted_case(tmp_path / "copy.case", 300)) as copy, Case(planted_case(tmp_path / "other.case", 40)) as other:
        copy.edit("tag", rows=[1, 2], value="theirs", author="jo")
        other.tag([1], "foreign")
        (tmp_path / "jo.jsonl").write_bytes(patch(copy))
        (tmp_path / "other.jsonl").write_bytes(patch(other))
    return tmp_path


def test_a_patch_is_applied_from_a_file(planted_app, open_page, patches):
    case, address = planted_app(300)
    page = open_edits(open_page, address)

    page.get_by_label("Patch file").set_input_files(patches / "jo.jsonl")

    says(page, "tags", [["theirs", 2]])
    assert case.rows("tags contains 'theirs'").tolist() == [1, 2]
    page.get_by_text("1 edit of jo.jsonl made here. They keep their authors, who can undo them.").first.wait_for()


def test_a_patch_of_other_data_is_refused_with_the_reason(planted_app, browser, patches):
    case, address = planted_app(300)
    context = browser.new_context()  # a page of its own: Chromium writes every refusal to the console
    page = open_edits(lambda where: (opened := context.new_page(), opened.goto(where))[0], address)

    page.get_by_label("Patch file").set_input_files(patches / "other.jsonl")

    page.get_by_text(
        "other.jsonl is for other data than this case holds: it cannot be applied here. Nothing was changed."
    ).wait_for()
    assert case.folder.journal.sequence == 0
    context.close()


def test_a_case_without_edits_says_so_and_offers_what_to_do(planted_app, open_page):
    _, address = planted_app(20)
    page = open_edits(open_page, address)
    found = describe(page, VIEW)

    assert found["sentence"] == "Nothing has been changed: all values are the source's."
    assert (found["subsets"], found["tags"], found["changes"], found["journal"]) == ([], [], [], [])
    assert page.get_by_text("None yet. Pick instances in any view").is_visible()


def test_an_edit_made_elsewhere_appears_by_itself(edited):
    case, page = edited

    case.edit("tag", rows=range(50), value="late", author="jo")

    says(page, "tags", [["late", 50], ["odd", 20]])
    until(page, f"window.underglass.describe('{VIEW}').journal[0].text === \"tagged 50 instances 'late'\"")


def test_a_note_begun_on_one_instance_is_not_written_on_the_next(planted_app, open_page):
    case, address = planted_app(60)
    page = open_page(address)
    describe(page, "overview")
    panel = page.get_by_role("complementary", name="Instance")
    shown = "window.underglass.case.detail?.row === {} && window.underglass.case.opened === {}"

    page.evaluate("void window.underglass.case.open(3)")
    until(page, shown.format(3, 3))
    panel.get_by_role("button", name="Write a note").click()
    panel.get_by_role("textbox", name="Note").fill("of the third")
    page.evaluate("void window.underglass.case.open(4)")
    until(page, shown.format(4, 4))
    panel.get_by_role("button", name="Write a note").wait_for()
    assert panel.get_by_role("textbox").count() == 0
    page.evaluate("void window.underglass.case.open(3)")
    panel.get_by_role("button", name="Keep the note").click()
    until(page, "window.underglass.case.detail.note === 'of the third'")
    notes = case.table()["note"].to_pylist()
    assert [row for row, note in enumerate(notes) if note] == [3]
