from importlib.metadata import EntryPoint

import pytest

from underglass.views import discovery


def test_every_view_has_a_card_with_every_word():
    found = discovery.discover()

    assert {"overview", "confusion", "confidence", "about", "images", "column"} <= set(found.views)
    for view in found.views.values():
        assert view.question.endswith("?")
        assert all(view.card[word].strip() for word in ("why", "who", "what", "how", "when", "source", "limits")), view.name


def test_the_rail_starts_with_the_overview():
    assert next(iter(discovery.discover().views)) == "overview"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:VIEW", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("math:pi", "math:pi is a float, not a View"),
    ],
)
def test_a_broken_view_of_somebody_else_is_reported_and_the_others_live(monkeypatch, value, reason):
    entry = EntryPoint("theirs", value, discovery.GROUP)
    monkeypatch.setattr(discovery, "entry_points", lambda *, group: [entry] if group == discovery.GROUP else [])

    found = discovery.discover()

    assert found.broken == {"theirs": reason}
    assert "overview" in found.views


def test_a_view_of_somebody_else_stands_beside_ours(monkeypatch):
    entry = EntryPoint("theirs", "underglass.views.about:VIEW", discovery.GROUP)
    monkeypatch.setattr(discovery, "entry_points", lambda *, group: [entry])

    assert "about" in discovery.discover().views
