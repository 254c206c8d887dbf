"""How are metrics, groups and rates called, so that a reader who is no statistician understands them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from underglass.analyses.confusion import DIRECTIONS, METRICS
from underglass.analyses.group_classes import MACRO
from underglass.analyses.group_errors import ERRORS

if TYPE_CHECKING:
    from underglass.case import Case
    from underglass.views.subgroup_audit import Audit

TITLES = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "specificity": "Specificity",
    "npv": "Negative predictive value",
    "fnr": "False negative rate",
    "fpr": "False positive rate",
    "fdr": "False discovery rate",
    "for": "False omission rate",
    "f1": "F1",
    "selection_rate": "Selection rate",
    "base_rate": "Base rate",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "mse": "Mean squared error",
    "mean_error": "Mean error",
    "r2": "R²",
}
ORDER = ("accuracy", "precision", "recall", "specificity", "npv", "fnr", "fpr", "fdr", "for", "f1", "selection_rate", "base_rate")
MEANINGS = {
    "accuracy": "right, of all",
    "precision": "truly {p}, of those predicted {p}",
    "recall": "predicted {p}, of those truly {p}",
    "specificity": "predicted {n}, of those truly {n}",
    "npv": "truly {n}, of those predicted {n}",
    "fnr": "predicted {n}, of those truly {p}",
    "fpr": "predicted {p}, of those truly {n}",
    "fdr": "truly {n}, of those predicted {p}",
    "for": "truly {p}, of those predicted {n}",
    "f1": "harmonic mean of precision and recall",
    "selection_rate": "predicted {p}, of all",
    "base_rate": "truly {p}, of all",
}
ABSENT = {
    "precision": "nobody is predicted {p}",
    "recall": "nobody is truly {p}",
    "specificity": "nobody is truly {n}",
    "npv": "nobody is predicted {n}",
    "fnr": "nobody is truly {p}",
    "fpr": "nobody is truly {n}",
    "fdr": "nobody is predicted {p}",
    "for": "nobody is predicted {n}",
    "f1": "nobody is or is predicted {p}",
}
OF_NUMBERS = {
    "mae": "how far off, on average",
    "rmse": "how far off, large errors weighing more",
    "mse": "square of the error, on average",
    "mean_error": "predicted minus true, on average; above 0 is too high",
    "r2": "share of the group's variance that is predicted",
}
ERROR_DIRECTIONS = {"mae": -1, "rmse": -1, "mse": -1, "mean_error": 0, "r2": 1}


def sides(audit: Audit) -> dict[str, str]:
    """The positive and the negative class in words."""
    if audit.focus is None:
        return {"p": "the class", "n": "another class"}
    positive = audit.classes[audit.focus]
    other = [name for name in audit.classes if name != positive]
    negative = other[0] if len(other) == 1 else f"not {positive}"
    return {"p": positive, "n": negative}


def metric_words(audit: Audit) -> list[dict[str, Any]]:
    """The metrics of an audit: name, title, what it means, when there is none, direction, whether it is a share."""
    if audit.task == "numbers":
        return [
            {
                "name": name,
                "title": TITLES[name],
                "means": OF_NUMBERS[name],
                "absent": "the group's true values do not vary" if name == "r2" else "too few instances",
                "direction": ERROR_DIRECTIONS[name],
                "share": False,
            }
            for name in ("mae", "rmse", "mean_error", "r2", "mse")
            if name in ERRORS
        ]
    words = sides(audit)
    known = METRICS if audit.task == "rates" else ("accuracy", *MACRO)
    return [
        {
            "name": name,
            "title": TITLES[name],
            "means": MEANINGS[name].format(**words)
            if audit.task == "rates" or name == "accuracy"
            else "mean over the classes that have it",
            "absent": ABSENT.get(name, "nobody is in the group").format(**words),
            "direction": DIRECTIONS[name],
            "share": True,
        }
        for name in ORDER
        if name in known
    ]


def group_name(values: Sequence[tuple[str, str]]) -> str:
    """A group's name, the same wherever it is shown.

    Examples
    --------
    >>> group_name([("race", "Other"), ("sex", "Male")])
    'race = Other, sex = Male'
    >>> group_name([])
    'everyone'
    """
    return ", ".join(f"{feature} = {value}" for feature, value in values) or "everyone"


def percent(value: float | None) -> str:
    """A share for a terminal or a report; a dash where there is none.

    Examples
    --------
    >>> percent(0.4251), percent(None), percent(0.001), percent(0.9999)
    ('43 %', '–', '0.1 %', '> 99.9 %')
    """
    if value is None:
        return "–"
    if value in (0.0, 1.0) or 0.01 <= value <= 0.99:
        return f"{100 * value:.0f} %"
    return "< 0.1 %" if value < 0.001 else "> 99.9 %" if value > 0.999 else f"{100 * value:.1f} %"


def plain(value: float | None) -> str:
    """A number for a terminal or a report."""
    return "–" if value is None else f"{value:,.3g}"


def counted(found: Mapping[str, Any], place: int) -> str:
    """What a rate is of: "177 of 924", and nothing where it is no quotient of counts."""
    count, of = found["count"], found["of"]
    return "" if count is None or of is None else f"{count[place]:,} of {of[place]:,}"


def rows_for_terminal(case: Case, most: int = 20) -> tuple[list[str], list[list[str]], str]:
    """The first groups of a case as a table: heads, rows, and what was left out."""
    from underglass.views.subgroups import groups, setup

    start = setup(case)
    by = start["by"]
    making = [{"by": [{"feature": name, "values": None} for name in by]}] if by else []
    found = groups(case, makings=making)
    shown = ["accuracy", "fpr", "fnr"] if start["task"] == "rates" else [one["name"] for one in found["metrics"][:3]]
    titles = {one["name"]: one for one in found["metrics"]}
    heads = ["group", "n", *(titles[name]["title"] for name in shown)]

    def cells(side: Mapping[str, Any], place: int) -> list[str]:
        told = []
        for name in shown:
            metric = side["metrics"][name]
            write = percent if titles[name]["share"] else plain
            value, low, high = (metric[end][place] for end in ("value", "low", "high"))
            parts = counted(metric, place)
            span = "" if low is None else f" ({write(low).removesuffix(' %')}–{write(high).removesuffix(' %')})"
            told.append(f"{write(value)}{span}" if value is not None else f"– ({parts or titles[name]['absent']})")
        return told

    everyone = [["everyone", f"{found['all']['size'][0]:,}", *cells(found["all"], 0)]]
    listed = found["groups"]
    order = sorted(range(len(listed["name"])), key=lambda place: -listed["size"][place])
    rows = [[listed["name"][place], f"{listed['size'][place]:,}", *cells(listed, place)] for place in order[:most]]
    small = sum(size < start["min_size"] for size in listed["size"])
    rest = [f"{len(order) - most:,} more groups in the browser"] if len(order) > most else []
    if small:
        rest.append(f"{small:,} of {len(order):,} groups have fewer than {start['min_size']} instances: their rates say little")
    return heads, everyone + rows, ". ".join(rest)
