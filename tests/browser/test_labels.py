"""Correcting labels in Chromium: the numbers that are drawn against the planted truth, numpy, and what the case then holds."""

from __future__ import annotations

import io
import json
import socket
import threading
from urllib.parse import quote

import numpy as np
import pytest
import uvicorn

from browser.conftest import STARTS_WITHIN
from browser.describing import at_rest, describe, still_box, until
from browser.test_pages import violations
from judged import CLASSES, digits
from underglass.case import Case
from underglass.hosts.server import create_app
from underglass.hosts.server.start import Recent
from underglass.views.edits import labels
from underglass.views.label_cells import cells

SUSPECTS, REVIEW, COPIES, RETRAINING = "suspects", "review", "copies", "retraining"


@pytest.fixture
def served(tmp_path):
    """The digits with planted mistakes, judged, and their address."""
    case = Case.create_judged(tmp_path / "digits.case", digits().judged())
    case.author = "mara"
    case.label_issues()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(case, token="t" * 32, port=port, recent=Recent(tmp_path / "state"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield case, f"http://127.0.0.1:{port}/?token={'t' * 32}"
    server.should_exit = True
    thread.join(STARTS_WITHIN)
    case.close()


def review(open_page, address, **props):
    """The view of one queue, with its items drawn."""
    query = "&".join(f"p.{name}={json.dumps(value)}" for name, value in props.items())
    page = open_page(f"{address}#review{'?' + query if query else ''}")
    until(page, "window.underglass?.describe('review')?.items.length > 0")
    until(page, "window.underglass.describe('review').effort !== null")
    return page


def written(page):
    """Wait until everything that was judged is written and drawn."""
    until(page, "window.underglass.describe('review').waiting === 0", 90)


def test_the_matrix_draws_what_was_found(served, open_page):
    case, address = served
    found = case.label_issues()
    page = open_page(f"{address}#suspects")
    until(page, "window.underglass?.describe('suspects')?.cells.length > 0")
    drawn = describe(page, SUSPECTS)

    expected = {(one["label"], one["model"]): one for one in cells(case, found) if one["suspects"] or one["copies"]}
    assert {(one["label"], one["model"]) for one in drawn["cells"]} == set(expected)
    for one in drawn["cells"]:
        theirs = expected[one["label"], one["model"]]
        assert (one["count"], one["suspects"], one["open"], one["copies"], one["row"]) == (
            theirs["count"],
            theirs["suspects"],
            theirs["open"],
            theirs["copies"],
            theirs["row"],
        )
    most = max(one["score"] for one in drawn["cells"])
    for one in drawn["cells"]:
        dark = 0 if one["score"] < most / 10 else max(1, min(6, int(np.ceil(6 * (1 + np.log10(one["score"] / most)) - 1e-9))))
        assert one["dark"] == dark
    wrong = digits().wrong
    right = len(found.suspects) - int(wrong[found.suspects].sum())
    assert drawn["known"] == {"wrong": int(wrong.sum()), "found": int(wrong[found.suspects].sum()), "accused": right}
    assert drawn["sentence"].startswith(f"{len(found.suspects)} labels of 708 are suspect: about ")
    assert drawn["source"].startswith("the probabilities that were given with the labels")
    np.testing.assert_array_equal([one["given"] for one in drawn["health"]], np.bincount(digits().given, minlength=10))
    assert np.array(drawn["noise"]).reshape(10, 10).sum(1) == pytest.approx(np.ones(10), abs=2e-3)
    opened = [
        sum(one["open"] for one in drawn["cells"] if one["label"] == name)
        for name in dict.fromkeys(one["label"] for one in drawn["cells"])
    ]
    assert opened == sorted(opened, reverse=True)


def test_a_hundred_labels_are_corrected_by_keyboard_and_undone_to_the_byte(served, open_page):
    case, address = served
    before = labels(case, "csv")
    page = review(open_page, address, queue="suspects", everything=True)
    queue = [one["row"] for one in describe(page, REVIEW)["items"]][:100]
    truth, source = digits().truth, digits().given

    for row in queue:
        page.keyboard.press("Enter" if truth[row] == source[row] else "1234567890"[truth[row]])
    written(page)

    assert case.labels()[queue].tolist() == truth[queue].tolist()
    assert {edit.author for edit in case.history()} == {"mara"}
    assert len(case.history()) == 100
    fixed = int((truth[queue] != source[queue]).sum())
    until(page, "window.underglass.describe('review').effort.inspected === 100")
    effort = describe(page, REVIEW)["effort"]
    assert effort["fixed"] == fixed >= 0.9 * digits().wrong.sum()
    assert effort["random"] == pytest.approx(100 * digits().wrong.sum() / 708)
    states = {one["row"]: one["state"] for one in describe(page, REVIEW)["items"]}
    assert all(states[row] == ("confirmed" if truth[row] == source[row] else "relabelled") for row in queue)

    page.goto(f"{address}#suspects")
    until(page, "window.underglass?.describe('suspects')?.stale.includes('changed since')")

    page.goto(f"{address}#review?p.queue=%22suspects%22&p.everything=true")
    until(page, "window.underglass?.describe('review')?.items.length > 0")
    for _ in range(20):
        page.keyboard.press("u")
    written(page)
    assert len([edit for edit in case.history() if edit.op == "undo"]) == 20
    for _ in range(80):
        case.undo()
    until(page, "window.underglass.describe('review').effort?.inspected === 0")
    assert labels(case, "csv") == before


def test_the_next_instance_comes_at_once_and_undo_goes_back_to_it(served, open_page):
    case, address = served
    page = review(open_page, address)
    queue = case.label_issues().suspects.tolist()
    assert [one["row"] for one in describe(page, REVIEW)["items"]] == queue
    assert describe(page, REVIEW)["cursor"] == queue[0]

    page.keyboard.press("r")
    assert describe(page, REVIEW)["cursor"] == queue[1]
    page.keyboard.press("x")
    assert describe(page, REVIEW)["cursor"] == queue[2]
    page.keyboard.press("u")
    assert describe(page, REVIEW)["cursor"] == queue[1]
    written(page)

    assert [edit.op for edit in case.history()] == ["label", "exclude", "undo"]
    assert not case.folder.journal.state().excluded.any()


def test_a_letter_gives_any_label_by_its_name(served, open_page):
    case, address = served
    page = review(open_page, address)
    row = describe(page, REVIEW)["cursor"]
    wanted = next(name for name in CLASSES if name != CLASSES[case.labels()[row]])

    page.keyboard.press("l")
    page.keyboard.type(wanted)
    page.keyboard.press("Enter")
    written(page)

    assert CLASSES[case.labels()[row]] == wanted
    page.keyboard.press("Enter")
    written(page)
    assert [edit.op for edit in case.history()] == ["label", "confirm"]


def test_many_are_marked_and_judged_together_and_are_the_selection_everywhere(served, open_page):
    case, address = served
    page = review(open_page, address)
    rows = [one["row"] for one in describe(page, REVIEW)["items"]]

    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert describe(page, REVIEW)["selected"] == 3
    until(page, "document.querySelector('.selection .count')?.innerText === '3 selected'")
    until(page, "window.underglass.describe('review').probabilities.length === 10")
    mean = digits().probabilities[rows[:3]].mean(0)
    near = f"(d) => {json.dumps(mean.tolist())}.every((p, i) => Math.abs(d.probabilities[i][1] - p) <= 1e-4)"
    until(page, f"({near})(window.underglass.describe('review'))")

    page.keyboard.press("r")
    written(page)
    assert len(case.history()) == 1
    assert case.history()[0].rows.tolist() == sorted(rows[:3])
    page.keyboard.press("a")
    assert describe(page, REVIEW)["selected"] == len(rows) - 3
    page.keyboard.press("Enter")
    written(page)
    assert case.info()["suspects"] == 0
    assert describe(page, REVIEW)["sentence"] == f"{len(rows)} of {len(rows)} judged, 0 open."


def test_a_cell_opens_from_the_matrix_and_its_instances_lie_in_clusters(served, open_page):
    case, address = served
    page = open_page(f"{address}#suspects")
    until(page, "window.underglass?.describe('suspects')?.cells.length > 0")
    first = describe(page, SUSPECTS)["cells"][0]

    page.locator(f".cell[data-label={first['label']}][data-model={first['model']}]").click()
    until(page, f"window.underglass.describe('review')?.items.length === {first['suspects']}")
    assert describe(page, REVIEW)["question"] == f"Labelled {first['label']}, the model says {first['model']}: who is right?"

    page.get_by_label("Queue").select_option("suspects")
    page.get_by_role("button", name="Cluster").click()
    until(page, "window.underglass.describe('review').spots.length > 5")
    spots = np.array(describe(page, REVIEW)["spots"])
    assert len(spots) == len(case.label_issues().suspects)
    assert spots[:, 1:].min() == 0
    assert spots[:, 1:].max() == 1
    box = still_box(page.locator(".area"))
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] - 1, steps=4)
    page.mouse.up()
    assert describe(page, REVIEW)["selected"] == len(spots)


def test_the_range_of_probabilities_leaves_out_what_lies_beyond(served, open_page):
    case, address = served
    page = review(open_page, address)
    found = case.label_issues()

    page.get_by_label("Least probability of the model's class").fill("0.9")

    top = found.spread("top", 0, 708)
    expected = [row for row in found.suspects.tolist() if top[row] >= 0.9]
    until(page, f"window.underglass.describe('review').items.length === {len(expected)}")
    assert [one["row"] for one in describe(page, REVIEW)["items"]] == expected


def test_two_annotators_judge_the_same_and_their_disagreement_is_shown(served, open_page):
    case, address = served
    mara, jo = review(open_page, address), review(open_page, address)
    jo.get_by_role("button", name="Change").click()
    jo.get_by_label("You judge as").fill("jo 🦊")
    jo.get_by_role("button", name="Keep").click()
    until(jo, "window.underglass.describe('review').items.length > 0")
    mara.keyboard.press("Enter")
    mara.keyboard.press("Enter")
    written(mara)
    rows = case.label_issues().suspects[:2].tolist()

    jo.get_by_role("button", name="Judge what others judged").click()
    until(
        jo, "window.underglass.describe('review').queue === 'second' && window.underglass.describe('review').items.length === 2"
    )
    jo.locator(".board").focus()
    jo.keyboard.press("r")
    written(jo)
    until(jo, "window.underglass.describe('review').annotators?.disagreed === 1")

    assert {edit.author for edit in case.history()} == {"mara", "jo 🦊"}
    until(mara, "window.underglass.describe('review').annotators?.disagreed === 1")
    mara.get_by_role("button", name="Show them").click()
    until(
        mara,
        "window.underglass.describe('review').queue === 'disagreed' && window.underglass.describe('review').items.length === 1",
    )
    assert describe(mara, REVIEW)["items"][0]["row"] in rows
    mara.get_by_text("jo 🦊 says").wait_for()


def test_an_undo_in_another_place_is_taken_in(served, open_page):
    case, address = served
    page = review(open_page, address)
    row = describe(page, REVIEW)["cursor"]
    page.keyboard.press("r")
    written(page)

    case.undo()

    until(page, f"window.underglass.describe('review').items.find((one) => one.row === {row}).state === 'open'")


def test_copies_are_drawn_by_kind_and_given_one_label(served, open_page):
    case, address = served
    page = open_page(f"{address}#copies")
    until(page, "window.underglass?.describe('copies')?.groups.length > 0")
    drawn = describe(page, COPIES)

    assert drawn["kind"] == "contradictory"
    assert drawn["pairs"]["contradictory"] == drawn["pairs"]["leaks"] == 4
    assert drawn["n"] == 708
    assert {tuple(sorted(one["rows"])) for one in drawn["groups"]} == set(digits().contradictory)
    group = drawn["groups"][0]
    page.locator(f"[data-group='{group['group']}']").get_by_role("button", name=f"All are {group['labels'][0]}").click()
    until(
        page,
        f"new Set(window.underglass.describe('copies').groups.find((one) => one.group === {group['group']}).labels).size === 1",
    )
    assert len({int(case.labels()[row]) for row in group["rows"]}) == 1

    page.locator("[data-kind=leaks]").click()
    until(page, "window.underglass.describe('copies').kind === 'leaks'")
    page.get_by_role("button", name="Select the spare ones").click()
    until(page, "document.querySelector('.selection .count')?.innerText === '4 selected'")


def test_before_and_after_is_trained_and_drawn(served, open_page):
    case, address = served
    rows = np.flatnonzero(digits().wrong)
    case.edit("label", rows=rows, value=[CLASSES[digits().truth[row]] for row in rows])
    page = open_page(f"{address}#retraining")

    page.get_by_role("button", name="Train and compare").click()
    until(page, "window.underglass.describe('retraining')?.state === 'found'", 90)
    until(page, "window.underglass.describe('retraining').scores.length === 11")
    drawn = describe(page, RETRAINING)

    found = case.compare_labels()
    overall = drawn["scores"][0]
    assert (overall["n"], overall["before"], overall["after"]) == tuple(
        found.meta["overall"][name] for name in ("count", "before", "after")
    )
    assert [one["n"] for one in drawn["scores"][1:]] == [one["count"] for one in found.meta["classes"]]
    assert len(drawn["moved"]) == len(found.arrays["changed"])
    assert "left out because their labels were just changed" in drawn["kept"]
    page.get_by_label("also test on labels that were just changed").check()
    page.get_by_role("button", name="Train and compare again").click()
    until(page, "window.underglass.describe('retraining').kept.includes('which flatters the result')", 90)


def test_a_selection_of_any_view_goes_to_review(served, open_page):
    case, address = served
    picks = json.dumps([{"tree": {"op": "compare", "column": "label", "is": "=", "value": "nine"}, "text": "nines"}])
    page = open_page(f"{address}#instances?picks={quote(picks)}")
    page.get_by_role("button", name="More actions on the selection").click()
    page.get_by_role("button", name="Review their labels one by one").click()

    until(page, "window.underglass.describe('review')?.queue === 'selection'")
    nines = case.rows("label = 'nine'")
    until(page, f"window.underglass.describe('review').n === {len(nines)}")
    assert {one["row"] for one in describe(page, REVIEW)["items"]} == set(nines.tolist())


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (800, True)])
def test_the_label_views_are_accessible_and_fit_their_page(served, open_page, width, dark):
    case, address = served
    case.confirm([int(case.label_issues().suspects[0])])
    for row in case.label_issues().suspects[1:30].tolist():
        case.relabel([row], CLASSES[digits().truth[row]] if digits().wrong[row] else CLASSES[(digits().given[row] + 1) % 10])
    case.compare_labels()
    page = open_page(f"{address}#suspects", width=width, dark=dark)
    for view in (SUSPECTS, REVIEW, COPIES, RETRAINING):
        page.evaluate(f"location.hash = '#{view}'")
        at_rest(page, view)
        assert violations(page) == [], view
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view


def test_labels_leave_as_npz_from_the_edits_view(served, open_page):
    case, address = served
    case.relabel([0], "nine" if digits().given[0] != 9 else "one")
    page = open_page(f"{address}#edits")
    with page.expect_download() as download:
        page.get_by_role("button", name="npz").click()
    with np.load(io.BytesIO(download.value.path().read_bytes())) as file:
        np.testing.assert_array_equal(file["label"], case.labels())


@pytest.mark.parametrize("view", [SUSPECTS, REVIEW, COPIES, RETRAINING])
def test_a_view_without_a_result_says_what_to_do(tmp_path, planted_app, open_page, view):
    _, address = planted_app(60)
    page = open_page(f"{address}#{view}", width=800)
    text = {
        SUSPECTS: "Nobody has looked yet",
        REVIEW: "There is no queue yet",
        COPIES: "Nobody has looked yet",
        RETRAINING: "Nothing was corrected yet",
    }[view]
    page.get_by_text(text).wait_for()
    if view == SUSPECTS:
        page.get_by_role("button", name="Look for wrong labels").click()
        until(page, "window.underglass.describe('suspects').state === 'found'", 90)


def test_where_nothing_is_suspect_the_real_confusions_are_drawn(fashion, open_page):
    page = open_page(fashion)
    confused = {(label, said): n for label, said, n, _ in describe(page, "overview")["confusion"]["cells"] if label != said and n}
    page.evaluate("location.hash = '#suspects'")
    page.get_by_role("button", name="Look for wrong labels").click()
    until(page, "window.underglass.describe('suspects')?.cells.length > 0", 120)
    drawn = describe(page, SUSPECTS)

    assert {
        (one["label"], one["model"]): one["count"] for one in drawn["cells"] if one["label"] != one["model"]
    }.items() <= confused.items()
    assert drawn["sentence"].startswith(f"None of 2,000 labels is suspect. The model says otherwise for {sum(confused.values())}")
    largest = sorted((one for one in drawn["cells"] if one["label"] != one["model"]), key=lambda one: -one["count"])[:3]
    assert {one["label"] for one in largest} <= {"Shirt", "T-shirt", "Pullover", "Coat"}
