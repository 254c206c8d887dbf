"""The patterns view draws the counts that numpy finds in the case, and its picks, settings and pins act on them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from browser.describing import describe, reload, settled, until

N = 600


@pytest.fixture
def opened(planted_app, open_page):
    """The page and the case, with the patterns of ``fc`` on screen."""
    case, address = planted_app(N)
    page = open_page(f"{address}#patterns")
    until(page, "window.underglass?.describe('patterns')?.rows.length > 1", 60)
    settled(page)
    return page, case


def values(case: Any, column: str) -> list[Any]:
    return case.table()[column].to_pylist()


def rows(page: Any) -> dict[int, dict[str, Any]]:
    settled(page)
    return {row["pattern"]: row for row in describe(page, "patterns")["rows"]}


def test_rows_count_members_labels_and_right_answers_as_numpy_does(opened):
    page, case = opened
    pattern, label, correct = (values(case, name) for name in ("pattern.fc", "label", "correct"))

    drawn = rows(page)

    assert {number: row["n"] for number, row in drawn.items()} == dict(Counter(pattern))
    for number, row in drawn.items():
        members = [i for i in range(N) if pattern[i] == number]
        judged = [correct[i] for i in members if correct[i] is not None]
        assert (row["correct"], row["judged"]) == (sum(judged), len(judged))
        here = Counter("no label" if label[i] is None else label[i] for i in members)
        assert {value: n for value, n, _ in row["labels"] if n} == here
        assert set(row["instances"]) <= set(members)


def test_the_planted_groups_stand_first_each_of_one_label(opened):
    page, _ = opened

    first = [rows(page)[number] for number in range(4)]

    common = [max(row["labels"], key=lambda one: one[1]) for row in first]
    assert len({value for value, _, _ in common}) == 4
    assert all(n >= 0.9 * row["n"] and row["n"] > 40 for row, (_, n, _) in zip(first, common, strict=True))


def test_a_picked_row_selects_its_members_everywhere_and_shift_adds_another(opened):
    page, case = opened
    pattern = values(case, "pattern.fc")

    page.locator('[role="row"][data-pattern="0"] strong').click()
    settled(page)
    assert describe(page, "patterns")["selected"] == pattern.count(0)
    assert page.locator(".selection .count").inner_text() == f"{pattern.count(0):,} selected"

    page.locator('[role="row"][data-pattern="2"] strong').click(modifiers=["Shift"])
    until(page, f"window.underglass.describe('patterns').selected === {pattern.count(0) + pattern.count(2)}")
    drawn = rows(page)
    assert {number for number, row in drawn.items() if row["picked"]} == {0, 2}
    assert drawn[1]["selected"] == 0

    page.get_by_role("link", name="Overview").or_(page.get_by_role("button", name="Overview")).first.click()
    until(page, f"window.underglass.describe('overview')?.selected === {pattern.count(0) + pattern.count(2)}")


def test_tiles_picked_one_by_one_are_added_to_what_is_selected_and_taken_back(opened):
    page, case = opened
    pattern = values(case, "pattern.fc")
    tiles = page.locator('[role="row"][data-pattern="2"] .tile')
    page.locator('[role="row"][data-pattern="0"] strong').click()
    settled(page)

    for tile in (0, 1, 2, 1):
        tiles.nth(tile).click(modifiers=["Shift"])

    until(page, f"window.underglass.describe('patterns').selected === {pattern.count(0) + 2}")
    assert {number: row["selected"] for number, row in rows(page).items() if row["selected"]} == {0: pattern.count(0), 2: 2}


def test_the_label_table_is_the_cross_table_of_labels_and_patterns(opened):
    page, case = opened
    pattern, label = values(case, "pattern.fc"), values(case, "label")

    page.get_by_role("button", name="Label × pattern").click()
    until(page, "window.underglass.describe('patterns').cells.length > 0")
    settled(page)

    expected = Counter(zip(pattern, label, strict=True))
    cells = describe(page, "patterns")["cells"]
    assert sum(n for _, n, _ in cells) == sum(expected.values())
    assert sorted(n for _, n, _ in cells if n) == sorted(expected.values())


def test_other_settings_give_what_python_gives_with_them_and_stand_in_the_address(opened):
    page, case = opened
    before = values(case, "pattern.fc")

    page.get_by_role("button", name="Settings of the search").click()
    page.locator("#p-size").fill("40")
    page.get_by_role("dialog").get_by_role("button", name="Find patterns").click()
    until(page, "location.hash.includes('min_size')")

    found = case.patterns("fc", min_size=40)
    expected = Counter(np.asarray(found.labels).tolist())
    assert set(expected.values()) != set(Counter(before).values())
    drawn = "JSON.stringify(window.underglass?.describe('patterns')?.rows.map(row => [row.pattern, row.n]).sort())"
    wanted = sorted([number, n] for number, n in expected.items())
    same = f"{drawn} === JSON.stringify({wanted}.sort())"
    until(page, same)

    reload(page)
    until(page, same)


def test_settings_that_find_nothing_say_so_and_what_to_change(opened):
    page, case = opened

    page.get_by_role("button", name="Settings of the search").click()
    page.locator("#p-size").fill("290")
    page.locator("#p-samples").fill("290")
    page.get_by_role("dialog").get_by_role("button", name="Find patterns").click()

    block = page.get_by_role("heading", name="No patterns").or_(page.get_by_text("No patterns", exact=True)).first
    block.wait_for(timeout=60_000)
    assert "Change the settings" in page.locator("main").inner_text()
    assert case.patterns("fc", min_size=290, min_samples=290).count == 0


def test_pinned_patterns_are_compared_side_by_side_with_their_own_numbers(opened):
    page, case = opened
    pattern = values(case, "pattern.fc")

    for number in (1, 3):
        page.locator(f'[role="row"][data-pattern="{number}"] .pin').click()
    page.get_by_role("button", name="Compare").first.click()
    wanted = [[1, pattern.count(1)], [3, pattern.count(3)]]
    drawn = "window.underglass.describe('patterns').compared.map(([, number, n]) => [number, n])"
    until(page, f"JSON.stringify({drawn}) === JSON.stringify({wanted})")


def test_following_a_selection_counts_it_in_every_layer_of_the_demo(fashion, open_page):
    page = open_page(f"{fashion}#patterns")
    until(page, "window.underglass?.describe('patterns')?.rows.length > 1", 90)
    page.locator('[role="row"][data-pattern="0"] strong').click()
    settled(page)
    n = describe(page, "patterns")["selected"]

    page.get_by_role("button", name="Follow").click()
    stops = "window.underglass.describe('patterns').followed"
    layer = describe(page, "patterns")["layer"]
    until(page, f"{stops}.filter(s => s[0] === 'pattern.{layer}').reduce((sum, s) => sum + s[2], 0) === {n}", 60)


def test_a_filter_narrows_the_rows_to_what_it_leaves(opened):
    page, case = opened

    page.keyboard.press("/")
    page.keyboard.type("label = 'Coat'")
    page.keyboard.press("Enter")
    until(page, "window.underglass.case.picks.filter !== null")

    left = case.table("label = 'Coat'")["pattern.fc"].to_pylist()
    until(page, f"window.underglass.describe('patterns').n === {len(left)}")
    assert {number: row["n"] for number, row in rows(page).items() if row["n"]} == dict(Counter(left))
