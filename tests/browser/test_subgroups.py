"""Whom does the score fail? What the page draws, against fairlearn, scikit-learn and hand counts."""

from __future__ import annotations

import csv
import os

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame, demographic_parity_difference, false_positive_rate
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

from browser.audit_page import MEN, WOMEN, click, hover, seen, strip
from browser.conftest import running
from browser.describing import until
from browser.test_pages import violations
from scored_tables import people

TABS = {
    "Suggested": "cards",
    "Similar": "cards",
    "Thresholds": "areas",
    "Gaps": "gaps",
    "Lacks data": "sizes",
    "Two models": "models",
}


def test_strips_features_and_the_comparison_hold_the_numbers_of_fairlearn(serve_audit, open_page, scored_people):
    case, address = serve_audit()
    page = open_page(address)
    found = seen(page, "d.strips.length === 3 && d.strips[0].groups.length === 8")

    assert found["n"] == 4_000
    measures = {"accuracy": accuracy_score, "fpr": false_positive_rate}
    frame = MetricFrame(
        metrics=measures,
        y_true=scored_people["y"],
        y_pred=scored_people["said"],
        sensitive_features=scored_people[["region", "sex"]],
    )
    for metric in measures:
        drawn = strip(found, metric)
        assert drawn["all"] == pytest.approx(frame.overall[metric], abs=1e-12)
        for group in drawn["groups"]:
            key = tuple(part.split(" = ")[1] for part in group["name"].split(", "))
            assert group["value"] == pytest.approx(frame.by_group[metric][key], abs=1e-12)
            assert group["low"] <= group["value"] <= group["high"]
            assert group["count"] / group["of"] == pytest.approx(group["value"], abs=1e-12)

    click(page, WOMEN)
    found = seen(page, "d.pinned && d.compared.length === 12 && d.selected !== null")
    inside = scored_people[(scored_people["region"] == "east") & (scored_people["sex"] == "female")]
    assert found["pinned"] == WOMEN
    assert found["selected"] == len(inside) == case.count("region = 'east' and sex = 'female'")
    jobs = next(one for one in found["features"] if one["name"] == "job")
    for row in jobs["values"]:
        assert row["n"] == (scored_people["job"] == row["value"]).sum()
        assert row["pinned"] == pytest.approx((inside["job"] == row["value"]).mean(), abs=1e-12)

    hover(page, MEN)
    found = seen(page, f"d.hovered === {MEN!r} && d.strips.every((s) => s.sides.length === 2)")
    others = scored_people[(scored_people["region"] == "west") & (scored_people["sex"] == "male")]
    expected = [side.loc[side["y"] == 0, "said"].mean() for side in (inside, others)]
    found = seen(page, f"Math.abs(d.compared.find((row) => row.metric === 'fpr').b - {expected[1]}) < 1e-9")
    rows = {row["metric"]: row for row in found["compared"]}
    assert rows["fpr"]["a"] == pytest.approx(expected[0], abs=1e-12)
    assert rows["fpr"]["gap"] == pytest.approx(expected[0] - expected[1], abs=1e-12)
    assert rows["fpr"]["low"] > 0
    assert "Of those truly 0" in found["sentence"]


def test_the_planted_group_is_the_first_card_and_becomes_a_subset(serve_audit, open_page):
    case, address = serve_audit()
    page = open_page(address)
    seen(page, "d.cards.length > 0")
    page.locator('section[aria-label="Which groups did nobody think of?"] select').select_option("fpr")

    found = seen(page, "d.cards.length > 0 && d.search?.clear > 0 && d.cards[0].q < 1e-6")
    first = found["cards"][0]["name"]
    assert "east" in first
    assert "female" in first
    page.locator("li[data-card] button").first.click()
    seen(page, "d.selected > 0")
    page.get_by_role("button", name="Make a subset of the selection").click()
    page.get_by_label("Name of the subset").fill("wrongly flagged")
    page.keyboard.press("Enter")
    until(page, "window.underglass.case.info.subsets.length === 1")
    assert case.subsets["wrongly flagged"].kind == "live"
    assert case.count("in subset 'wrongly flagged'") == case.count("region = 'east' and sex = 'female'")


def test_the_search_keeps_to_the_least_share_and_the_most_conditions_asked_for(serve_audit, open_page):
    _, address = serve_audit()
    page = open_page(address)
    before = seen(page, "d.cards.length > 0 && d.search")["search"]["tested"]
    page.get_by_label("conditions, at most").fill("1")
    page.keyboard.press("Tab")
    found = seen(page, f"d.cards.length > 0 && d.search?.tested < {before}")
    assert all(", " not in card["name"] for card in found["cards"])

    least = page.get_by_label("Least share of instances in a group, percent")
    least.fill("30")
    page.keyboard.press("Tab")
    before = found["search"]["tested"]
    found = seen(page, f"d.cards.length > 0 && d.search?.tested < {before}")
    assert all(card["size"] >= 0.3 * 4_000 for card in found["cards"])
    least.fill("900")
    page.keyboard.press("Tab")
    assert least.input_value() == "50"


def test_combinations_that_say_nothing_new_are_left_out_by_as_many_points_as_a_person_types(
    serve_audit, open_page, scored_people
):
    _, address = serve_audit()
    page = open_page(address)
    longer = "region = west, sex = female, age = 55 to below 68, job = office"  # within a point of the same without the region
    found = seen(page, "d.cards.length > 0 && d.search")
    assert longer not in [card["name"] for card in found["cards"]]
    tested = found["search"]["tested"]

    least = page.get_by_label("Left out if a condition less changes it by at most, points")
    assert least.input_value() == "1"
    least.fill("5")
    page.keyboard.press("Tab")
    found = seen(page, "d.cards.length === 2 && d.search")
    assert [card["name"] for card in found["cards"]] == [WOMEN, "region = west, age = 68 and above, job = office"]
    assert found["search"]["tested"] == tested  # all are tested, fewer are shown
    right = scored_people["said"] == scored_people["y"]
    east, female = scored_people["region"] == "east", scored_people["sex"] == "female"
    for part in (east, female):
        assert abs(right[east & female].mean() - right[part].mean()) > 0.05

    least.fill("")
    page.keyboard.press("Tab")
    seen(page, f"d.cards.some((card) => card.name === '{longer}')")
    least.fill("50")
    page.keyboard.press("Tab")
    page.get_by_text("Nothing is left: every combination").wait_for()


def test_the_error_tree_and_a_subset_as_second_group_hold_hand_counts(serve_audit, open_page, scored_people):
    case, address = serve_audit()
    case.subset("farmers", "job = 'farm'")
    page = open_page(address)
    seen(page, "d.cards.length > 0")
    page.get_by_role("button", name="error tree").click()
    found = seen(page, "d.nodes.length > 2")
    first = found["nodes"][0]
    assert first["size"] == 4_000
    assert first["value"] == pytest.approx((scored_people["said"] == scored_people["y"]).mean(), abs=1e-12)

    click(page, MEN)
    page.mouse.move(5, 5)
    page.get_by_label("second group").select_option("farmers")
    found = seen(page, "d.pair[1] === 'farmers' && d.compared.length === 12")
    found = seen(page, "d.compared.find((row) => row.metric === 'base_rate').b !== null")
    rows = {row["metric"]: row for row in found["compared"]}
    farmers = scored_people[scored_people["job"] == "farm"]
    assert rows["selection_rate"]["b"] == pytest.approx(farmers["said"].mean(), abs=1e-12)


def test_another_threshold_counts_anew_and_gaps_and_curves_agree(serve_audit, open_page, scored_people):
    _, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips.length === 3")
    page.get_by_label("Threshold, exactly").fill(".7")
    page.keyboard.press("Enter")

    found = seen(page, "d.threshold === 0.7 && d.strips[0].groups.length === 8")
    said = scored_people["p"] >= 0.7
    group = next(one for one in strip(found, "fnr")["groups"] if one["name"] == WOMEN)
    inside = (scored_people["region"] == "east") & (scored_people["sex"] == "female")
    assert group["value"] == pytest.approx(1 - recall_score(scored_people["y"][inside], said[inside]), abs=1e-12)

    page.get_by_role("button", name="Gaps").click()
    found = seen(page, "d.gaps.length > 2")
    gap = next(row for row in found["gaps"] if row["criterion"] == "demographic_parity")
    expected = demographic_parity_difference(scored_people["y"], said, sensitive_features=scored_people[["region", "sex"]])
    assert gap["difference"] == pytest.approx(expected, abs=1e-12)

    click(page, WOMEN)
    page.get_by_role("button", name="Thresholds", exact=True).click()
    found = seen(page, f"d.areas.some((row) => row.name === {WOMEN!r})")
    areas = {row["name"]: row["auc"] for row in found["areas"]}
    assert areas["everyone"] == pytest.approx(roc_auc_score(scored_people["y"], scored_people["p"]), abs=1e-12)
    assert areas[WOMEN] == pytest.approx(roc_auc_score(scored_people["y"][inside], scored_people["p"][inside]), abs=1e-12)


def test_ticked_values_make_groups_once_and_can_be_taken_back(serve_audit, open_page, scored_people):
    _, address = serve_audit(by="sex")
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 2")
    page.get_by_label("job = farm").check()
    page.get_by_role("button", name="Add up to 2 groups").click()
    found = seen(page, "d.strips[0].groups.length === 4")
    sizes = {group["name"]: group["size"] for group in found["strips"][0]["groups"]}
    assert sizes["sex = female, job = farm"] == ((scored_people["sex"] == "female") & (scored_people["job"] == "farm")).sum()

    page.get_by_role("button", name="Add up to 2 groups").click()
    page.locator('[aria-label="Features"]').get_by_role("button", name="Undo").click()
    seen(page, "d.strips[0].groups.length === 2")
    page.get_by_role("button", name="Reset groups").click()
    found = seen(page, "d.strips[0].groups.length === 0")
    assert strip(found, "accuracy")["all"] == pytest.approx(accuracy_score(scored_people["y"], scored_people["said"]), abs=1e-12)


def test_small_groups_are_listed_and_nothing_of_nothing_is_no_mark(serve_audit, open_page):
    table = people(300)
    table["region"] = np.where(np.arange(300) < 5, "island", table["region"])
    table["y"] = np.where(table["region"] == "north", 0, table["y"])
    _, address = serve_audit(table, by="region", min_size=10)
    page = open_page(address)

    found = seen(page, "d.strips.length === 3 && d.small.length === 1")
    assert found["small"] == [{"name": "region = island", "n": 5}]
    assert "region = north" not in {group["name"] for group in strip(found, "fnr")["groups"]}
    assert strip(found, "fnr")["without"] == 1
    assert page.locator("text=nobody is truly 1").count()


def test_a_filter_above_and_the_keyboard_work_as_everywhere(serve_audit, open_page, scored_people):
    _, address = serve_audit()
    page = open_page(address, width=800)
    seen(page, "d.strips[0]?.groups.length === 8")
    page.keyboard.press("/")
    page.keyboard.type("job = 'farm'")
    page.keyboard.press("Enter")

    found = seen(page, f"d.n === {int((scored_people['job'] == 'farm').sum())}")
    assert sum(group["size"] for group in found["strips"][0]["groups"]) == found["n"]
    page.locator("svg[aria-roledescription='strip plots']").focus()
    page.keyboard.press("ArrowRight")
    worst = min(found["strips"][0]["groups"], key=lambda group: group["value"])
    assert seen(page, "d.hovered !== null")["hovered"] == worst["name"]
    page.keyboard.press("Enter")
    assert seen(page, "d.selected !== null")["selected"] == worst["size"]
    page.keyboard.press("Escape")
    assert seen(page, "d.selected === null")["pinned"] is None


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (800, True)])
def test_every_part_is_accessible_and_fits_the_page(serve_audit, open_page, width, dark):
    table = people(800)
    case, address = serve_audit(table)
    case.add_scores(np.clip(table["p"] + 0.1, 0, 1), name="generous", positive="1")
    page = open_page(address, width=width, dark=dark)
    seen(page, "d.cards.length > 0")
    click(page, WOMEN)
    seen(page, "d.compared.length === 12")
    for tab, drawn in TABS.items():
        page.locator(".tabs").get_by_role("button", name=tab, exact=True).click()
        seen(page, f"d.{drawn}.length > 0")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_table_of_scores_is_picked_apart_and_opened_from_the_start_page(browser, tmp_path, scored_people):
    table = people(500)
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    with running("open", "--no-open", home=tmp_path) as address:
        page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
        page.goto(address)
        page.set_input_files("input[type=file]", tmp_path / "scores.csv")
        page.get_by_role("checkbox", name="region", exact=True).check()
        page.get_by_role("checkbox", name="sex", exact=True).check()
        until(page, "document.querySelector('[data-preview]')?.dataset.preview === '8'")
        true = int(np.sum(table["y"]))
        assert f"true of {true} of 500" in page.locator("[data-preview]").inner_text()
        page.get_by_role("button", name="See for whom it fails").click()
        found = seen(page, "d.strips[0]?.groups.length === 8")
        page.context.close()
    assert found["n"] == 500
    expected = accuracy_score(table["y"], np.array(table["p"]) >= 0.5)
    assert strip(found, "accuracy")["all"] == pytest.approx(expected, abs=1e-12)
    assert os.listdir(tmp_path).count("scores.case") == 1
