"""Is what the activation matrix draws what numpy finds, for every way to make, sort and point at a row?"""

from __future__ import annotations

import numpy as np
import pytest

from browser.describing import describe, reload, settled, still_box, until
from planted import CLASSES

N = 600
SLOW = 240.0
"""Seconds that an ascent may take where many processes share the machine; it takes two of them alone."""


def units(page):
    settled(page)
    return describe(page, "units")


def ready(page, expression="true"):
    """Wait until the graph stands, every lasting row has its numbers and an expression of the description `d` holds."""
    until(
        page,
        "(() => { const d = window.underglass?.describe('units'); return d?.graph?.nodes.length && d.painted?.cells > 0 "
        f"&& d.rows.every((row) => row.kind === 'pointed' || row.n !== null) && ({expression}) }})()",
    )
    return units(page)


def row(description, name):
    return next(one for one in description["rows"] if one["name"] == name)


def step_of(value, bottom, top):
    """The ramp as the legend says: 0 at or below the bottom, then six steps up to the top."""
    if not top > bottom:
        return 0
    share = (value - bottom) / (top - bottom)
    return 0 if share <= 0 else min(6, 1 + int(np.floor(min(share, 1) * 6 - 1e-6)))


@pytest.fixture
def planted(planted_app, open_page):
    case, address = planted_app(N)
    return case, case.model.activations("fc").array(), open_page(address + "#units")


def labels_of(case):
    return np.array([one or "" for one in case.table()["label"].to_pylist()])


def test_default_rows_are_the_labels_means_and_cells_their_steps(planted):
    case, values, page = planted
    found = ready(page)
    labels = labels_of(case)

    assert [one["name"] for one in found["rows"]][:-1] == list(CLASSES)
    means = np.array([values[labels == name].mean(0) for name in CLASSES])
    for name, mean in zip(CLASSES, means, strict=True):
        assert row(found, name)["n"] == (labels == name).sum()
        np.testing.assert_allclose(row(found, name)["values"], mean, rtol=1e-4, atol=1e-5)
    painted = found["painted"]
    assert painted["units"] == list(range(12))
    drawn = list(painted["steps"].values())[: len(CLASSES)]
    expected = [[step_of(mean[unit], 0, means[:, unit].max()) for unit in range(12)] for mean in means]
    assert np.abs(np.array(drawn) - np.array(expected)).max() <= 1
    assert (np.array(drawn) == np.array(expected)).mean() > 0.9
    assert painted["cells"] == 12 * len(CLASSES)
    assert found["n"] == N


def test_columns_sort_by_a_row_by_a_difference_and_by_likeness(planted):
    _, _, page = planted
    found = ready(page)
    coat, dress = (np.array(row(found, name)["values"]) for name in ("Coat", "Dress"))

    page.get_by_title("Sort the units by Coat;").click()
    assert ready(page, "d.sentence.startsWith('Coat excites')")["order"] == np.argsort(-coat, kind="stable").tolist()
    page.get_by_title("Sort the units by Dress;").click(modifiers=["Shift"])
    by_difference = ready(page, "d.sentence.startsWith('Coat excites unit')")
    assert by_difference["order"] == np.argsort(-(coat - dress), kind="stable").tolist()
    page.get_by_label("Sort units by").select_option("cluster")
    clustered = ready(page, "d.sentence.startsWith('Units that do alike')")["order"]
    assert sorted(clustered) == list(range(12))


def test_rows_are_made_of_values_parts_conditions_subsets_and_suggestions(planted):
    case, values, page = planted
    case.subset("old", "age > 60")
    ready(page)
    table = case.table()
    page.get_by_role("button", name="Add rows").click()
    page.get_by_label("Column", exact=True).select_option("site")
    page.get_by_role("button", name="3 rows").click()
    page.get_by_label("Column", exact=True).select_option("score")
    page.get_by_role("button", name="Equal parts").click()
    page.get_by_label("Condition").fill("site contains 'ort' and age < 30")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Condition").fill("agee < 3")
    page.get_by_role("button", name="Add", exact=True).click()
    assert "did you mean 'age'" in page.get_by_role("alert").inner_text()
    page.get_by_label("Condition").fill("age > 200")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="old").click()
    page.get_by_role("button", name="Look for subsets").click()
    first = page.locator(".suggestion").first
    suggested = first.locator("span").first.inner_text()
    said = int(first.inner_text().split("n = ")[1].split(" ")[0].replace(",", ""))
    first.click()
    page.keyboard.press("Escape")

    found = ready(page, f"d.rows.length === {len(CLASSES) + 3 + 4 + 1 + 1 + 1 + 1 + 1}")
    site, age = np.array([one or "" for one in table["site"].to_pylist()]), table["age"].to_numpy()
    oracle = {
        "site north": site == "north",
        "old": age > 60,
    }
    for name, inside in oracle.items():
        assert row(found, name)["n"] == inside.sum()
        np.testing.assert_allclose(row(found, name)["values"], values[inside].mean(0), rtol=1e-4, atol=1e-5)
    typed = next(one for one in found["rows"] if "contains" in one["name"])
    assert typed["n"] == ((site == "north") & (age < 30)).sum()
    parts = [one["n"] for one in found["rows"] if one["name"].startswith("score ")]
    assert len(parts) == 4
    assert sum(parts) == N - table["score"].null_count
    empty = row(found, "age > 200")
    assert (empty["n"], empty["values"]) == (0, None)
    assert row(found, suggested)["n"] == said
    assert "empty" in page.locator(".name.empty").inner_text()
    key = next(key for key, steps in found["painted"]["steps"].items() if "200" in key)
    assert set(found["painted"]["steps"][key]) <= {None}


def test_the_selection_is_a_row_that_follows_and_can_be_kept(planted):
    case, values, page = planted
    ready(page)
    labels = labels_of(case)
    predictions = np.array([one or "" for one in case.table()["prediction"].to_pylist()])
    pick = "window.underglass.case.picks.pickPoints(window.s ??= {}, ['label', 'prediction'], [['%s', '%s']], '%s')"
    for given, said in (("Coat", "Dress"), ("Pullover", "Pullover"), ("Coat", "Coat")):
        page.evaluate(pick % (given, said, f"{given} as {said}"))
        inside = (labels == given) & (predictions == said)
        found = ready(page, f"d.selected === {int(inside.sum())} && d.rows[0].name === 'selection: {given} as {said}'")
        np.testing.assert_allclose(found["rows"][0]["values"], values[inside].mean(0), rtol=1e-4, atol=1e-5)
    page.get_by_label("Keep the selection as a row").click()
    page.evaluate("window.underglass.case.picks.clear()")
    kept = ready(page, "d.selected === null && d.rows.some((row) => row.name === 'Coat as Coat')")
    assert row(kept, "Coat as Coat")["n"] == ((labels == "Coat") & (predictions == "Coat")).sum()


def test_rows_count_what_the_filter_shows(planted):
    case, values, page = planted
    ready(page)
    page.evaluate(
        "window.underglass.case.picks.setFilter({ tree: { op: 'compare', column: 'age', is: '>', value: 60 }, text: 'age > 60' })"
    )
    inside = case.table()["age"].to_numpy() > 60
    found = ready(page, f"d.n === {int(inside.sum())}")
    coats = inside & (labels_of(case) == "Coat")

    assert row(found, "Coat")["n"] == coats.sum()
    np.testing.assert_allclose(row(found, "Coat")["values"], values[coats].mean(0), rtol=1e-4, atol=1e-5)


def test_pointing_at_an_instance_is_a_row_that_goes_and_a_click_one_that_stays(planted):
    case, values, page = planted
    case.tag([3, 4], "mine")
    found = ready(page, "d.instances.marked === 2")
    labels, predictions = case.labels(), case.predictions()
    right = {int(one) for one in np.flatnonzero((labels == predictions) | (labels < 0))}

    assert found["instances"]["drawn"] == N
    assert set(found["instances"]["right"]) == right
    assert set(found["instances"]["wrong"]) == set(range(N)) - right
    square = page.locator("rect[data-side=wrong]").nth(4)
    which = int(square.get_attribute("data-row"))
    square.hover()
    pointed = ready(page, f"d.rows.at(-1).name === 'instance {which}'")
    np.testing.assert_allclose(pointed["rows"][-1]["values"], values[which], rtol=1e-3, atol=1e-3)
    assert pointed["instances"]["hovered"] == [which]
    square.click()
    page.mouse.move(5, 5)
    kept = ready(page, f"d.rows.at(-1).values === null && d.rows.some((row) => row.name === 'instance {which}')")
    assert kept["instances"]["kept"] == [which]
    assert page.evaluate("window.underglass.case.opened") == which


def test_two_instances_clicked_before_the_default_rows_are_known_are_both_kept(planted):
    _, _, page = planted
    before = [one["name"] for one in ready(page)["rows"] if one["kind"] != "pointed"]
    squares = [page.locator("rect[data-side=wrong]").nth(i) for i in (2, 4)]
    held = []
    page.route("**/call/units/summary", lambda route: held.append(route), times=1)

    with page.expect_request("**/call/units/summary"):
        squares[0].click()
    squares[1].click()
    held[0].continue_()

    kept = [int(one.get_attribute("data-row")) for one in squares]
    found = ready(page, "d.instances.kept.length === 2")
    assert sorted(found["instances"]["kept"]) == sorted(kept)
    assert [one["name"] for one in found["rows"] if one["kind"] != "pointed"] == before + [f"instance {row}" for row in kept]


def test_a_unit_opens_with_what_numpy_says_of_it(planted):
    case, values, page = planted
    ready(page)
    matrix = page.locator("[data-matrix=fc]")
    width = min(22, max(6, int(still_box(matrix)["width"] // 12)))
    matrix.click(position={"x": 4.5 * width, "y": 60})
    found = ready(page, "d.unit && d.unit.strongest.length === 10")["unit"]
    labels, rows = case.labels(), np.arange(N)

    assert (found["unit"], found["n"]) == (4, N)
    assert found["strongest"] == np.lexsort((rows, -values[:, 4]))[:10].tolist()
    assert found["weakest"] == np.lexsort((rows, values[:, 4]))[:10].tolist()
    for at, (name, n, mean) in enumerate(found["classes"]):
        assert (name, n) == (CLASSES[at], (labels == at).sum())
        assert mean == pytest.approx(values[labels == at, 4].mean(), rel=1e-4)
    panel = page.get_by_role("complementary", name="Unit 4 of fc")
    assert "carries no code. Attach it: underglass open planted-600.case --model my_pkg:make" in panel.inner_text()
    assert panel.get_by_role("button", name="Make its picture: needs the model").is_disabled()


def test_two_thousand_columns_are_drawn_as_far_as_they_are_seen(planted_app, open_page):
    case, address = planted_app(120, units=2048)
    page = open_page(address + "#units")
    found = ready(page)
    values, labels = case.model.activations("fc").array(), labels_of(case)

    assert found["units"] == 2048
    first = found["painted"]
    assert first["from"] == 0
    assert first["cells"] == first["to"] * len(CLASSES) < 2048
    page.locator("[data-matrix=fc]").evaluate("(element) => (element.scrollLeft = 6 * 1500)")
    scrolled = ready(page, "d.painted.from >= 1499")["painted"]
    assert scrolled["units"][0] == scrolled["from"]
    means = np.array([values[labels == name].mean(0) for name in CLASSES])
    drawn = np.array([steps[1:-1] for steps in list(scrolled["steps"].values())[: len(CLASSES)]])
    expected = np.array([[step_of(mean[unit], 0, means[:, unit].max()) for unit in scrolled["units"][1:-1]] for mean in means])
    assert (drawn == expected).mean() > 0.9


def test_the_page_survives_its_address(planted, open_page):
    _, _, page = planted
    ready(page)
    page.get_by_title("Sort the units by Coat;").click()
    before = ready(page, "d.sentence.startsWith('Coat excites')")
    reload(page)
    after = ready(page, "d.sentence.startsWith('Coat excites')")

    assert after["order"] == before["order"]


def test_the_graph_opens_layers_that_are_compared_on_the_same_rows(fashion, open_page):
    page = open_page(fashion + "#units")
    found = ready(page)

    layers = ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "flatten", "fc1", "relu3", "fc2"]
    assert found["graph"]["nodes"] == ["input", *layers]
    assert found["graph"]["captured"] == ["conv1", "conv2", "fc1"]
    assert found["graph"]["edges"] == 10
    page.locator("g[data-layer=conv2] circle").click()
    both = ready(page, "d.panels.conv2?.painted?.cells > 0")
    assert both["graph"]["opened"] == ["conv2", "fc1"]
    assert [one["name"] for one in both["panels"]["conv2"]["rows"]] == [one["name"] for one in both["panels"]["fc1"]["rows"]]
    page.get_by_role("navigation", name="Neighbours of conv2").get_by_role("button", name="relu2").hover()
    assert ready(page, "d.graph.located.length === 1")["graph"]["located"] == ["relu2"]
    page.get_by_label("Find a layer in the graph").fill("pool")
    assert ready(page, "d.graph.matches !== null")["graph"]["matches"] == 2
    page.locator("g[data-layer=relu3] circle").click()
    assert until(page, "document.body.innerText.includes('relu3 was not captured')")


def test_a_unit_shows_its_picture_and_the_crops_of_its_peak(fashion, open_page):
    page = open_page(fashion + "#units")
    ready(page)
    page.locator("g[data-layer=conv1] circle").click()
    ready(page, "d.panels.conv1?.painted?.cells > 0")
    page.locator("[data-matrix=conv1]").click(position={"x": 30, "y": 50})
    found = ready(page, "d.panels.conv1?.unit?.crops === 20")["panels"]["conv1"]["unit"]
    assert len(found["strongest"]) == 10
    page.get_by_role("button", name="Make its picture").click()
    done = until(page, "window.underglass.describe('units').panels.conv1.unit.pictures === 2", SLOW)
    assert done
    assert "the preprocessing was measured" in page.get_by_role("complementary", name="of conv1").inner_text()
