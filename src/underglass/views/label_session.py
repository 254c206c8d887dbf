"""How far is the correcting, and what did it cost? A person's own effort curve, and where annotators disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from underglass.analyses.label_effort import effort_curve, random_effort, session_curve
from underglass.views.label_judgements import OPEN, OUT, Judgements, judgements, states
from underglass.views.label_results import FoundIssues, current

if TYPE_CHECKING:
    from underglass.case import Case

Array = np.ndarray[Any, Any]
TRUTH = "true_label"
"""A column of class names that says which label is right, where a test was planted."""
MOST_POINTS = 400


class Known(TypedDict):
    """How the suspects compare with a known truth; counts of labelled, judged instances."""

    wrong: int
    found: int
    suspects: int
    right: int
    left: int


class Session(TypedDict):
    """One author's corrections since the labels were judged; curves are points (items, fixed)."""

    author: str
    inspected: int
    fixed: int
    curve: list[list[float]]
    random: float
    promised: list[list[float]]
    possible: list[list[float]] | None
    total: float
    suspects: int
    open: int


class Annotators(TypedDict):
    """Who judged how many instances; where two judged the same, how many they see differently."""

    authors: list[dict[str, Any]]
    shared: int
    disagreed: int
    kappa: float | None
    rows: list[dict[str, Any]]


def session(case: Case, author: str | None = None) -> Session | None:
    """The effort curve of one author, against random order and what the ranking promises; None before labels were judged."""
    found, who = current(case), author or case.author
    if found is None:
        return None
    done = judgements(case)
    mine = done.by.get(who, {})
    label = found.spread("label", -1, case.folder.manifest.instances)
    rows = [row for sequence, row in done.order.get(who, []) if sequence > found.meta["sequence"]]
    fixed = np.array([mine[row] != label[row] for row in rows if row in mine], bool)
    curve = session_curve(fixed).found
    score = np.nan_to_num(found.score.astype(np.float64))
    truth = known_wrong(case, found)
    total = float(score.sum()) if truth is None else float(truth.sum())
    span = int(max(len(fixed), len(found.suspects)))
    promised = np.concatenate([[0], np.sort(score)[::-1].cumsum()])[: span + 1]
    possible = None
    if truth is not None:
        place = {row: i for i, row in enumerate(found.rows.tolist())}
        possible = effort_curve([place[row] for row in found.order.tolist()], truth).found[: span + 1]
    opened = states(case)[found.suspects] == OPEN
    return Session(
        author=who,
        inspected=len(fixed),
        fixed=int(fixed.sum()),
        curve=_points(curve),
        random=float(random_effort(max(found.n, 1), 1)[1] * total),
        promised=_points(promised),
        possible=None if possible is None else _points(possible),
        total=total,
        suspects=len(found.suspects),
        open=int(opened.sum()),
    )


def annotators(case: Case) -> Annotators:
    """Everybody who judged labels, and the instances on which two of them do not agree."""
    done = judgements(case)
    shared, disagreed = done.shared, done.disagreed
    names = [*case.folder.manifest.classes, "", "", ""]
    ids = case.folder.instances["id"]
    listed = [
        {
            "row": row,
            "id": str(ids[row].as_py()),
            "says": {author: _word(code, names) for author, code in done.of(row).items()},
        }
        for row in disagreed[:200]
    ]
    return Annotators(
        authors=[{"name": name, "judged": len(rows)} for name, rows in done.by.items() if rows],
        shared=len(shared),
        disagreed=len(disagreed),
        kappa=agreement(done),
        rows=listed,
    )


def agreement(done: Judgements) -> float | None:
    """Cohen's kappa of the two authors who judged most of the same instances; None with fewer than two such instances.

    Source: Cohen 1960, "A Coefficient of Agreement for Nominal Scales".
    """
    authors = sorted(done.by, key=lambda name: -len(done.by[name]))
    best: tuple[int, list[tuple[int, int]]] = (0, [])
    for i, one in enumerate(authors):
        for other in authors[i + 1 :]:
            both = sorted(done.by[one].keys() & done.by[other].keys())
            if len(both) > best[0]:
                best = len(both), [(done.by[one][row], done.by[other][row]) for row in both]
    if best[0] < 2:
        return None
    pairs = np.array(best[1])
    seen = float((pairs[:, 0] == pairs[:, 1]).mean())
    chance = float(sum((pairs[:, 0] == code).mean() * (pairs[:, 1] == code).mean() for code in np.unique(pairs)))
    return None if chance >= 1 else (seen - chance) / (1 - chance)


def known_wrong(case: Case, found: FoundIssues) -> Array | None:
    """Whether each judged label was wrong when it was judged, (judged,) bool; None where the case knows no truth."""
    table = case.folder.instances
    if TRUTH not in table.column_names:
        return None
    code = {name: i for i, name in enumerate(case.folder.manifest.classes)}
    truth = np.array([code.get(str(name), -1) for name in table[TRUTH].take(found.rows).to_pylist()])
    label = found.arrays["label"]
    wrong: Array = (truth >= 0) & (label >= 0) & (truth != label)
    return wrong if (truth >= 0).any() else None


def known(case: Case, found: FoundIssues) -> Known | None:
    """How many wrong labels the suspects hold, how many right ones are accused, and how many wrong ones are left now."""
    wrong = known_wrong(case, found)
    if wrong is None:
        return None
    chosen = np.asarray(found.arrays["selected"])
    code = {name: i for i, name in enumerate(case.folder.manifest.classes)}
    truth = np.array([code.get(str(name), -1) for name in case.folder.instances[TRUTH].to_pylist()])
    now = case.labels()
    out = np.asarray(case.folder.journal.state().excluded)
    labelled = int((found.arrays["label"] >= 0).sum())
    return Known(
        wrong=int(wrong.sum()),
        found=int((wrong & chosen).sum()),
        suspects=int(chosen.sum()),
        right=labelled - int(wrong.sum()),
        left=int(((truth >= 0) & (now >= 0) & (truth != now) & ~out).sum()),
    )


def badge(case: Case) -> int | None:
    """How many suspects nobody has judged yet, for the rail; None while nothing was looked for."""
    if case.model is None:
        return None
    found = current(case)
    return None if found is None else int((states(case)[found.suspects] == OPEN).sum())


def _points(values: Array) -> list[list[float]]:
    """(items, value) at most so many, the last one always among them."""
    last = len(values) - 1
    if last < 0:
        return []
    places = np.unique(np.linspace(0, last, min(last + 1, MOST_POINTS)).round().astype(int))
    return [[int(i), round(float(values[i]), 4)] for i in places.tolist()]


def _word(code: int, names: list[str]) -> str:
    return "excluded" if code == OUT else "no label" if code < 0 else names[code]
