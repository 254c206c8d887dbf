"""What is in this case, and where is the model wrong? The first page: several views side by side."""

from __future__ import annotations

from underglass.views.view import View
from underglass.wire import Card

VIEW = View(
    name="overview",
    title="Overview",
    group="case",
    question="What is in this case, and where is the model wrong?",
    card=Card(
        why="To know within a minute what is in a case, how good its model is, and where it errs.",
        who="Everyone who opens the case.",
        what="Counts of labels, predictions, confidence and columns, over all instances that are shown.",
        how="Pick a bar, a cell or a range in any view: the others mark the same instances in blue. Crimson is wrong.",
        when="First; and again after every round of edits.",
        source="Linked views after North and Shneiderman 2000; confusion matrix with margins after Görtler et al. 2022, Neo.",
        limits="Counts say where the model errs, not why.",
    ),
    order=0,
    props={
        "column": "the column of its histogram",
        "size": "edge of the images in pixels",
    },
    size=(12, 17),
    beside=True,
)
