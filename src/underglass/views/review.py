"""Is this label right? One instance after the other, or many at once: the second step of correcting."""

from __future__ import annotations

from underglass.views.label_items import items, probabilities, spread
from underglass.views.label_session import annotators, session
from underglass.views.view import View
from underglass.wire import Card

VIEW = View(
    name="review",
    title="Review",
    group="labels",
    question="Is this label right?",
    card=Card(
        why="Only a person can say what a label should be. The ranking makes the look at few instances worth as much as at many.",
        who="Annotators and whoever checks them; several people can judge, each under a name.",
        what="The instances of a queue or a cell: picture or text, the label it has, the one the model advises, and all "
        "probabilities. Below, wrong labels fixed against instances inspected.",
        how="Keys: Enter confirms, R relabels as advised, 1 to 9 and 0 give a class, L any class, X excludes, U undoes, arrows "
        "move, Space marks several. The next instance comes at once; nothing asks twice, everything can be undone.",
        when="After Suspects has found something, or from any selection that looks mislabelled.",
        source="Classifier-guided correction: Bäuerle, Neumann, Ropinski 2020. Effort curves as in active cleaning; agreement: "
        "Cohen 1960.",
        limits="The model is not changed while one corrects. Advice sways: whoever sees it agrees more often than whoever does "
        "not. The line of random order is what a look at random instances would be expected to fix.",
    ),
    alone="holds one queue, by the active model's probabilities",
    calls={
        "items": items,
        "probabilities": probabilities,
        "spread": spread,
        "session": session,
        "annotators": annotators,
    },
    order=2,
    needs=("model", "labels"),
    props={
        "layout": "list or cluster",
        "everything": "true shows all instances, not the doubtful alone",
    },
    size=(12, 16),
)
