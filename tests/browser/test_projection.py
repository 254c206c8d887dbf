"""The projection draws every instance once, in the colour of its value, and a lasso picks what lies inside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route

from browser.describing import describe, reload, settled, until

N = 800


@pytest.fixture
def opened(planted_app, open_page):
    case, address = planted_app(N)
    page = open_page(f"{address}#projection")
    until(page, f"window.underglass?.describe('projection')?.drawn === {N}", 60)
    return page, case


def inside(x: np.ndarray, y: np.ndarray, polygon: list[list[float]]) -> np.ndarray:
    """Even-odd rule: how many edges a ray to the right crosses."""
    crossed = np.zeros(len(x), bool)
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        across = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossed ^= across & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return crossed


def coordinates(case: Any) -> tuple[np.ndarray, np.ndarray]:
    table = case.table()
    return table["x.fc"].to_numpy(), table["y.fc"].to_numpy()


def lasso(page: Page, corners: list[tuple[float, float]], drawn: Callable[[], object] = lambda: None) -> list[list[float]]:
    """Drag through corners given as shares of the picture; gives the polygon sent, in the picture's own units."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    with page.expect_request(lambda request: request.url.endswith("api/picks")) as sent:
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in [*places[1:], places[0]]:
            page.mouse.move(*place, steps=12)
        page.mouse.up()
        drawn()
    polygon = sent.value.post_data_json["polygon"]
    assert len(polygon) > 2
    return polygon


def test_every_instance_is_drawn_once_in_the_colour_of_its_label(opened):
    page, case = opened
    label = Counter(case.table()["label"].to_pylist())

    drawn = describe(page, "projection")

    assert {name: n for name, n in drawn["colours"] if n} == {"no value" if k is None else k: v for k, v in label.items()}
    assert drawn["n"] == drawn["projected"] == N


def test_the_coordinates_are_the_two_largest_components(opened):
    from sklearn.decomposition import PCA

    _, case = opened
    values = np.asarray(case.activations("fc"), np.float64)
    theirs = PCA(2).fit_transform(values / np.abs(values).max(0))
    x, y = coordinates(case)

    for ours, other in ((x, theirs[:, 0]), (y, theirs[:, 1])):
        assert abs(np.corrcoef(ours, other)[0, 1]) > 1 - 1e-6


def test_a_lasso_picks_exactly_what_lies_inside_it_in_every_view(opened):
    page, case = opened
    x, y = coordinates(case)

    polygon = lasso(page, [(0.15, 0.2), (0.75, 0.15), (0.6, 0.7), (0.3, 0.85)])

    expected = int(inside(x, y, polygon).sum())
    assert 0 < expected < N
    until(page, f"window.underglass.describe('projection').selected === {expected}")
    settled(page)
    assert describe(page, "projection")["picked"] == expected
    page.get_by_role("link", name="Instances").click()
    until(page, f"window.underglass.describe('instances')?.selected === {expected}")


def test_shift_adds_a_second_area_also_before_the_first_is_picked(opened):
    page, case = opened
    x, y = coordinates(case)
    held: list[Route] = []
    page.route("**/api/picks", lambda route: held.append(route), times=1)
    first = lasso(page, [(0.05, 0.05), (0.5, 0.05), (0.5, 0.95), (0.05, 0.95)])

    page.keyboard.down("Shift")
    second = lasso(page, [(0.3, 0.05), (0.8, 0.05), (0.8, 0.95), (0.3, 0.95)], lambda: held[0].continue_())
    page.keyboard.up("Shift")

    expected = int((inside(x, y, first) | inside(x, y, second)).sum())
    until(page, f"window.underglass.describe('projection').selected === {expected}")


def test_a_lasso_survives_a_reload_of_its_address(opened):
    page, case = opened
    x, y = coordinates(case)
    expected = int(inside(x, y, lasso(page, [(0.1, 0.1), (0.6, 0.1), (0.6, 0.9), (0.1, 0.9)])).sum())
    until(page, f"window.underglass.describe('projection').selected === {expected}")

    until(page, "location.hash.includes('pick_')")
    reload(page)

    until(page, f"window.underglass?.describe('projection')?.selected === {expected}", 60)


def test_another_colour_counts_its_own_values(opened):
    page, case = opened

    page.locator(".tools label", has_text="Colour").locator("select").select_option("site")
    until(page, "window.underglass.describe('projection').colour === 'site'")
    settled(page)

    site = Counter(case.table()["site"].to_pylist())
    drawn = describe(page, "projection")
    assert {name: n for name, n in drawn["colours"] if n} == {"no value" if k is None else k: v for k, v in site.items()}
    assert sum(n for _, n in drawn["legend"] if n) == N


def test_an_excluded_instance_is_no_longer_drawn(opened):
    page, case = opened

    case.exclude("label = 'Coat'")

    left = case.count("not excluded")
    until(page, f"window.underglass.describe('projection').drawn === {left}")
