"""How is one column spread? A histogram of numbers, bars of categories, and what has no value."""

from __future__ import annotations

from underglass.views.view import View
from underglass.wire import Card

VIEW = View(
    name="column",
    title="Column",
    group="case",
    question="How is one column spread?",
    card=Card(
        why="To see how a column is spread, and which of its values the picked instances have.",
        who="Everyone.",
        what="Counts of the values of one column over all instances that are shown.",
        how="Brush bins or click bars to pick their instances. Blue is the picked part of each bar.",
        when="To look for a cause: do the errors share a value?",
        source="Histogram; brushing and linking after Becker and Cleveland 1987.",
        limits="At most 40 values are drawn, the commonest. Missing values are counted in the sentence, never drawn as zero.",
    ),
    props={
        "column": "the column that is counted",
    },
    size=(4, 5),
    beside=True,
)
