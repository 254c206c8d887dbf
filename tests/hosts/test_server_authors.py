"""Can several people sign their own edits over one server?"""

from __future__ import annotations

from hosts.serving_case import CLASSES


def test_an_edit_is_signed_by_who_the_page_says(client, case):
    client.post("api/edits", json={"op": "confirm", "rows": [1], "author": "jo"})
    client.post("api/edits", json={"op": "confirm", "rows": [2]})

    assert [edit.author for edit in case.folder.journal.edits()] == ["jo", case.author]


def test_undo_and_redo_are_the_authors_own(client, case):
    client.post("api/edits", json={"op": "tag", "rows": [1], "value": "mine", "author": "jo"})
    client.post("api/edits", json={"op": "tag", "rows": [2], "value": "yours"})

    assert client.get("api/case?author=jo").json()["edits"]["undo"] == "Undo: tagged 1 instance 'mine'"
    assert client.get("api/case").json()["edits"]["undo"] == "Undo: tagged 1 instance 'yours'"
    client.post("api/undo", json={"author": "jo"})
    assert sorted(case.folder.journal.state().tags) == ["yours"]
    assert client.post("api/undo", json={"author": "jo"}).json()["error"] == "there is nothing to undo"
    client.post("api/redo", json={"author": "jo"})
    assert sorted(case.folder.journal.state().tags) == ["mine", "yours"]


def test_an_author_that_is_no_name_is_refused(client, case):
    answer = client.post("api/edits", json={"op": "confirm", "rows": [1], "author": 3})
    assert (answer.status_code, answer.json()["error"]) == (400, "an author is a name")
    answer = client.post("api/edits", json={"op": "confirm", "rows": [1], "author": "x" * 500})
    assert answer.status_code == 400
    assert "1 to" in answer.json()["error"]
    assert case.folder.journal.edits() == []


def test_a_label_changed_by_somebody_else_since_is_refused(client, case):
    seen = CLASSES[case.labels()[3]]
    other = next(name for name in CLASSES if name != seen)
    client.post("api/edits", json={"op": "label", "rows": [3], "value": other, "author": "jo"})

    answer = client.post("api/edits", json={"op": "label", "rows": [3], "value": [seen], "seen": [seen]})

    assert answer.status_code == 400
    assert "have changed since you looked" in answer.json()["error"]
