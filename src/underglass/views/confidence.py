"""How sure is the model, and is it as right as it is sure? Confidence as a histogram, accuracy by bin."""

from __future__ import annotations

from underglass.views.view import View
from underglass.wire import Card

VIEW = View(
    name="confidence",
    title="Confidence",
    group="case",
    question="How sure is the model?",
    card=Card(
        why="To find what the model is unsure of, and to see whether its confidence can be believed.",
        who="People who set thresholds, or who must tell others how far to trust a score.",
        what="The probability of the predicted class, in ten bins of .1, and the share of right predictions in each.",
        how="Brush bins to pick their instances. Below, a dot on the dotted line is as right as it is sure; "
        "under the line, the model is surer than it should be. The stroke is the 95 % interval.",
        when="Before choosing a threshold, and before reading single probabilities.",
        source="Reliability diagram: DeGroot and Fienberg 1983; Guo et al. 2017. Interval: Wilson 1927.",
        limits="Bins of fewer than 10 instances show their n in place of a dot. Accuracy is against the labels of this case.",
    ),
    props={},
    size=(4, 6),
    beside=True,
)
