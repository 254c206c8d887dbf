"""What do the selected look like? A strip of the picked instances, least confident first."""

from __future__ import annotations

from underglass.views.view import View
from underglass.wire import Card

VIEW = View(
    name="images",
    title="Images",
    group="case",
    question="What do the selected look like?",
    card=Card(
        why="To look at instances, not only at counts of them.",
        who="Everyone.",
        what="As many of the picked instances as two lines hold; while nothing is picked, of all that are shown.",
        how="Least confident first. A crimson corner: the prediction is not the label. Click to open one beside.",
        when="After every pick.",
        source="Instance panel of ActiVis: Kahng et al. 2017.",
        limits="What is drawn is the edge of the selection, not its average: open Instances to see all.",
    ),
    props={
        "size": "edge of the images in pixels",
    },
    size=(12, 5),
    beside=True,
)
