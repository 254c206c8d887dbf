"""Does the demo of label correction hold the mistakes and copies that it says?"""

from __future__ import annotations

import numpy as np

from underglass.demos import fashion, labels


def test_a_hundred_labels_are_wrong_and_twelve_pictures_are_there_twice():
    shipped, made = fashion.make_dataset(), labels.make_dataset()
    code = {name: i for i, name in enumerate(fashion.CLASSES)}
    truth = np.array([code[name] for name in made.table["true_label"].to_pylist()])
    given = made.table["label"].to_numpy()

    np.testing.assert_array_equal(truth[:2000], shipped.table["label"].to_numpy())
    assert (given[:2000] != truth[:2000]).sum() == labels.FLIPS
    assert (given[2000:] != truth[2000:]).sum() == labels.COPIES // 2
    assert len(made) == 2000 + labels.COPIES
    split = np.array(made.table["split"].to_pylist())
    ids = made.table["id"].to_pylist()
    for row in range(2000, len(made)):
        original = ids.index(ids[row].removesuffix(" copy"))
        np.testing.assert_array_equal(made.load([row])[0], made.load([original])[0])
        assert (split[row] != split[original]) == (row >= 2006)


def test_it_is_the_same_every_time():
    assert labels.make_dataset().fingerprint == labels.make_dataset().fingerprint
