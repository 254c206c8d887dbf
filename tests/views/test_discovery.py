from underglass.views import discovery


def test_every_view_has_a_card_with_every_word():
    found = discovery.discover()

    assert {"overview", "confusion", "confidence", "about", "images", "column"} <= set(found.views)
    for view in found.views.values():
        assert view.question.endswith("?")
        assert all(view.card[word].strip() for word in ("why", "who", "what", "how", "when", "source", "limits")), view.name


def test_the_rail_starts_with_the_overview():
    assert next(iter(discovery.discover().views)) == "overview"
