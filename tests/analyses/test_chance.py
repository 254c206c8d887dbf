"""Does the comparison with chance tell planted patterns from accidents?"""

import numpy as np
import pytest

from underglass.analyses.chance import above_chance, chance_patterns
from underglass.analyses.patterns import find_patterns


@pytest.fixture(scope="module")
def planted():
    random = np.random.default_rng(0)
    return (3 * random.random((12, 20)))[random.integers(0, 12, 600)] + 0.2 * random.standard_normal((600, 20))


def test_planted_patterns_are_above_chance(planted):
    patterns = find_patterns(planted)

    assert patterns.count >= 12
    assert above_chance(patterns, chance_patterns(planted))[:12].all()


def test_what_is_found_in_uniform_points_is_what_chance_finds():
    points = np.random.default_rng(0).random((1000, 2))

    patterns, chance = find_patterns(points), chance_patterns(points, seed=1)

    assert chance.count > 10
    assert chance.noise_share == pytest.approx(patterns.noise_share, abs=0.15)
    assert above_chance(patterns, chance).mean() < 0.1


def test_every_unit_keeps_its_values_and_parts_stay_together(planted, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "underglass.analyses.chance.find_patterns", lambda given, **_: seen.append(given) or find_patterns(planted)
    )
    both = np.stack([planted, 2 * planted], axis=1)

    chance_patterns(both)

    assert (seen[0][:, 1] == 2 * seen[0][:, 0]).all()
    assert (np.sort(seen[0][:, 0], axis=0) == np.sort(planted, axis=0)).all()
    assert (seen[0][:, 0] != planted).mean() > 0.9


def test_the_seed_and_the_settings_are_kept(planted):
    chance = chance_patterns(planted, seed=5, min_size=9)

    assert (chance.settings.seed, chance.settings.min_size) == (5, 9)
    assert chance.noise_share == chance_patterns(planted, seed=5, min_size=9).noise_share
