"""The view of associations in Chromium: every number it draws is the one that scipy or a count by hand gives."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest

from browser.describing import describe, settled, still_box, until
from underglass import datasets
from underglass.analyses.associations import associate
from underglass.case import Case

VIEW = "associations"
AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
N = 3000


def planted(n=N, seed=0):
    """Items with 60 tags; `planted` goes with man, `against` with woman, `avoids` never with man, `zero` never occurs."""
    r = np.random.default_rng(seed)
    man = r.random(n) < 0.35
    woman = ~man & (r.random(n) < 0.5)
    tags = {f"tag {j:02d}": r.random(n) < 0.03 + 0.2 * r.random() for j in range(56)}
    tags["planted"] = r.random(n) < np.where(man, 0.5, 0.1)
    tags["against 🌭"] = r.random(n) < np.where(woman, 0.5, 0.1)
    tags["avoids"] = ~man & (r.random(n) < 0.08)
    return {"id": np.arange(n), "man": man, "woman": woman, **tags, "zero": np.zeros(n, bool)}


@pytest.fixture
def tagged(tmp_path, serve_case):
    table = planted()
    case = Case.create_labelled(tmp_path / "tags.case", datasets.read_labels(table), identities=["man", "woman"])
    return case, table, serve_case(case)


def opened(open_page, address, **settings):
    page = open_page(f"{address}#associations", **settings)
    until(page, f"(window.underglass?.describe('{VIEW}')?.violins ?? []).length === 3")
    until(page, f"window.underglass.describe('{VIEW}').violins.every((one) => one.bins.length > 1)")
    until(page, f"window.underglass.describe('{VIEW}').rows.length > 5")
    return page


def says(page, name, expected):
    text = json.dumps(json.dumps(expected, separators=(",", ":"), ensure_ascii=False))
    until(page, f"JSON.stringify(window.underglass.describe('{VIEW}')['{name}']) === {text}")


def oracle(table):
    labels = [name for name in table if name not in ("id", "man", "woman")]
    return labels, associate(
        np.column_stack([table[name] for name in labels]), {"man": table["man"], "woman": table["woman"]}, names=labels
    )


def test_the_rows_are_the_gaps_of_the_data_in_their_order(tagged, open_page):
    _, table, address = tagged
    page = opened(open_page, address)
    drawn = describe(page, VIEW)
    labels, found = oracle(table)
    gap = dict(zip(labels, found.gap("npmi_xy", "man", "woman"), strict=True))
    known = sorted((name for name in labels if np.isfinite(gap[name])), key=lambda name: -gap[name])
    assert (drawn["n"], drawn["labels"], drawn["listed"]) == (N, 60, 60)
    assert drawn["rows"][0]["label"] == "planted"
    assert [row["label"] for row in drawn["rows"]] == known[: len(drawn["rows"])]
    for row in drawn["rows"]:
        name = row["label"]
        assert row["counts"] == [table[name].sum()]
        assert row["cells"][0][0]["value"] == pytest.approx(gap[name], abs=1e-12)
        assert row["cells"][1][0]["with"] == f"{(table[name] & table['man']).sum():,}"
    assert "planted" in drawn["sentence"]
    assert "against" in drawn["sentence"] or "avoids" in drawn["sentence"]


def test_the_distribution_counts_each_label_once_and_says_why_some_have_no_value(tagged, open_page):
    _, table, address = tagged
    drawn = describe(opened(open_page, address), VIEW)
    found = oracle(table)[1]
    why = found.reason("npmi_xy")[0]
    of_man = drawn["violins"][1]
    assert sum(of_man["bins"]) == (why == 0).sum()
    assert of_man["none"] == [(why > 0).sum()]
    assert "1 never together" in of_man["noneWords"]
    assert "1 label never occurs" in of_man["noneWords"]


def test_a_brush_and_conditions_keep_the_labels_they_say(tagged, open_page):
    _, table, address = tagged
    page = opened(open_page, address)
    labels, found = oracle(table)
    gap = found.gap("npmi_xy", "man", "woman")
    chart = page.locator("[data-measure] svg.chart").first
    box = still_box(chart)
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 20, steps=4)
    page.mouse.up()
    until(page, f"window.underglass.describe('{VIEW}').violins[0].brushed")
    low, high = (float(box.input_value()) for box in page.locator(".condition input.field").all())
    inside = (gap >= low) & (gap <= high)
    assert 0 < inside.sum() < 30
    says(page, "listed", int(inside.sum()))
    page.get_by_role("button", name="not", exact=True).click()
    says(page, "listed", int((~inside).sum()))
    page.get_by_label("Labels whose name matches, a regular expression").fill("^tag 0[1-3]$")
    names = np.array([name in ("tag 01", "tag 02", "tag 03") for name in labels])
    says(page, "listed", int((~inside & names).sum()))
    page.get_by_label("Labels whose name matches, a regular expression").fill("(")
    assert page.get_by_text("no regular expression; not applied").is_visible()


def test_or_and_labels_without_a_value(tagged, open_page):
    _, table, address = tagged
    page = opened(open_page, address)
    found = oracle(table)[1]
    gap, of_man, why = found.gap("npmi_xy", "man", "woman"), found.value("npmi_xy")[0], found.reason("npmi_xy")[0]
    for place in (0, 1):
        chart = page.locator("[data-measure] svg.chart").nth(place)
        chart.focus()
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        page.locator("[data-measure]").nth(place).locator(".condition").wait_for()
        low, high = page.locator("[data-measure]").nth(place).locator(".condition input.field").all()
        high.fill("3")
        high.press("Tab")
        low.fill("0.1")
        low.press("Tab")
    first, second = (gap >= 0.1) & (gap <= 3), (why == 0) & (of_man >= 0.1) & (of_man <= 3)
    says(page, "listed", int((first & second).sum()))
    page.get_by_role("button", name="and", exact=True).click()
    says(page, "listed", int((first | second).sum()))
    page.locator("[data-measure]").nth(1).get_by_label("none too").check()
    says(page, "listed", int((first | second | (why > 0)).sum()))


def test_a_label_selects_its_instances_and_flags_are_undone(tagged, open_page):
    case, table, address = tagged
    page = opened(open_page, address)
    page.get_by_role("button", name="planted", exact=True).click()
    says(page, "selected", int(table["planted"].sum()))
    until(page, f"document.querySelector('.selection .count')?.textContent.startsWith('{table['planted'].sum():,}')")
    page.get_by_role("button", name="Flag planted").click()
    says(page, "flagged", 1)
    assert case.folder.journal.state().flags["label"] == {"planted"}
    page.get_by_label("Tick planted").check()
    page.get_by_role("button", name="Hide", exact=True).click()
    says(page, "listed", 59)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo").first.click()
    says(page, "listed", 60)
    page.get_by_role("button", name="Undo").first.click()
    says(page, "flagged", 0)


def test_likeness_parallel_axes_map_and_agreement(tagged, open_page):
    _, table, address = tagged
    page = opened(open_page, address)
    page.get_by_role("tab", name="Parallel axes").click()
    until(page, f"window.underglass.describe('{VIEW}').lines.length === 60")
    drawn = describe(page, VIEW)
    labels, found = oracle(table)
    value = found.value("npmi_xy")
    by_name = {line["label"]: line["values"] for line in drawn["lines"]}
    assert by_name["planted"][1:] == pytest.approx(value[:, labels.index("planted")].tolist())
    assert by_name["avoids"][1] is None
    for _ in range(2):
        page.get_by_role("button", name="Remove nPMI with").first.click()
    until(page, f"window.underglass.describe('{VIEW}').lines[0].values.length === 1")
    page.get_by_role("tab", name="Map").click()
    until(page, f"window.underglass.describe('{VIEW}').map?.points === 59")
    box = still_box(page.locator("canvas").first)
    corners = [(2, 2), (box["width"] - 2, 2), (box["width"] - 2, box["height"] - 2), (2, box["height"] - 2)]
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    for x, y in corners:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=3)
    page.mouse.up()
    says(page, "area", 59)
    page.get_by_role("button", name="Clear the lasso").click()
    page.get_by_role("tab", name="Do metrics agree?").click()
    until(page, f"window.underglass.describe('{VIEW}').stability !== null")
    told = describe(page, VIEW)["stability"]
    assert told["spearman"][4][3] == pytest.approx(1)
    page.get_by_role("tab", name="List").click()
    page.get_by_role("row", name="planted").hover()
    page.get_by_role("button", name="Sort by likeness to planted").click()
    until(page, f"window.underglass.describe('{VIEW}').rows[0]?.label === 'planted'")


def test_two_data_sets_stand_side_by_side_and_leave_as_a_file(tagged, open_page, tmp_path):
    case, table, address = tagged
    other = planted(800, seed=9)
    case.add_labels("second", datasets.read_labels(other))
    page = opened(open_page, address)
    page.get_by_label("Put another model or table beside").select_option(label="table second")
    until(page, f"window.underglass.describe('{VIEW}').rows[0]?.counts.length === 2")
    until(page, f"window.underglass.describe('{VIEW}').rows[0].cells[0].length === 2")
    until(page, f"window.underglass.describe('{VIEW}').rows[0].cells[0][1].value !== null")
    row = next(row for row in describe(page, VIEW)["rows"] if row["label"] == "planted")
    assert row["counts"] == [table["planted"].sum(), other["planted"].sum()]
    assert row["cells"][0][1]["value"] == pytest.approx(
        oracle(other)[1].gap("npmi_xy", "man", "woman")[oracle(other)[0].index("planted")]
    )
    page.get_by_role("button", name="Export labels").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="CSV", exact=True).click()
    file = pyarrow.csv.read_csv(io.BytesIO(coming.value.path().read_bytes()))
    assert file.num_rows == 120
    assert {"count@man", "npmi_xy_low@man", "npmi_xy_gap@man|woman"} <= set(file.column_names)


def test_the_predictions_of_a_model_are_label_sets_too(planted_app, open_page):
    case, address = planted_app(500)
    case.subset("old", "age > 60")
    page = open_page(f"{address}#associations")
    until(page, f"(window.underglass?.describe('{VIEW}')?.rows ?? []).length > 0")
    page.get_by_role("button", name="Add identity").click()
    page.get_by_label("Find an identity, or type a filter").fill("old")
    page.keyboard.press("Enter")
    until(page, f"window.underglass.describe('{VIEW}').identities.includes('old')")
    assert describe(page, VIEW)["labels"] >= 3
    page.get_by_label("How many classes").fill("1")
    page.keyboard.press("Tab")
    old = np.asarray(case.table()["age"]) > 60
    top = np.asarray(case.model.probabilities).argmax(axis=1)
    names = case.folder.manifest.classes
    until(page, f"window.underglass.describe('{VIEW}').rows.reduce((s, r) => s + r.counts[0], 0) < 500")
    for row in describe(page, VIEW)["rows"]:
        assert row["counts"] == [int((top == names.index(row["label"])).sum())]
    assert old.any()
    listed = [row["label"] for row in describe(page, VIEW)["rows"]]
    page.get_by_label("What makes a class of").select_option("threshold")
    page.get_by_label("Least probability").fill("0.4")
    page.keyboard.press("Tab")
    likely = (np.asarray(case.model.probabilities) >= 0.4).sum(axis=0)
    total = sum(int(likely[names.index(label)]) for label in listed)
    until(page, f"window.underglass.describe('{VIEW}').rows.reduce((s, r) => s + r.counts[0], 0) === {total}")
    for row in describe(page, VIEW)["rows"]:
        assert row["counts"] == [int(likely[names.index(row["label"])])]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (800, True)])
def test_nothing_lies_outside_the_window(tagged, open_page, width, dark):
    page = opened(open_page, tagged[2], width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_hundred_thousand_labels_are_listed_sorted_and_scrolled(tmp_path, serve_case, open_page):
    r = np.random.default_rng(0)
    items, labels = 20_000, 100_000
    starts = np.arange(items + 1) * 10
    found = np.minimum((r.pareto(0.6, items * 10) * 40).astype(np.int64), labels - 1)
    found = np.sort(found.reshape(items, 10), axis=1).ravel()
    instances = datasets.table({"id": np.arange(items), "man": r.random(items) < 0.4, "woman": r.random(items) < 0.4}).table
    made = datasets.Instances("row", (), instances, {"reader": "labels"}, "x" * 32, lambda row: None, lambda row: None)
    table = datasets.LabelTable(made, tuple(f"label {j}" for j in range(labels)), starts, found.astype(np.int32), "as listed")
    case = Case.create_labelled(tmp_path / "large.case", table, identities=["man", "woman"])
    page = opened(open_page, serve_case(case))
    assert describe(page, VIEW)["listed"] == labels
    assert len(describe(page, VIEW)["rows"]) < 60
    page.get_by_role("columnheader", name="Items").click()
    until(page, f"window.underglass.describe('{VIEW}').rows[0].counts[0] > 500")
    item = np.repeat(np.arange(items), 10)
    counts = np.bincount(np.unique(item * labels + found) % labels, minlength=labels)  # a label given twice counts once
    assert describe(page, VIEW)["rows"][0]["counts"] == [int(counts.max())]
    page.locator("[role=table]").evaluate("(list) => (list.scrollTop = list.scrollHeight)")
    until(page, f"window.underglass.describe('{VIEW}').rows.at(-1).counts[0] === 0")


@pytest.mark.parametrize("tab", ["List", "Parallel axes", "Map", "Do metrics agree?"])
def test_every_tab_is_accessible(tagged, open_page, tab):
    page = opened(open_page, tagged[2], dark=tab in ("Map", "List"))
    page.get_by_role("tab", name=tab).click()
    settled(page)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: false } } })")
    assert [f"{one['id']}: {node['target']}" for one in found["violations"] for node in one["nodes"]] == []


def test_a_shared_link_keeps_the_labels_inside_a_lasso(tagged, open_page):
    _, _, address = tagged
    page = opened(open_page, address)
    page.get_by_role("tab", name="Map").click()
    until(page, f"window.underglass.describe('{VIEW}').map?.points === 59")
    box = still_box(page.locator("canvas").first)
    middle, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"] - 1
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.down()
    for x, y in ((middle, box["y"] + 1), (middle, bottom), (box["x"] + 1, bottom)):
        page.mouse.move(x, y, steps=40)
    page.mouse.up()
    until(page, f"window.underglass.describe('{VIEW}').area > 0")
    kept = describe(page, VIEW)["area"]
    assert 0 < kept < 59
    until(page, "location.hash.includes('p.lasso=')")
    page.get_by_role("tab", name="List").click()
    until(page, f"window.underglass.describe('{VIEW}').listed === {kept}")
    until(page, f"window.underglass.describe('{VIEW}').rows.length > 0 && !location.hash.includes('p.tab')")
    drawn = [row["label"] for row in describe(page, VIEW)["rows"]]

    other = open_page(address + page.url[page.url.index("#") :])
    until(other, f"window.underglass?.describe('{VIEW}')?.listed === {kept}")
    until(other, f"window.underglass.describe('{VIEW}').rows.length === {len(drawn)}")
    assert describe(other, VIEW)["area"] == kept
    assert [row["label"] for row in describe(other, VIEW)["rows"]] == drawn
    other.get_by_role("button", name="Clear the lasso").click()
    until(other, f"window.underglass.describe('{VIEW}').listed === 60")
    until(other, "!location.hash.includes('p.lasso=')")
