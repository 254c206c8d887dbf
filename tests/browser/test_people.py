"""Two people on one case: what one edits the other sees at once, and each may do what their role allows."""

from __future__ import annotations

from playwright.sync_api import Page

from browser.describing import describe, settled, until

ANA, VIEWER = "a" * 32, "v" * 32
PEOPLE = {"viewer_token": VIEWER, "annotators": {ANA: "ana"}}


def pick_confidence(page: Page, first: int, last: int) -> None:
    """Brush bins of .1."""
    settled(page)
    page.evaluate(
        """([first, last]) => window.underglass.case.picks.pickBins(
            document, { column: "confidence", low: 0, step: 0.1, bins: 10 }, first, last, "low confidence")""",
        [first, last],
    )
    settled(page)


def at(address: str, token: str) -> str:
    return address.split("token=", maxsplit=1)[0] + f"token={token}"


def test_an_edit_of_one_appears_for_the_other_by_itself(planted_app, open_page):
    case, address = planted_app(400, people=PEOPLE, images=False)
    owner, ana = open_page(address), open_page(at(address, ANA))
    assert describe(owner, "overview")["n"] == describe(ana, "overview")["n"] == 400
    settled(ana)
    owner.evaluate("() => void window.underglass.case.edit({ op: 'exclude', rows: [0, 1, 2, 3, 4] })")
    until(ana, "window.underglass.describe('overview').n === 395")
    assert [edit.author for edit in case.history()] == [case.author]


def test_who_is_here_is_shown_and_what_they_pick_is_not(planted_app, open_page):
    case, address = planted_app(300, people=PEOPLE, images=False)
    owner = open_page(address)
    assert owner.get_by_text("2 here").count() == 0
    ana = open_page(at(address, ANA))
    owner.get_by_role("button", name="2 people here").click()
    shown = owner.locator(".pop", has_text="Who is here")
    assert [shown.locator("dt").all_inner_texts(), shown.locator("dd").all_inner_texts()] == [
        [case.author, "ana"],
        ["owner: everything", "annotator: look and edit"],
    ]
    pick_confidence(ana, 0, 5)
    settled(ana)
    assert describe(ana, "overview")["selected"] > 0
    settled(owner)
    assert describe(owner, "overview")["selected"] is None
    ana.context.close()
    until(owner, "window.underglass.case.people.length === 1")


def test_an_annotator_edits_under_their_name_and_starts_no_work(planted_app, open_page):
    case, address = planted_app(300, people=PEOPLE, images=False)
    ana = open_page(at(address, ANA))
    assert ana.get_by_role("button", name="You edit as ana").count() == 1
    pick_confidence(ana, 0, 5)
    ana.get_by_role("button", name="Tag the selection").click()
    ana.get_by_label("Tag", exact=True).fill("doubtful")
    ana.get_by_label("Tag", exact=True).press("Enter")
    until(ana, "window.underglass.case.info.tags.length === 1")
    assert [edit.author for edit in case.history()] == ["ana"]
    ana.evaluate("() => { location.hash = '#patterns'; }")
    find = ana.get_by_role("button", name="Find patterns")
    find.wait_for()
    assert find.is_disabled()
    assert "Only the owner of this case starts work" in (find.get_attribute("title") or "")


def test_a_viewer_sees_everything_and_changes_nothing(planted_app, open_page):
    case, address = planted_app(300, people=PEOPLE, images=False)
    viewer = open_page(at(address, VIEWER))
    assert describe(viewer, "overview")["n"] == 300
    pick_confidence(viewer, 0, 5)
    settled(viewer)
    assert describe(viewer, "overview")["selected"] == case.count("confidence < .6")
    for name in ("Make a subset of the selection", "Tag the selection", "Relabel the selection"):
        button = viewer.get_by_role("button", name=name)
        assert button.is_disabled()
        assert button.get_attribute("title") == "You may look at this case, but not change it."
    viewer.evaluate("() => void window.underglass.case.edit({ op: 'tag', rows: [1], value: 'x' })")
    viewer.get_by_text("You may look at this case, but not change it.").first.wait_for()
    assert case.history() == []


def test_an_undo_that_would_overwrite_somebodys_later_edit_is_refused_and_names_them(planted_app, browser):
    """In a page of its own kind: a refused request is an error in the console, which other tests must not have."""
    case, address = planted_app(60, people=PEOPLE, images=False)
    ana = browser.new_context().new_page()
    ana.goto(at(address, ANA))
    until(ana, "window.underglass !== undefined")
    ana.evaluate("() => void window.underglass.case.edit({ op: 'tag', rows: [1, 2], value: 'doubtful' })")
    until(ana, "window.underglass.case.info.tags.length === 1")
    case.untag([1], "doubtful")
    until(ana, "window.underglass.case.info.edits.sequence === 2")
    ana.evaluate("() => void window.underglass.case.undo()")
    ana.get_by_text(f"{case.author} has since untagged 1 instance 'doubtful'").wait_for()
    assert [edit.op for edit in case.history()] == ["tag", "untag"]
    ana.context.close()
