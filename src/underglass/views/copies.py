"""Which instances are the same, and where do copies contradict each other or leak from one split into another?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.errors import DataError, unknown
from underglass.views.label_judgements import EXCLUDED, states
from underglass.views.label_results import FoundIssues, current, needed, splits
from underglass.views.view import View
from underglass.wire import Card

if TYPE_CHECKING:
    from underglass.case import Case

KINDS = ("contradictory", "leaks", "exact", "near")
MOST_GROUPS = 300
MOST_MEMBERS = 40


def summary(case: Case) -> dict[str, Any]:
    """How many copies there are, of which kind, and what was compared."""
    found = current(case)
    if found is None:
        return {"state": "missing"}
    if "pairs" not in found.arrays:
        return {"state": "impossible"}
    group = np.asarray(found.arrays["group"])
    facts = found.meta["duplicates"]
    inside = group[group >= 0]
    return {
        "state": "found",
        "n": found.n,
        "pairs": {kind: int(_of_kind(found, kind).sum()) for kind in KINDS},
        "groups": int(group.max(initial=-1)) + 1,
        "instances": len(inside),
        "redundant": len(inside) - len(np.unique(inside)),
        "threshold": facts["threshold"],
        "space": facts["space"],
        "advice": facts["advice"],
        "outliers": int(np.asarray(found.arrays["outlying"]).sum()) if "outlying" in found.arrays else None,
        "hard": max(20, found.n // 50),
    }


def groups(case: Case, kind: str = "contradictory") -> list[dict[str, Any]]:
    """Groups of copies with a pair of one kind, the nearest first; members as they are now.

    Parameters
    ----------
    case : Case
        With judged labels.
    kind : "contradictory" (other labels), "leaks" (other splits), "exact" or "near"
        Of the pairs.
    """
    if kind not in KINDS:
        raise DataError(unknown("kind of copies", kind, KINDS))
    found = needed(case)
    if "pairs" not in found.arrays:
        return []
    of_kind = _of_kind(found, kind)
    pairs, distance = found.arrays["pairs"][of_kind], found.arrays["pair/distance"][of_kind]
    place = np.full(case.folder.manifest.instances, -1, np.int64)
    place[found.rows] = np.arange(found.n)
    group = np.asarray(found.arrays["group"])
    seen: dict[int, float] = {}
    for (one, _), apart in zip(pairs.tolist(), distance.tolist(), strict=True):
        seen.setdefault(int(group[place[one]]), apart)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(int(group.max(initial=-1)) + 2))
    labels, state, classes = case.labels(), states(case), case.folder.manifest.classes
    ids = case.folder.instances["id"]
    exact = {tuple(pair) for pair in found.arrays["pairs"][np.asarray(found.arrays["pair/exact"])].tolist()}
    result = []
    for number, apart in list(seen.items())[:MOST_GROUPS]:
        members = found.rows[order[bounds[number] : bounds[number + 1]]]
        named = splits(case, members) or [None] * len(members)
        heads = [
            {"row": int(row), "exact": any((min(row, o), max(row, o)) in exact for o in members.tolist())} for row in members
        ]
        result.append(
            {
                "group": number,
                "distance": float(apart),
                "count": len(members),
                "members": [
                    {
                        **head,
                        "id": str(ids[head["row"]].as_py()),
                        "label": classes[labels[head["row"]]] if labels[head["row"]] >= 0 else None,
                        "split": split,
                        "excluded": bool(state[head["row"]] == EXCLUDED),
                    }
                    for head, split in list(zip(heads, named, strict=True))[:MOST_MEMBERS]
                ],
            }
        )
    return result


def spare(case: Case, kind: str = "exact") -> dict[str, Any]:
    """Instances that could be excluded while one of each group of copies stays, as a pick.

    Of a group that leaks the one in a test split goes last: what was trained on must not be tested on, so the copies in the
    test split are what is spare there.
    """
    rows: list[int] = []
    for group in groups(case, kind):
        members = [one for one in group["members"] if not one["excluded"]]
        if kind == "leaks":
            train = [one for one in members if str(one["split"]).lower() in ("train", "training")]
            rows += [one["row"] for one in members if one not in train] if train else [one["row"] for one in members[1:]]
        else:
            rows += [one["row"] for one in members[1:]]
    if not rows:
        raise DataError("no copy is spare: of each group one is left already.")
    return {"name": case.serving.make_pick(np.array(rows)), "count": len(rows)}


def _of_kind(found: FoundIssues, kind: str) -> np.ndarray[Any, Any]:
    exact = np.asarray(found.arrays["pair/exact"])
    if kind in ("exact", "near"):
        return exact if kind == "exact" else ~exact
    return np.asarray(found.arrays[f"pair/{kind}"])


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the groups of copies of every kind."""
    found = summary(case)
    yield "summary", {}, found
    if found["state"] == "found":
        for kind in KINDS:
            yield "groups", {"kind": kind}, groups(case, kind)


VIEW = View(
    name="copies",
    title="Copies",
    group="labels",
    question="Which instances are the same?",
    card=Card(
        why="A copy with another label is a wrong label somewhere; a copy in another split makes a test score too good.",
        who="Whoever collects data, and whoever reports a test score.",
        what="Groups of instances that are equal to the byte, or nearly equal in a layer: contradictory ones first, then those "
        "that lie in two splits. Beside them instances that are like no other, and those the model is torn about.",
        how="Give the copies of a group one label, or leave one of each out. Outliers and torn instances open in Review.",
        when="Before a split is made, before a score is reported.",
        source="Similarity errors: Bäuerle, Neumann, Ropinski 2020. Near: closer than a quarter of the usual distance to the "
        "nearest neighbour.",
        limits="Near in a layer is not the same picture: a layer may ignore what matters. The list stops at 200,000 pairs.",
    ),
    alone="shows the copies that were found together with the suspects of the active model",
    calls={"summary": summary, "groups": groups, "spare": spare},
    kept=kept_answers,
    order=3,
    needs=("model", "labels"),
    props={
        "kind": "which kind of copies",
    },
    size=(12, 12),
)
