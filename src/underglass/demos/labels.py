"""The demo of label correction: which of 100 planted mistakes among 2,000 labels are found, beside the real confusions?

The pictures and the network of the default demo. A seeded part of the labels is changed: half of them to the class the network
confuses most with theirs, half to any. The column ``true_label`` keeps what Fashion-MNIST says; the views compare with it, so
that a person sees what a ranking is worth. Twelve pictures are put in twice: six of the copies with another label, six in the
other split.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass import datasets
from underglass.demos import fashion

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.models.torch_model import TorchModel

LAYERS = fashion.LAYERS
POOLING = fashion.POOLING
FLIPS, COPIES, SEED = 100, 12, 6
LIKELY = (6, 3, 4, 6, 2, 7, 0, 5, 8, 7)
"""For each class the one it is most easily taken for."""

Array = np.ndarray[Any, Any]


def make() -> tuple[datasets.Instances, TorchModel]:
    """The pictures with planted mistakes, and the network of the default demo.

    Raises
    ------
    NotInstalled
        There is no torch.
    """
    return make_dataset(), fashion.make_model()


def make_dataset() -> datasets.Instances:
    """2,012 pictures: 2,000 with 100 labels changed, and 12 copies."""
    shipped = fashion.make_dataset()
    images = np.stack(shipped.load(range(len(shipped))))
    truth = shipped.table["label"].to_numpy()
    given, rows, split = plant(truth)
    names = np.array(fashion.CLASSES)
    ids = [f"{one}" for one in shipped.table["id"].to_pylist()]
    ids += [f"{ids[row]} copy" for row in rows[len(ids) :].tolist()]
    made = datasets.arrays(
        images[rows],
        given,
        classes=fashion.CLASSES,
        ids=ids,
        split=split.tolist(),
        metadata={"true_label": names[truth[rows]].tolist()},
    )
    return replace(made, description={**made.description, "title": "Fashion-MNIST test with 100 wrong labels planted"})


def plant(truth: Array) -> tuple[Array, Array, Array]:
    """Labels with mistakes, the rows they belong to (copies last), and a split, all (instances + 12,); seeded."""
    random = np.random.default_rng(SEED)
    given = truth.copy()
    wrong = random.choice(len(truth), FLIPS, replace=False)
    near, far = wrong[: FLIPS // 2], wrong[FLIPS // 2 :]
    given[near] = np.array(LIKELY)[truth[near]]
    given[near] = np.where(given[near] == truth[near], (truth[near] + 1) % 10, given[near])
    given[far] = (truth[far] + random.integers(1, 10, len(far))) % 10
    twice = random.choice(np.setdiff1d(np.arange(len(truth)), wrong), COPIES, replace=False)
    rows = np.concatenate([np.arange(len(truth)), twice])
    split = np.where(random.random(len(truth)) < 0.7, "valid", "test")
    copied = given[twice].copy()
    contradictory, leaking = slice(0, COPIES // 2), slice(COPIES // 2, COPIES)
    copied[contradictory] = (copied[contradictory] + 1) % 10
    sides = split[twice].copy()
    sides[leaking] = np.where(sides[leaking] == "valid", "test", "valid")
    return np.concatenate([given, copied]), rows, np.concatenate([split, sides])


def prepare(case: Case) -> None:
    """Look for wrong labels, so that the case opens with its suspects."""
    case.label_issues()
