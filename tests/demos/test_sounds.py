"""Does the demo of sounds hold the labels that were published, and what is known of them?"""

import numpy as np

from underglass.demos import open_demo
from underglass.views import associations as view


def test_the_demo_is_made_once_and_kept_with_its_edits(tmp_path):
    with open_demo("sounds", folder=tmp_path) as case:
        assert case.folder.manifest.instances == 15_069
        question = {"sources": view.offer(case)["sources"], "identities": view.offer(case)["begin"]}
        assert question["identities"] == ["background_music", "voice_over"]
        assert view.summary(case, question)["labels"] == 309
        found = case.associations(["background_music", "voice_over", "static_image"])
        assert found.identity_count.tolist() == [3055, 2985, 1622]
        assert found.label_count.sum() == 37_395
        assert (found.value("npmi_xy")[found.joint == 0] == -1).all()
        assert np.flatnonzero(found.joint[0] == 0).size == 11
        view.mark(case, question, "flag", [0])
    with open_demo("sounds", folder=tmp_path) as again:
        assert view.marks(again, question)["flagged"] == [0]
