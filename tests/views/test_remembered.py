"""Does everyone who asks get the value of their key, however many ask at once and however few are kept?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from underglass.views.remembered import Remembered


def test_a_kept_value_is_not_made_again_and_the_oldest_makes_room():
    made = []
    kept = Remembered(2)

    for key in (1, 2, 1, 3, 2, 1):
        assert kept.get(key, lambda key=key: made.append(key) or -key) == -key

    assert made == [1, 2, 3, 1]


def test_what_cannot_be_made_is_not_kept():
    kept = Remembered(1)

    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 / 0)

    assert kept.get("a", lambda: 1) == 1


def test_none_is_a_value_too():
    kept = Remembered(1)
    kept.get("a", lambda: None)

    assert kept.get("a", lambda: pytest.fail("it is kept")) is None


def test_room_that_others_make_takes_no_value_away_that_is_being_handed_on():
    """Others fill the memory while a value is made."""
    kept = Remembered(1)

    def crowded():
        for other in range(5):
            kept.get(("other", other), lambda: "theirs")
        return "mine"

    assert kept.get("a", crowded) == "mine"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: kept.get(n % 7, lambda: n % 7), range(2000)))
    assert found == [n % 7 for n in range(2000)]
