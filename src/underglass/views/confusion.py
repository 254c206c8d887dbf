"""Which labels are confused with which? A matrix of label against prediction, with its margins on it."""

from __future__ import annotations

from underglass.views.view import View
from underglass.wire import Card

VIEW = View(
    name="confusion",
    title="Confusion",
    group="case",
    question="Which labels are confused with which?",
    card=Card(
        why="To see which classes the model takes for which, before asking why.",
        who="People who build the model or must answer for it.",
        what="Counts of every pair of label and prediction. Rows are labels, columns are predictions.",
        how="The diagonal is right and stays white. Off it, the darker the cell, the larger the share of its label. "
        "Bars on the rims are the totals. Click a cell, a name or a bar to pick its instances; Shift adds cells.",
        when="First, and after relabelling: a pair of classes that only swaps places may be a fault of the labels.",
        source="Confusion matrix; margins on it after Görtler et al. 2022, Neo: Hierarchical Confusion Matrix Visualization.",
        limits="Above 20 labels only those in most errors are drawn. A label may be wrong itself.",
    ),
    props={},
    size=(8, 10),
    beside=True,
)
